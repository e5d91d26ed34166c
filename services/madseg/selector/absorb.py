"""From prediction records to rows, exactly once: maps, pairs, rankings and the offset move in one transaction.

The first stored prediction of an image by a version wins; a failure gives way to a prediction that comes later.
So the rows depend on what was predicted, not on order, duplicates or restarts.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection, delete, select, tuple_, update
from zstandard import ZstdCompressor

from madseg.core.discrepancy import compare
from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import LabelMap, decode
from madseg.core.messages import ImageFacts, Prediction, PredictionFailure, PredictionsMade
from madseg.ports import Database, Record
from madseg.runtime import Handler
from madseg.selector.bulk import Row, insert_rows
from madseg.selector.criteria import Criteria
from madseg.selector.enter import Entering
from madseg.selector.layout import Contest, Layout, load_layout, version_id
from madseg.selector.offsets import advance, counter, next_offset
from madseg.selector.packing import compressor, pack_maps, unpack_maps
from madseg.selector.tables import BANS, FAILURES, IMAGES, MAPS, TALLIES
from madseg.selector.upsert import insert_absent, upsert
from madseg.wire import decode_predictions

log = structlog.get_logger("madseg.selector")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_REASON = 500
"""Characters of a failure's reason that are kept."""


class Absorb(Handler):
    """Handles the records of the predictions topic.

    `chores` runs between batches, in the worker's thread: what keeps the caches in shape.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        criteria: Criteria,
        capacity: int,
        chores: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._topic, self._criteria, self._capacity = database, topic, criteria, capacity
        self._chores = chores
        self._compressor = compressor()
        self._layout: tuple[int, Layout] | None = None
        self.absorbed = threading.Event()
        """Set after every batch; whoever waits for changes clears it."""

    def handle(self, records: Sequence[Record]) -> None:
        partition = records[0].partition
        events = [(record.offset, decode_predictions(record.value)) for record in records if record.value is not None]
        try:
            with self._database.write() as tx:
                start = next_offset(tx, self._topic, partition)
                if records[-1].offset < start:
                    return
                layout = self._current_layout(tx)
                batch = Batch(tx, layout, self._criteria, partition, self._compressor)
                batch.absorb([event for offset, event in events if offset >= start])
                batch.entering.trim(self._capacity)
                advance(tx, self._topic, partition, records[-1].offset + 1)
        except BaseException:
            self._layout = None  # what it counted was rolled back
            raise
        self.absorbed.set()

    def skip(self, record: Record) -> None:
        with self._database.write() as tx:
            advance(tx, self._topic, record.partition, record.offset + 1)

    def idle(self) -> None:
        self._chores()

    def _current_layout(self, tx: Connection) -> Layout:
        number = counter(tx, "layout")
        if self._layout is None or self._layout[0] != number:
            self._layout = number, load_layout(tx, self._criteria)
        return self._layout[1]


@dataclass(slots=True)
class _Image:
    """What is stored of an image, before and after the batch. `before` is None for one not seen until now."""

    facts: ImageFacts
    random_lane: bool
    stored: set[int]
    failed: set[int]
    before: tuple[str, str] | None

    @property
    def key(self) -> tuple[str, str]:
        """The columns `stored` and `failed`."""
        return joined(self.stored), joined(self.failed)


class Batch:
    """The records of one transaction, folded into rows."""

    def __init__(
        self, tx: Connection, layout: Layout, criteria: Criteria, shard: int, compressor: ZstdCompressor
    ) -> None:
        self._tx, self._layout, self._criteria, self._shard = tx, layout, criteria, shard
        self._compressor = compressor
        self._images: dict[str, _Image] = {}
        self._decoded: dict[tuple[str, int], LabelMap] = {}
        self._map_rows: list[Row] = []
        self._failure_rows: dict[tuple[str, int], str] = {}
        self._healed: list[tuple[bytes, int]] = []
        self.entering = Entering(tx, shard, criteria.grid.pixels)

    def absorb(self, events: Sequence[PredictionsMade]) -> None:
        """Makes all events durable, as far as the transaction is."""
        banned = self._load_images(events)
        for event in events:
            if event.image.image_id not in banned:
                self._fold(event)
        self._write()

    def _load_images(self, events: Sequence[PredictionsMade]) -> set[str]:
        """Loads what is stored of the events' images, and returns those that are banned for ever."""
        keys = {bytes.fromhex(event.image.image_id) for event in events}
        banned = {
            row.image_id.hex() for row in self._tx.execute(select(BANS.c.image_id).where(BANS.c.image_id.in_(keys)))
        }
        facts = {event.image.image_id: event.image for event in events}
        rows = self._tx.execute(
            select(IMAGES.c.image_id, IMAGES.c.random_lane, IMAGES.c.stored, IMAGES.c.failed).where(
                IMAGES.c.image_id.in_(keys)
            )
        )
        for row in rows:
            image_id = row.image_id.hex()
            before = (row.stored, row.failed)
            self._images[image_id] = _Image(
                facts[image_id], row.random_lane, split(row.stored), split(row.failed), before
            )
        return banned

    def _fold(self, event: PredictionsMade) -> None:
        facts = event.image
        image = self._images.get(facts.image_id)
        if image is None:
            image = self._images[facts.image_id] = _Image(facts, facts.random_lane, set(), set(), None)
        new: list[tuple[int, Prediction]] = []
        for outcome in event.outcomes:
            number = version_id(self._tx, self._layout, outcome.version)
            if number in image.stored:
                continue
            reason = self._refusal(facts.image_id, number, outcome)
            if reason is None and isinstance(outcome, Prediction):
                new.append((number, outcome))
                self._store(image, number)
            elif number not in image.failed:
                image.failed.add(number)
                self._failure_rows[facts.image_id, number] = (reason or "")[:MAX_REASON]
        if new:
            self._keep_maps(image, new)
            self._pair(image, {number for number, _ in new})

    def _refusal(self, image_id: str, number: int, outcome: Prediction | PredictionFailure) -> str | None:
        """Why an outcome is no usable label map; otherwise keeps the decoded map and returns None."""
        if isinstance(outcome, PredictionFailure):
            return outcome.reason
        try:
            label_map = decode(outcome.label_map)
            check(label_map, self._criteria)
        except InvalidLabelMap as error:
            log.warning("label_map_refused", image=image_id, version=str(outcome.version), reason=str(error))
            return str(error)
        self._decoded[image_id, number] = label_map
        return None

    def _store(self, image: _Image, number: int) -> None:
        image.stored.add(number)
        if number in image.failed:
            image.failed.discard(number)
            if self._failure_rows.pop((image.facts.image_id, number), None) is None:
                self._healed.append((bytes.fromhex(image.facts.image_id), number))

    def _keep_maps(self, image: _Image, new: Sequence[tuple[int, Prediction]]) -> None:
        maps = [prediction.label_map for _, prediction in new]
        entropies = [prediction.mean_entropy for _, prediction in new]
        numbers = [number for number, _ in new]
        content = pack_maps(maps, entropies, self._compressor)
        part = min(numbers)  # unique, as a version is stored once
        self._map_rows.append((bytes.fromhex(image.facts.image_id), part, ",".join(map(str, numbers)), content))

    def _pair(self, image: _Image, new: set[int]) -> None:
        """Compares the image in every contest that one of the new maps completes."""
        for contest in self._layout.contests.values():
            sides = {contest.target_id, contest.competitor_id}
            if sides & new and sides <= image.stored:
                self._compare(image, contest)

    def _compare(self, image: _Image, contest: Contest) -> None:
        image_id = image.facts.image_id
        target = self._label_map(image_id, contest.target_id)
        competitor = self._label_map(image_id, contest.competitor_id)
        compared = compare(target, competitor, self._criteria.metric, contest.known)
        self.entering.enter(bytes.fromhex(image_id), image.random_lane, contest, compared)

    def _label_map(self, image_id: str, number: int) -> LabelMap:
        """A map of this batch, or one stored earlier."""
        if (image_id, number) not in self._decoded:
            for version, content in stored_maps(self._tx, bytes.fromhex(image_id)).items():
                self._decoded.setdefault((image_id, version), decode(content[0]))
        return self._decoded[image_id, number]

    def _write(self) -> None:
        changed = [image for image in self._images.values() if image.key != image.before]
        fresh = [image for image in changed if image.before is None]
        insert_rows(self._tx, IMAGES, [image_row(image.facts, image.key) for image in fresh])
        for image in changed:
            if image.before is not None:
                stored, failed = image.key
                where = IMAGES.c.image_id == bytes.fromhex(image.facts.image_id)
                self._tx.execute(update(IMAGES).where(where).values(stored=stored, failed=failed))
        insert_rows(self._tx, MAPS, self._map_rows)
        if self._healed:
            self._tx.execute(
                delete(FAILURES).where(tuple_(FAILURES.c.image_id, FAILURES.c.version_id).in_(self._healed))
            )
        insert_absent(self._tx, FAILURES, self._failures())
        tally(self._tx, self._shard, ((image.before, image.key) for image in changed))
        self.entering.write()

    def _failures(self) -> list[dict[str, object]]:
        return [
            {"image_id": bytes.fromhex(image_id), "version_id": number, "reason": reason}
            for (image_id, number), reason in self._failure_rows.items()
        ]


