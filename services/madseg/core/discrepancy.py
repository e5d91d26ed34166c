"""The discrepancy of two label maps and what a contest keeps of an image (Wang et al. 2022, equations 2 and 3).

The paper defines the discrepancy by mIoU and then takes its argmax; the most *different* images are wanted,
so here d = 1 - mIoU. It is symmetric: computed once, it serves both roles of a contest.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput, InvalidLabelMap
from madseg.core.label_maps import LabelMaps, discrepancies
from madseg.core.taxonomy import VOID


@dataclass(frozen=True)
class Metric:
    """How two label maps are compared.

    `classes` is the number of classes of the taxonomy.
    `min_class_share` in [0, 1) is the share of the grid that a class must take, in the union of both maps,
    to count in the mean. 0, the paper's behaviour, lets a single stray pixel of an extra class
    pull the mean IoU of two otherwise equal maps down to about 0.5.
    """

    classes: int
    min_class_share: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_class_share < 1:
            raise InvalidInput(f"min_class_share must be in [0, 1), got {self.min_class_share}")

    @property
    def id(self) -> str:
        """Names the metric in criteria ids and in the database."""
        return f"miou/{self.min_class_share!r}"

    def min_pixels(self, pixels: int) -> int:
        """Smallest union, in pixels of a grid of `pixels`, that counts; at least 1."""
        return max(1, math.ceil(self.min_class_share * pixels))


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """P images in one contest.

    `discrepancy` is (P,) float64: 1 - mIoU in [0, 1]. The areas are (P, classes) int32: pixels of each label in that
    side's map, 0 for what either network of the contest doesn't know.
    """

    discrepancy: NDArray[np.float64]
    target_areas: NDArray[np.int32]
    competitor_areas: NDArray[np.int32]


def compare(
    maps: LabelMaps,
    target: Sequence[int],
    competitor: Sequence[int],
    metric: Metric,
    known: NDArray[np.uint8] | None = None,
) -> Compared:
    """Compares pairs of label maps: numbers of the targets' maps, and of the competitors', in `maps`.

    `known` is the (256,) uint8 table of `known_table`; None where both networks know every class.

    Raises:
        InvalidLabelMap: the maps aren't all of one size.
    """
    first, second = np.array(target, np.int64), np.array(competitor, np.int64)
    sizes = maps.sizes[np.concatenate([first, second])]
    if (sizes != sizes[:1]).any():
        found = " and ".join(f"{height} x {width}" for height, width in np.unique(sizes, axis=0).tolist())
        raise InvalidLabelMap(f"label maps to compare must have one size, got {found}")
    pixels = math.prod(sizes[0].tolist()) if len(sizes) else 0
    labels = np.arange(metric.classes)
    kept = labels if known is None else labels[known[labels] == labels]

    def areas(numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        found = np.zeros((len(numbers), metric.classes), np.int32)
        found[:, kept] = maps.areas[numbers][:, kept]
        return found

    discrepancy = discrepancies(maps, first, second, metric.classes, metric.min_pixels(pixels), known)
    return Compared(discrepancy, areas(first), areas(second))


def known_table(target: Iterable[int], competitor: Iterable[int], classes: int) -> NDArray[np.uint8] | None:
    """The table that turns what either network of a contest doesn't know into void, or None where nothing does.

    `target` and `competitor` are the labels that each network covers.
    """
    both = sorted(set(target) & set(competitor))
    if both == list(range(classes)):
        return None
    table = np.full(256, VOID, np.uint8)
    table[both] = both
    return table
