"""What a mask is begun from: nothing, or what models say, with the places where they disagree.

Masks for T, the random lane and contests measure the models, so none of these may have a hand in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from madseg.core.counterexamples import majority
from madseg.core.disagreement import disagreements
from madseg.core.errors import Forbidden, InvalidInput, NotFound
from madseg.core.label_map import LabelMap, decode, encode
from madseg.core.masks import box_to_original, empty, to_original
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Box, Size
from madseg.labelling.masking import tasks
from madseg.labelling.masking.tasks import Task
from madseg.labelling.neighbours import Neighbours
from madseg.labelling.scoring.standing import COUNTEREXAMPLE
from madseg.ports import Database

EMPTY, TARGET, COMPETITOR, MAJORITY = "empty", "target", "competitor", "majority"
"""What a mask may be begun from."""

MAX_REGIONS = 100
"""Regions of disagreement that are told, the largest."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A label map in wire form and regions of disagreement, largest first, both on the original's grid."""

    label_map: bytes
    disagreements: tuple[Box, ...] = ()


def beginning(
    database: Database, neighbours: Neighbours, task_id: str, start: str, competitor: VersionRef | None
) -> Beginning:
    """What a mask is begun from; "": the target's map for S where there is one, else nothing.

    Raises:
        NotFound: no such task, or no such label map.
        Forbidden: the mask is for T, the random lane or a contest and has to be begun empty.
        InvalidInput: the start takes a competitor and there is none, or the task has no target.
    """
    with database.snapshot() as tx:
        found = tasks.task(tx, task_id)
        first = tasks.task(tx, found.first_id) if found.first_id else found
    if first.purpose != COUNTEREXAMPLE:
        if start not in ("", EMPTY):
            raise Forbidden(
                "masks for T, the random lane and contests are begun empty: no model may have a hand in them"
            )
        return Beginning(_empty(found))
    stored = neighbours.label_maps(found.image_id)
    maps = _newest(stored, found.target)
    places = _disagreements(found, maps)
    if start == EMPTY or (start == "" and (found.first_id or found.target not in maps)):
        return Beginning(_empty(found), places)
    if start == MAJORITY:
        begun = _majority(found, maps)
    else:
        begun = _stored(found, stored, _asked(found, stored, start, competitor))
    return Beginning(encode(to_original(begun, found.size, found.crop)), places)


def _majority(found: Task, maps: Mapping[VersionRef, LabelMap]) -> LabelMap:
    if not maps:
        raise NotFound(f"no model has a label map of image {found.image_id}")
    return majority(list(maps.values()))


def _asked(found: Task, stored: Mapping[VersionRef, bytes], start: str, competitor: VersionRef | None) -> VersionRef:
    """Whose map is asked for. Version 0 is the newest."""
    if start != COMPETITOR:
        if found.target is None:
            raise InvalidInput("this task has no target: begin from majority, a competitor or empty", field="start")
        return found.target
    if competitor is None:
        raise InvalidInput("which competitor's map? Name its model, and its version or 0", field="competitor")
    newest = max((ref for ref in stored if ref.model == competitor.model), default=competitor)
    return competitor if competitor.version else newest


def _stored(found: Task, stored: Mapping[VersionRef, bytes], wanted: VersionRef) -> LabelMap:
    if wanted not in stored:
        raise NotFound(f"there is no label map of image {found.image_id} by {wanted}")
    return decode(stored[wanted])


def _newest(maps: Mapping[VersionRef, bytes], target: VersionRef | None) -> dict[VersionRef, LabelMap]:
    """One map of each model: its newest, but for the target's, of which the version is told."""
    newest: dict[str, VersionRef] = {}
    for ref in sorted(maps):
        if target is None or ref.model != target.model or ref == target:
            newest[ref.model] = ref
    return {ref: decode(maps[ref]) for ref in newest.values()}


def _disagreements(found: Task, maps: Mapping[VersionRef, LabelMap]) -> tuple[Box, ...]:
    if len(maps) < 2:
        return ()
    dense = [item.dense() for item in maps.values()]
    grid = Size(*dense[0].shape)
    return tuple(box_to_original(box, grid, found.crop) for box in disagreements(dense, MAX_REGIONS))


def _empty(found: Task) -> bytes:
    return encode(empty(found.size, found.crop, found.background))
