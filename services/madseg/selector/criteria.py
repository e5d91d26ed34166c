"""Everything that decides what a discrepancy means and which images count."""

from dataclasses import dataclass
from functools import cached_property

from madseg.core.candidates import criteria_id
from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric
from madseg.core.errors import InvalidLabelMap
from madseg.core.label_map import LabelMap
from madseg.core.preprocess import Size, grid_id
from madseg.core.taxonomy import Taxonomy


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

    def check(self, label_map: LabelMap) -> None:
        """Refuses a label map that isn't on the grid or holds labels outside the taxonomy.

        Raises:
            InvalidLabelMap: says which.
        """
        if (label_map.height, label_map.width) != (self.grid.height, self.grid.width):
            raise InvalidLabelMap(f"the label map is {label_map.height}x{label_map.width}, the grid {self.grid}")
        largest = label_map.largest_label()
        if largest >= self.metric.classes:
            name = self.taxonomy.name
            raise InvalidLabelMap(f"label {largest} is outside taxonomy {name!r} of {self.metric.classes} classes")

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits; cuts with equal ids can be compared."""
        return criteria_id(self.taxonomy, grid_id(self.grid), self.metric, self.constraint)
