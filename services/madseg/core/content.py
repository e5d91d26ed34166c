"""The content constraint: an image counts for class k only where k takes a usual share of the picture.

The paper bounds the share by the first and third quartile of "the k-th category sizes of the training images",
taken over the training masks that contain k (section 3.1); counting absences as zero would put
the third quartile at zero for nearly every class. The authors' code takes mean +- one population standard deviation,
clipped to the smallest and largest. Both are here, as shares of the grid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from madseg.core.errors import InvalidInput

MIN_MASKS = 20
"""Fewest masks that contain a class for its bounds to mean something; below, the class is not constrained."""


class Method(StrEnum):
    """How the bounds of a class follow from the shares it takes in the training masks."""

    QUARTILES = "quartiles"
    DEVIATION = "deviation"


@dataclass(frozen=True)
class ContentConstraint:
    """Bounds [low, high] of the area share per label, both ends included; labels without bounds are free."""

    bounds: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for label, (low, high) in self.bounds.items():
            if not 0 <= low <= high <= 1:
                raise InvalidInput(f"bounds of label {label} must have 0 <= low <= high <= 1, got {low}, {high}")

    def admits(self, label: int, share: float) -> bool:
        """True where an area share in (0, 1] of the label counts."""
        low, high = self.bounds.get(label, (0.0, 1.0))
        return low <= share <= high

    @property
    def id(self) -> str:
        """Names the constraint in criteria ids: equal constraints have equal ids."""
        return ";".join(f"{label}:{low!r}..{high!r}" for label, (low, high) in sorted(self.bounds.items()))


@dataclass(frozen=True)
class Learned:
    """A constraint learnt from masks, with how many masks contained each label and what was left free."""

    constraint: ContentConstraint
    masks: Mapping[int, int]
    free: tuple[int, ...]


def learn(
    areas: Iterable[Mapping[int, float]], labels: Iterable[int], method: Method, min_masks: int = MIN_MASKS
) -> Learned:
    """Learns the constraint of `labels` from the area shares of training masks.

    Each item of `areas` maps the labels that one mask contains to their share of the grid in (0, 1].
    Labels that fewer than `min_masks` masks contain stay free.
    """
    wanted = sorted(labels)
    shares: dict[int, list[float]] = {label: [] for label in wanted}
    for mask in areas:
        for label, share in mask.items():
            if label in shares:
                shares[label].append(share)
    bounds = {label: _bounds(found, method) for label, found in shares.items() if len(found) >= max(1, min_masks)}
    counts = {label: len(found) for label, found in shares.items()}
    return Learned(ContentConstraint(bounds), counts, tuple(label for label in wanted if label not in bounds))


def _bounds(shares: list[float], method: Method) -> tuple[float, float]:
    if method is Method.QUARTILES:
        low, high = np.quantile(shares, [0.25, 0.75])
        return float(low), float(high)
    mean, deviation = float(np.mean(shares)), float(np.std(shares))
    return max(min(shares), mean - deviation), min(max(shares), mean + deviation)
