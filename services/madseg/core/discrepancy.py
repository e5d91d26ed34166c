"""The discrepancy of two label maps and what a contest keeps of an image (Wang et al. 2022, equations 2 and 3).

The paper defines the discrepancy by mIoU and then takes its argmax; the most *different* images are wanted,
so here d = 1 - mIoU. It is symmetric: computed once, it serves both roles of a contest.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madseg.core.confusion import confusion, mean_iou
from madseg.core.errors import InvalidInput
from madseg.core.label_map import LabelMap
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


@dataclass(frozen=True, slots=True)
class Compared:
    """An image in one contest.

    `discrepancy` is 1 - mIoU in [0, 1]; the area vectors map a label to its pixels in that side's map,
    for the labels present there, void left out, ascending.
    """

    discrepancy: float
    target_areas: dict[int, int]
    competitor_areas: dict[int, int]


def compare(target: LabelMap, competitor: LabelMap, metric: Metric, known: NDArray[np.uint8] | None = None) -> Compared:
    """Compares two label maps of one size.

    `known` is the (256,) uint8 table of `known_table`; None where both networks know every class.

    Raises:
        InvalidLabelMap: the sizes differ.
    """
    if known is not None:
        target, competitor = target.masked(known), competitor.masked(known)
    matrix = confusion(target, competitor, metric.classes)
    miou = mean_iou(matrix, metric.min_pixels(target.height * target.width))
    return Compared(1.0 - miou, target.present, competitor.present)


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
