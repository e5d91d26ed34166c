"""The counterexamples of a round before and after: what the old and the new version make of an image with a mask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import LabelMap, decode, encode
from madseg.core.masks import to_canonical
from madseg.core.preprocess import Box, Size
from madseg.core.taxonomy import VOID

if TYPE_CHECKING:
    from madseg.client import ChosenImage, Client, MaskTask, Version
    from madseg.client.values.rounds import Round


@dataclass(frozen=True)
class Repair:
    """An image of S with its accepted mask. `before` and `after` are mIoU with the mask over the classes of either,
    [0, 1]; None where the version has no map of it. The mask is a revision of a task; it and the maps are in their wire
    form on the canonical grid."""

    image_id: str
    rank: int
    mean: float | None
    main_class: str
    before: float | None
    after: float | None
    task_id: str
    revision: int
    mask: bytes = field(repr=False)
    old_map: bytes | None = field(repr=False)
    new_map: bytes | None = field(repr=False)


class Repairs:
    """The counterexamples of a round that have an accepted mask, best known first by their rank in S."""

    def __init__(self, client: "Client", found: "Round") -> None:
        self._client, self._round = client, found
        self._tasks = _accepted(client, found)
        chosen = _chosen(client, found) if self._tasks else ()
        self._chosen = [item for item in chosen if item.image_id in self._tasks]

    def __len__(self) -> int:
        return len(self._chosen)

    def part(self, start: int, count: int) -> list[Repair]:
        """Some of them; each costs two questions."""
        return [self._repair(item) for item in self._chosen[start : start + count]]

    def _repair(self, item: "ChosenImage") -> Repair:
        task, maps = self._tasks[item.image_id], self._maps(item.image_id)
        old = maps.get(self._round.target)
        new = maps.get(self._round.released) if self._round.released else None
        shown = old or new or next(iter(maps.values()), None)
        mask = self._mask(task, decode(shown) if shown else None)
        return Repair(
            item.image_id,
            item.rank,
            item.mean,
            item.main_class,
            _fit(mask, old),
            _fit(mask, new),
            task.id,
            task.accepted_revision,
            encode(mask),
            old,
            new,
        )

    def _maps(self, image_id: str) -> "Mapping[Version, bytes]":
        return {item.version: item.label_map for item in self._client.label_maps(image_id)}

    def _mask(self, task: "MaskTask", like: LabelMap | None) -> LabelMap:
        """On the grid of another map of the image; on its crop's own without."""
        drawn = decode(self._client.mask_revision(task.id, task.accepted_revision).label_map)
        crop = Box(task.crop.left, task.crop.top, task.crop.width, task.crop.height)
        grid = Size(like.height, like.width) if like else Size(crop.height, crop.width)
        return to_canonical(drawn, crop, grid)


def _accepted(client: "Client", found: "Round") -> "Mapping[str, MaskTask]":
    if not found.campaign_id:
        return {}
    tasks = client.mask_tasks(found.campaign_id, state="accepted", purpose="counterexample", page_size=1000)
    return {task.image_id: task for task in tasks}


def _chosen(client: "Client", found: "Round") -> "Sequence[ChosenImage]":
    return client.chosen_sets(found.campaign_id).counterexamples


def _fit(mask: LabelMap, content: bytes | None) -> float | None:
    """How well a map fits the mask; labels beyond the taxonomy don't occur in either."""
    return None if content is None else mean_iou(confusion(mask, decode(content), VOID))
