"""Every version on every test set: what is counted once per mask and version, and kept (Wang et al. 2022, Table 1).

A mask is brought from the original's grid to the canonical one by the geometry on record, and each stored label map of
its image is counted against it. What has been counted stays, so a figure changes only where its set does.
"""

import json
import threading
import time
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from madseg.client import ContestState, MaskPurpose, MaskTask, MaskTaskState, Run, Version
from madseg.core.confusion import confusion, mean_iou
from madseg.core.errors import NotFound
from madseg.core.label_map import LabelMap, decode
from madseg.core.masks import to_canonical
from madseg.core.preprocess import Box, Size
from madseg.core.rounds import Outcome
from madseg.ports import Database
from madseg.rounds import rounds
from madseg.rounds.neighbours import Neighbours
from madseg.rounds.tables import IMAGES, RESULTS, SETS, VERSIONS

log = structlog.get_logger("madseg.rounds")

LANE = 0
"""Stands for the random lane where a round's number stands for its T."""

FRESH_SECONDS = 2.0
"""How long the neighbours aren't asked again for an answer that somebody waits for."""

AGAIN_SECONDS = 60.0
"""After which an image is looked at again that lacked a version's map."""

CHUNK = 200
"""Masks asked for in one query."""


@dataclass(frozen=True, slots=True)
class Held:
    """An image of a test set and the task whose accepted mask it is held against."""

    image_id: str
    task: MaskTask

    @property
    def mask(self) -> str:
        """Names the mask for ever."""
        return f"{self.task.id}/{self.task.accepted_revision}"


@dataclass(frozen=True, slots=True)
class Set:
    """A test set as it stands: its images that have an accepted mask, and how many were vetoed since the draw."""

    images: Sequence[Held]
    vetoed: int


