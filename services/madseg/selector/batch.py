"""The records of one transaction, folded into rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, delete, select, tuple_
from zstandard import ZstdCompressor

from madseg.core.discrepancy import compare
from madseg.core.label_maps import decode_all
from madseg.core.messages import ImageFacts, Prediction, PredictionFailure, PredictionsMade
from madseg.selector.bulk import Row, insert_rows
from madseg.selector.criteria import Criteria
from madseg.selector.enter import Entering, Entrant
from madseg.selector.layout import Layout, version_id
from madseg.selector.offsets import new_numbers
from madseg.selector.packing import pack_maps
from madseg.selector.stored import image_row, joined, set_versions, split, stored_maps, tally
from madseg.selector.tables import BANS, FAILURES, IMAGES, MAPS
from madseg.selector.upsert import insert_absent

log = structlog.get_logger("madseg.selector")

MAX_REASON = 500
"""Characters of a failure's reason that are kept."""


@dataclass(slots=True)
class _Image:
    """What is stored of an image, before and after the batch. `before` is None for one not seen until now."""

    number: int
    key: bytes
    facts: ImageFacts
    random_lane: bool
    stored: set[int]
    failed: set[int]
    before: tuple[str, str] | None

    @property
    def versions(self) -> tuple[str, str]:
        """The columns `stored` and `failed`."""
        return joined(self.stored), joined(self.failed)


@dataclass(slots=True)
class _Said:
    """What one record newly says of an image: versions, and what each said; `map` is its place among the maps."""

    image: _Image
    outcomes: list[tuple[int, Prediction | PredictionFailure, int]]