def check(label_map: LabelMap, criteria: Criteria) -> None:
    """Refuses a label map that isn't on the project's grid or holds labels outside its taxonomy.

    Raises:
        InvalidLabelMap: says which.
    """
    if (label_map.height, label_map.width) != (criteria.grid.height, criteria.grid.width):
        raise InvalidLabelMap(f"the label map is {label_map.height}x{label_map.width}, the grid {criteria.grid}")
    largest = label_map.largest_label()
    if largest >= len(criteria.taxonomy):
        raise InvalidLabelMap(
            f"label {largest} is outside taxonomy {criteria.taxonomy.name!r} of {len(criteria.taxonomy)} classes"
        )


def stored_maps(tx: Connection, image_id: bytes) -> dict[int, tuple[bytes, float | None]]:
    """The stored maps of an image in their wire form and their mean entropies, by version id."""
    found: dict[int, tuple[bytes, float | None]] = {}
    for row in tx.execute(select(MAPS.c.versions, MAPS.c.content).where(MAPS.c.image_id == image_id)):
        found.update(zip(sorted_as_stored(row.versions), zip(*unpack_maps(row.content), strict=True), strict=True))
    return found


def sorted_as_stored(versions: str) -> list[int]:
    """Version ids of a row of `maps`, in the order of its maps."""
    return [int(part) for part in versions.split(",")]


