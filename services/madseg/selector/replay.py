"""Takes versions over the images that are in already: finds those that lack one, and has the predictor asked.

A *sweep* takes one version over the images of one partition, in the order of their numbers. Its cursor moves after
its requests are durable, so a kill repeats some of them; the first stored prediction wins, so that costs computing and
nothing else. It goes by what is lacking and never ends: images that came in before every predictor had learnt of the
version are found when the cursor gets to them. Versions are taken one at a time, in the order of their announcement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, tuple_, update

from madseg.core.messages import PredictionRequested, VersionRef, checked_image_id
from madseg.events import PREDICTIONS_REQUESTED, event
from madseg.ports import Database, Stream
from madseg.selector.contests import Tallies, tallies
from madseg.selector.criteria import Criteria
from madseg.selector.offsets import first_number, numbers
from madseg.selector.replay_progress import asked, lacking, mark
from madseg.selector.stored import facts_of, joined, split
from madseg.selector.tables import IMAGES, SWEEPS
from madseg.selector.upsert import insert_absent
from madseg.wire import encode_request

PIECE = 256
"""Images requested between two moves of a cursor."""

AHEAD = 2048
"""Requests that may wait for the predictor: a minute's work or more, and little to do again after a kill."""

LEASE_MICROS = 60_000_000
"""How long a process may take to publish a piece before another one does it too."""

Request = Callable[[Sequence[PredictionRequested]], None]
"""Makes requests durable."""


def requester(stream: Stream, topic: str) -> Request:
    """Publishes requests to a topic."""

    def request(events: Sequence[PredictionRequested]) -> None:
        stream.publish(
            [event(PREDICTIONS_REQUESTED, topic, item.image.image_id, encode_request(item)) for item in events]
        )

    return request


@dataclass(frozen=True, slots=True)
class Piece:
    """The next images of a sweep: it stands at `cursor`, and at `end` once `requests` are durable.

    Until `leased_until`, in microseconds since the epoch, nobody else does it.
    """

    version_id: int
    partition: int
    cursor: int
    end: int
    requests: tuple[PredictionRequested, ...]
    leased_until: int


class Replay:
    """Does one piece at each call. `waiting` tells how many requests the predictor has yet to work off.

    `clock` gives microseconds since the epoch. Processes may do this side by side: each leases the piece it is at.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        criteria: Criteria,
        request: Request,
        waiting: Callable[[], int],
        clock: Callable[[], int],
    ) -> None:
        self._database, self._topic, self._criteria = database, topic, criteria
        self._request, self._waiting, self._clock = request, waiting, clock
        self._leased: Piece | None = None
        """What is under way, or what a failed call left to do."""

    def __call__(self) -> bool:
        """True where there may be more to do at once.

        Raises:
            Unavailable: the next call goes on where this one failed.
        """
        if self._leased is None:
            self._leased = self._next()
        if self._leased is None:
            return False
        if self._leased.requests:
            self._request(self._leased.requests)
        self._move(self._leased)
        self._leased = None
        return True

    def _next(self) -> Piece | None:
        """The next piece, leased; None where there is none, or the predictor has enough to do."""
        now = self._clock()
        mark(self._database, self._criteria, now)
        with self._database.snapshot() as tx:
            piece = next_piece(tx, self._topic, self._criteria, now)
        if piece is None or (piece.requests and self._waiting() >= AHEAD):
            return None
        return piece if self._lease(piece, now) else None

    def _lease(self, piece: Piece, now: int) -> bool:
        """False where another process is at it or has done it."""
        begin = first_number(piece.partition) - 1
        row = {"version_id": piece.version_id, "partition": piece.partition, "cursor": begin, "leased_until": 0}
        with self._database.write(beside=True) as tx:
            insert_absent(tx, SWEEPS, [row])
            free = update(SWEEPS).where(_at(piece), SWEEPS.c.leased_until <= now)
            return tx.execute(free.values(leased_until=piece.leased_until)).rowcount == 1

    def _move(self, piece: Piece) -> None:
        """Changes nothing where the sweep was taken back meanwhile, or another process has taken over."""
        with self._database.write(beside=True) as tx:
            ours = update(SWEEPS).where(_at(piece), SWEEPS.c.leased_until == piece.leased_until)
            tx.execute(ours.values(cursor=piece.end, leased_until=0))


def next_piece(tx: Connection, topic: str, criteria: Criteria, now: int) -> Piece | None:
    """The piece that is due: of the first version that lacks anything, in the partition that it has got least far in.

    Needs a transaction whose statements see one state. Costs a few small queries where nothing lacks.
    """
    counts = tallies(tx)
    for ref, number in asked(tx, criteria).items():
        if not lacking(counts, number):
            continue
        rows = {row.partition: row for row in tx.execute(select(SWEEPS).where(SWEEPS.c.version_id == number))}
        unseen = [
            (cursor - given.start, partition, cursor, given.stop - 1)
            for partition, given in numbers(tx, topic).items()
            if (cursor := rows[partition].cursor if partition in rows else given.start - 1) < given.stop - 1
        ]
        free = [item for item in unseen if item[1] not in rows or rows[item[1]].leased_until <= now]
        if free:
            _, partition, cursor, head = min(free)
            requests, end = _lacking(tx, ref, number, range(cursor + 1, head + 1), counts)
            return Piece(number, partition, cursor, end, requests, now + LEASE_MICROS)
        if unseen:  # others are at the rest of it
            return None
    return None


def requests_for(
    tx: Connection, criteria: Criteria, image_ids: Sequence[str], *, failed_too: bool
) -> tuple[list[PredictionRequested], list[str]]:
    """What these images lack, with `failed_too` also what failed, and the ids that nothing is known of."""
    versions = asked(tx, criteria)
    wanted = {bytes.fromhex(checked_image_id(image_id)): image_id for image_id in image_ids}
    found = []
    for row in tx.execute(select(IMAGES).where(IMAGES.c.image_id.in_(wanted))):
        del wanted[row.image_id]
        settled = split(row.stored) if failed_too else split(row.stored) | split(row.failed)
        lacks = tuple(ref for ref, number in versions.items() if number not in settled)
        if lacks:
            found.append(PredictionRequested(facts_of(row), lacks))
    return found, list(wanted.values())


def _lacking(
    tx: Connection, ref: VersionRef, number: int, among: range, counts: Tallies
) -> tuple[tuple[PredictionRequested, ...], int]:
    """Requests for the first images among some numbers that lack a version, and the last number looked at."""
    without = [(joined(stored), joined(failed)) for stored, failed, _ in counts if number not in stored | failed]
    query = select(IMAGES).where(IMAGES.c.number >= among.start, IMAGES.c.number < among.stop)
    query = query.where(tuple_(IMAGES.c.stored, IMAGES.c.failed).in_(without))
    rows = tx.execute(query.order_by(IMAGES.c.number).limit(PIECE)).all()
    end = rows[-1].number if len(rows) == PIECE else among.stop - 1
    return tuple(PredictionRequested(facts_of(row), (ref,)) for row in rows), end


def _at(piece: Piece) -> ColumnElement[Any]:
    """The sweep's row, as long as it stands where the piece begins."""
    place = (SWEEPS.c.version_id == piece.version_id) & (SWEEPS.c.partition == piece.partition)
    return place & (SWEEPS.c.cursor == piece.cursor)
