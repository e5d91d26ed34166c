"""How far each version has come over the images that are in, and how fast it gets on."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from madseg.core.messages import VersionRef
from madseg.ports import Database
from madseg.selector.contests import Tallies, tallies
from madseg.selector.criteria import Criteria
from madseg.selector.layout import load_versions
from madseg.selector.tables import SWEEP_MARKS
from madseg.selector.upsert import insert_absent

MINUTE_MICROS = 60_000_000
"""The time over which a rate is told."""

MARK_MICROS = 5_000_000
"""Time between two marks."""


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """A version that images lack: how many have its map, its failure, and neither.

    `rate` is how many images it catches up on per second; None while that isn't known.
    """

    version: VersionRef
    stored: int
    failed: int
    missing: int
    rate: float | None

    @property
    def seconds_left(self) -> float | None:
        """Until none is missing; None where it doesn't get on."""
        return self.missing / self.rate if self.rate else None


def asked(tx: Connection, criteria: Criteria) -> dict[VersionRef, int]:
    """The versions that take part and can be asked, with their ids, in the order of their announcement."""
    ids, competition = load_versions(tx)
    wanted = competition.asked(criteria.taxonomy.id, criteria.grid)
    return {ref: number for ref, number in ids.items() if ref in wanted}


def lacking(counts: Tallies, version_id: int) -> int:
    """How many images have neither a map nor a failure of a version."""
    return sum(images for stored, failed, images in counts if version_id not in stored | failed)


def replays(tx: Connection, criteria: Criteria, now: int) -> list[ReplayProgress]:
    """The versions that images lack, in the order in which they are taken over the images.

    `now` in microseconds since the epoch.
    """
    counts = tallies(tx)
    return [
        ReplayProgress(
            version=ref,
            stored=sum(images for stored, _, images in counts if number in stored),
            failed=sum(images for _, failed, images in counts if number in failed),
            missing=missing,
            rate=_rate(tx, number, missing, now),
        )
        for ref, number in asked(tx, criteria).items()
        if (missing := lacking(counts, number))
    ]


def mark(database: Database, criteria: Criteria, now: int) -> None:
    """Notes how many images lack each version, unless that was noted lately. Costs a few small queries."""
    with database.snapshot() as tx:
        counts = tallies(tx)
        missing = {number: left for number in asked(tx, criteria).values() if (left := lacking(counts, number))}
        newest = tx.execute(select(func.max(SWEEP_MARKS.c.taken_at))).scalar_one()
    if not missing or (newest is not None and now < newest + MARK_MICROS):
        return
    with database.write(beside=True) as tx:
        tx.execute(delete(SWEEP_MARKS).where(SWEEP_MARKS.c.taken_at < now - MINUTE_MICROS))
        rows = [{"version_id": number, "taken_at": now, "missing": left} for number, left in missing.items()]
        insert_absent(tx, SWEEP_MARKS, rows)


def _rate(tx: Connection, number: int, missing: int, now: int) -> float | None:
    """Images a second that the version caught up on since the oldest mark of the last minute."""
    marks = select(SWEEP_MARKS.c.taken_at, SWEEP_MARKS.c.missing).where(SWEEP_MARKS.c.version_id == number)
    lately = marks.where(SWEEP_MARKS.c.taken_at >= now - MINUTE_MICROS, SWEEP_MARKS.c.taken_at < now)
    oldest = tx.execute(lately.order_by(SWEEP_MARKS.c.taken_at).limit(1)).one_or_none()
    if oldest is None:
        return None
    caught_up: float = (oldest.missing - missing) * 1e6 / (now - oldest.taken_at)
    return max(0.0, caught_up)
