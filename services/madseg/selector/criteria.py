"""Everything that decides what a discrepancy means and which images count."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from madseg.core.candidates import criteria_id
from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric
from madseg.core.label_maps import LabelMaps
from madseg.core.preprocess import Size, grid_id
from madseg.core.taxonomy import VOID, Taxonomy


@dataclass(frozen=True)
class Criteria:
    """The project's taxonomy, canonical grid, metric and content constraint."""

    taxonomy: Taxonomy
    grid: Size
    constraint: ContentConstraint
    min_class_share: float = 0.0

    @cached_property
    def metric(self) -> Metric:
        """How two label maps are compared."""
        return Metric(len(self.taxonomy), self.min_class_share)

    def refusals(self, maps: LabelMaps) -> dict[int, str]:
        """Why a map can't be used, by its number: no label map, not on the grid, labels outside the taxonomy."""
        classes, grid = self.metric.classes, (self.grid.height, self.grid.width)
        bad = (maps.counts < 0) | (maps.sizes != grid).any(1) | maps.areas[:, classes:VOID].any(1)
        return {number: self._refusal(maps, number) for number in np.flatnonzero(bad).tolist()}

    def _refusal(self, maps: LabelMaps, number: int) -> str:
        broken = maps.problem(number)
        if broken is not None:
            return f"the label map is broken: {broken}"
        height, width = maps.sizes[number].tolist()
        if (height, width) != (self.grid.height, self.grid.width):
            return f"the label map is {height}x{width}, the grid {self.grid}"
        largest = int(np.flatnonzero(maps.areas[number, :VOID])[-1])
        return f"label {largest} is outside taxonomy {self.taxonomy.name!r} of {self.metric.classes} classes"

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits; cuts with equal ids can be compared."""
        return criteria_id(self.taxonomy, grid_id(self.grid), self.metric, self.constraint)