class Evaluator:
    """Keeps results up to date. `classes` is how many the taxonomy has. Thread-safe; one works at a time."""

    def __init__(self, database: Database, neighbours: Neighbours, classes: int) -> None:
        self._database, self._neighbours, self._classes = database, neighbours, classes
        self._lock, self._refreshed = threading.Lock(), dict[str, float]()
        self._lacking: dict[str, tuple[frozenset[Version], float]] = {}

    def refresh(self, model: str, *, whole: bool = False) -> None:
        """Counts what is new for a target: masks, versions. `whole`: also what was looked for in vain a moment ago.

        Raises:
            Unavailable: a neighbour doesn't answer; what was counted so far is kept.
        """
        with self._lock:
            if not whole and time.monotonic() - self._refreshed.get(model, -FRESH_SECONDS) < FRESH_SECONDS:
                return
            if whole:
                self._lacking.clear()
            self._learn_lineage(model)
            self._count(model)
            self._refreshed[model] = time.monotonic()

    def hold(self, images: Sequence[Held], versions: Collection[Version]) -> dict[str, dict[Version, float]]:
        """mIoU of versions on images with masks, by image id, counting what is new; where a version has a map.

        An image that was forgotten meanwhile isn't among them.

        Raises:
            Unavailable: a neighbour doesn't answer; what was counted so far is kept.
        """
        wanted = frozenset(versions)
        with self._lock:
            there = self._counted(images, wanted)
        of_mask = {item.mask: item.image_id for item in there}
        found: dict[str, dict[Version, float]] = {item.image_id: {} for item in there}
        columns = (RESULTS.c.mask, RESULTS.c.model, RESULTS.c.version, RESULTS.c.mean_iou)
        with self._database.snapshot() as tx:
            for row in _in_chunks(tx, columns, list(of_mask)):
                if (version := Version(row.model, row.version)) in wanted:
                    found[of_mask[row.mask]][version] = row.mean_iou
        return found

    def _count(self, model: str) -> None:
        versions = self._versions(model)
        for number, found in self._sets(model).items():
            self._keep_set(model, number, found)
            there = self._counted(found.images, versions)
            if len(there) < len(found.images):
                self._keep_set(model, number, replace(found, images=there))

    def _counted(self, images: Sequence[Held], versions: frozenset[Version]) -> list[Held]:
        """Counts what is new; the images without those that were forgotten since somebody listed them."""
        known, there = self._known([item.mask for item in images]), []
        for item in images:
            try:
                self._count_image(item, versions - known.get(item.mask, set()))
                there.append(item)
            except NotFound as error:
                log.warning("image_left_out", image_id=item.image_id, mask=item.mask, reason=str(error))
        return there

    def _versions(self, model: str) -> frozenset[Version]:
        """Versions whose maps are there: of all contests of the target that aren't only beginning."""
        contests = [item for item in self._neighbours.contests() if item.target.model == model]
        begun = [item for item in contests if item.state is not ContestState.FILLING or item.compared]
        return frozenset(version for item in begun for version in (item.target, item.competitor))

    def _sets(self, model: str) -> dict[int, Set]:
        """T by the number of its round, and the random lane."""
        with self._database.snapshot() as tx:
            chosen = {item.number: item for item in rounds.of_model(tx, model) if item.campaign_id}
        tests = _accepted(self._neighbours.tasks(purpose=MaskPurpose.TEST))
        found = {number: self._reported(item, tests) for number, item in chosen.items()}
        tasks = self._neighbours.tasks(purpose=MaskPurpose.RANDOM_LANE)
        lane, back = _accepted(tasks), {item.image_id for item in tasks if item.state is MaskTaskState.SENT_BACK}
        return {**found, LANE: Set([Held(image, task) for image, task in sorted(lane.items())], len(back - set(lane)))}

    def _reported(self, found: rounds.Round, tests: Mapping[str, MaskTask]) -> Set:
        """The part of T that is reported, which late vetoes change."""
        try:
            drawn = self._neighbours.chosen(found.campaign_id).test
        except NotFound:
            return Set((), 0)  # nothing is chosen yet
        reported = [item.image_id for item in drawn if item.reported]
        # What wasn't drawn has left the T of a round that was cancelled; nobody vetoed it.
        vetoed = 0 if found.outcome is Outcome.CANCELLED else max(0, found.test - len(drawn))
        return Set([Held(item, tests[item]) for item in reported if item in tests], vetoed)

    def _keep_set(self, model: str, number: int, found: Set) -> None:
        wanted = {item.image_id: item.mask for item in found.images}
        with self._database.snapshot() as tx:
            there, vetoed = _kept_set(tx, model, number)
        if (there, vetoed) == (wanted, found.vetoed):
            return
        changed = sorted(image for image in there if there[image] != wanted.get(image))
        if changed:
            log.info("test_set_changed", model=model, round=number, images=changed)
        rows = [{"image_id": image, "mask": mask} for image, mask in wanted.items()]
        with self._database.write() as tx:
            for table in (IMAGES, SETS):
                tx.execute(delete(table).where(table.c.model == model, table.c.round == number))
            tx.execute(insert(SETS).values(model=model, round=number, vetoed=found.vetoed))
            if rows:
                tx.execute(insert(IMAGES).values(model=model, round=number), rows)

    def _known(self, masks: Sequence[str]) -> dict[str, set[Version]]:
        found: dict[str, set[Version]] = {}
        with self._database.snapshot() as tx:
            for row in _in_chunks(tx, (RESULTS.c.mask, RESULTS.c.model, RESULTS.c.version), masks):
                found.setdefault(row.mask, set()).add(Version(row.model, row.version))
        return found

    def _count_image(self, item: Held, missing: Collection[Version]) -> None:
        """Raises NotFound where image or mask is gone."""
        looked = self._lacking.get(item.mask)
        now = time.monotonic()
        if not missing or (looked and looked[0] >= frozenset(missing) and now - looked[1] < AGAIN_SECONDS):
            return
        maps = {version: data for version, data in self._neighbours.maps(item.image_id).items() if version in missing}
        lacking = frozenset(missing) - maps.keys()
        if lacking:
            self._lacking[item.mask] = (lacking, now)
        if maps:
            truth = decode(self._neighbours.mask(item.task.id, item.task.accepted_revision))
            self._store([self._row(item, truth, version, decode(data)) for version, data in sorted(maps.items())])

    def _row(self, item: Held, truth: LabelMap, version: Version, said: LabelMap) -> dict[str, Any]:
        crop = Box(item.task.crop.left, item.task.crop.top, item.task.crop.width, item.task.crop.height)
        held = to_canonical(truth, crop, Size(said.height, said.width))
        counted = confusion(held, said, self._classes)
        return {
            "mask": item.mask,
            "model": version.model,
            "version": version.version,
            "confusion": packed(counted),
            "mean_iou": mean_iou(counted),
        }

    def _store(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._database.write() as tx:
            there = _in_chunks(tx, (RESULTS.c.mask, RESULTS.c.model, RESULTS.c.version), [rows[0]["mask"]])
            known = {(row.mask, row.model, row.version) for row in there}
            fresh = [row for row in rows if (row["mask"], row["model"], row["version"]) not in known]
            if fresh:
                tx.execute(insert(RESULTS), fresh)

    def _learn_lineage(self, model: str) -> None:
        """What versions were trained on, and their figures on T0-report, from the runs that released them."""
        runs = self._neighbours.released(model)
        with self._database.snapshot() as tx:
            there = {row.version for row in tx.execute(select(VERSIONS.c.version).where(VERSIONS.c.model == model))}
        if all(run.released is not None and run.released.version in there for run in runs):
            return
        tasks = self._neighbours.tasks(purpose=MaskPurpose.COUNTEREXAMPLE)
        rows = lineage(model, runs, tasks)
        with self._database.write() as tx:
            tx.execute(delete(VERSIONS).where(VERSIONS.c.model == model))
            tx.execute(insert(VERSIONS), rows)


def lineage(model: str, runs: Iterable[Run], tasks: Sequence[MaskTask]) -> list[dict[str, Any]]:
    """Rows of a target's versions from the runs that released them, oldest first."""
    trained: dict[int, set[str]] = {}
    reports: dict[int, str] = {}
    for run in runs:
        parent, made = Version.of(run.plan.target).version, run.released.version if run.released else 0
        # A mask that was sent back after it was learned from still counts; one that never was accepted taught nothing.
        drawn = (item for item in tasks if item.campaign_id in run.plan.campaign_ids and item.accepted_revision)
        learned = {item.image_id for item in drawn}
        trained[made] = trained.setdefault(parent, set()) | learned
        if run.before is not None:
            reports.setdefault(parent, json.dumps(asdict(run.before)))
        if run.after is not None:
            reports[made] = json.dumps(asdict(run.after))
    return [
        {"model": model, "version": version, "report": reports.get(version), "trained": json.dumps(sorted(images))}
        for version, images in trained.items()
    ]


def packed(counted: NDArray[np.int64]) -> bytes:
    """A confusion as it is kept."""
    return zlib.compress(counted.astype("<u4").tobytes())


def unpacked(data: bytes, classes: int) -> NDArray[np.int64]:
    """(classes, classes) int64 confusion of what is kept."""
    return np.frombuffer(zlib.decompress(data), "<u4").reshape(classes, classes).astype(np.int64)


def _kept_set(tx: Connection, model: str, number: int) -> tuple[dict[str, str], int]:
    rows = tx.execute(select(IMAGES).where(IMAGES.c.model == model, IMAGES.c.round == number))
    vetoed = tx.execute(select(SETS.c.vetoed).where(SETS.c.model == model, SETS.c.round == number)).scalar()
    return {row.image_id: row.mask for row in rows}, vetoed or 0


def _accepted(tasks: Iterable[MaskTask]) -> dict[str, MaskTask]:
    done = [item for item in tasks if item.state is MaskTaskState.ACCEPTED and item.accepted_revision]
    return {item.image_id: item for item in done}


def _in_chunks(tx: Connection, columns: Sequence[Any], masks: Sequence[str]) -> Iterable[Any]:
    for at in range(0, len(masks), CHUNK):
        yield from tx.execute(select(*columns).where(RESULTS.c.mask.in_(masks[at : at + CHUNK])))