class Batch:
    """Folds the events of one partition. `entering` has the pairs and leaders that came of it."""

    def __init__(
        self, tx: Connection, topic: str, partition: int, layout: Layout, criteria: Criteria, compressor: ZstdCompressor
    ) -> None:
        self._tx, self._topic, self._partition = tx, topic, partition
        self._layout, self._criteria, self._compressor = layout, criteria, compressor
        self._images: dict[str, _Image] = {}
        self._wires: list[bytes] = []
        self._places: dict[tuple[int, int], int] = {}
        """Of image number and version: where its stored map is among the wires."""
        self._map_rows: list[Row] = []
        self._failures: dict[tuple[int, int], str] = {}
        self._healed: list[tuple[int, int]] = []
        self._contests = [(contest, {contest.target_id, contest.competitor_id}) for contest in layout.contests.values()]
        self._met: dict[int, list[tuple[Entrant, int, int]]] = {contest.id: [] for contest, _ in self._contests}
        """Per contest, the images that both sides have now, and the places of their maps."""
        self.entering = Entering(tx, partition, criteria.grid.pixels)

    def absorb(self, events: Sequence[PredictionsMade]) -> None:
        """Makes all events durable, as far as the transaction is. Those of expired images are passed over."""
        events = [event for event in events if not self._layout.expired(event.image)]
        self._load(events)
        said = [self._read(image, event) for event in events if (image := self._images.get(event.image.image_id))]
        self._read_stored(said)
        maps = decode_all(self._wires)
        refused = self._criteria.refusals(maps)
        for record in said:
            self._fold(record, refused)
        for contest, _ in self._contests:
            if met := self._met[contest.id]:
                images, targets, competitors = zip(*met, strict=True)
                compared = compare(maps, targets, competitors, self._criteria.metric, contest.known)
                self.entering.enter(contest, images, compared)
        self._write()

    @property
    def new_images(self) -> int:
        """How many images were seen for the first time."""
        return sum(image.before is None for image in self._images.values())

    def _load(self, events: Sequence[PredictionsMade]) -> None:
        """Loads what is stored of the events' images, and numbers the new ones. Banned images are left out."""
        facts: dict[bytes, ImageFacts] = {}
        for event in events:
            facts.setdefault(bytes.fromhex(event.image.image_id), event.image)
        for row in self._tx.execute(select(BANS.c.image_id).where(BANS.c.image_id.in_(facts))):
            del facts[row.image_id]
        columns = (IMAGES.c.number, IMAGES.c.image_id, IMAGES.c.random_lane, IMAGES.c.stored, IMAGES.c.failed)
        for row in self._tx.execute(select(*columns).where(IMAGES.c.image_id.in_(facts))):
            known = facts.pop(row.image_id)
            self._images[known.image_id] = _Image(
                number=row.number,
                key=row.image_id,
                facts=known,
                random_lane=row.random_lane,
                stored=split(row.stored),
                failed=split(row.failed),
                before=(row.stored, row.failed),
            )
        numbers = new_numbers(self._tx, self._topic, self._partition, len(facts)) if facts else ()
        for number, (key, new) in zip(numbers, facts.items(), strict=True):
            self._images[new.image_id] = _Image(number, key, new, new.random_lane, set(), set(), None)

    def _read(self, image: _Image, event: PredictionsMade) -> _Said:
        """What isn't stored yet, with its wire forms put beside the others'."""
        said = _Said(image, [])
        for outcome in event.outcomes:
            version = version_id(self._tx, self._layout, outcome.version)
            if version not in image.stored:
                said.outcomes.append((version, outcome, len(self._wires)))
                if isinstance(outcome, Prediction):
                    self._wires.append(outcome.label_map)
        return said

    def _read_stored(self, said: Sequence[_Said]) -> None:
        """Puts the maps that are stored of images with new ones beside these."""
        met = {
            record.image.number
            for record in said
            if record.image.stored and any(isinstance(outcome, Prediction) for _, outcome, _ in record.outcomes)
        }
        for number, maps in stored_maps(self._tx, met).items():
            for version, (content, _) in maps.items():
                self._places[number, version] = len(self._wires)
                self._wires.append(content)

    def _fold(self, said: _Said, refused: Mapping[int, str]) -> None:
        """Stores what is a usable map, the first of each version, and notes the failure of what isn't."""
        image = said.image
        new: list[tuple[int, Prediction]] = []
        for version, outcome, place in said.outcomes:
            if version in image.stored:
                continue
            if isinstance(outcome, Prediction) and place not in refused:
                new.append((version, outcome))
                self._places[image.number, version] = place
                self._store(image, version)
            elif version not in image.failed:
                image.failed.add(version)
                self._failures[image.number, version] = self._reason(image, outcome, refused.get(place))[:MAX_REASON]
        if new:
            self._keep_maps(image, new)
            self._meet(image, {version for version, _ in new})

    def _reason(self, image: _Image, outcome: Prediction | PredictionFailure, refusal: str | None) -> str:
        if isinstance(outcome, PredictionFailure):
            return outcome.reason
        where = {"image": image.facts.image_id, "version": str(outcome.version)}
        log.warning("label_map_refused", **where, reason=refusal)
        return refusal or ""

    def _store(self, image: _Image, version: int) -> None:
        image.stored.add(version)
        if version in image.failed:
            image.failed.discard(version)
            if self._failures.pop((image.number, version), None) is None:
                self._healed.append((image.number, version))

    def _keep_maps(self, image: _Image, new: Sequence[tuple[int, Prediction]]) -> None:
        content = pack_maps(
            [prediction.label_map for _, prediction in new],
            [prediction.mean_entropy for _, prediction in new],
            self._compressor,
        )
        versions = [version for version, _ in new]
        part = min(versions)  # unique, as a version is stored once
        self._map_rows.append((image.number, part, ",".join(map(str, versions)), content))

    def _meet(self, image: _Image, fresh: set[int]) -> None:
        """Notes the contests whose second side has just come."""
        entrant = Entrant(image.number, image.key, image.random_lane)
        for contest, sides in self._contests:
            if not sides.isdisjoint(fresh) and sides <= image.stored:
                target, competitor = (image.number, contest.target_id), (image.number, contest.competitor_id)
                self._met[contest.id].append((entrant, self._places[target], self._places[competitor]))

    def _write(self) -> None:
        moves = []
        fresh: list[Row] = []
        changed: list[tuple[int, str, str]] = []
        for image in self._images.values():
            versions = image.versions
            if image.before is None:
                fresh.append(image_row(image.number, image.facts, versions))
            elif versions != image.before:
                changed.append((image.number, *versions))
            if versions != image.before:
                moves.append((image.before, versions))
        insert_rows(self._tx, IMAGES, fresh)
        set_versions(self._tx, changed)
        insert_rows(self._tx, MAPS, self._map_rows)
        if self._healed:
            here = tuple_(FAILURES.c.number, FAILURES.c.version_id)
            self._tx.execute(delete(FAILURES).where(here.in_(self._healed)))
        failures = self._failures.items()
        insert_absent(
            self._tx, FAILURES, [{"number": n, "version_id": version, "reason": why} for (n, version), why in failures]
        )
        tally(self._tx, self._partition, moves)
        self.entering.write()