def image_row(facts: ImageFacts, key: tuple[str, str]) -> Row:
    """The row of `images`; the 64-bit hash as the signed number that databases have."""
    hashed = facts.perceptual_hash
    return (
        bytes.fromhex(facts.image_id),
        None if hashed is None else hashed - (1 << 64) * (hashed >> 63),
        facts.source,
        int(facts.captured_at.timestamp() * 1_000_000),
        json.dumps(dict(facts.tags), sort_keys=True) if facts.tags else "",
        facts.random_lane,
        *key,
    )


def tally(tx: Connection, shard: int, moves: Iterable[tuple[tuple[str, str] | None, tuple[str, str] | None]]) -> None:
    """Moves images between the tallies of their version sets; None is nowhere."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for before, after in moves:
        if before is not None:
            counts[before] -= 1
        if after is not None:
            counts[after] += 1
    rows = [
        {"shard": shard, "stored": stored, "failed": failed, "images": images}
        for (stored, failed), images in counts.items()
        if images
    ]
    upsert(tx, TALLIES, rows, update=(), add=("images",))


def joined(numbers: set[int]) -> str:
    """Version ids as a column: ascending, by commas."""
    return ",".join(map(str, sorted(numbers)))


def split(text: str) -> set[int]:
    """What `joined` joined."""
    return {int(part) for part in text.split(",")} if text else set()
