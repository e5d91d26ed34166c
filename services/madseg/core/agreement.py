"""How well raters agree: Krippendorff's alpha for ordered grades (Krippendorff 2011, "Computing alpha-reliability").

1 is agreement throughout, 0 what chance would give, below 0 less than that. Grades that are missing are left out, so
raters need not have seen the same images.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def alpha(grades: Sequence[Mapping[str, int]]) -> float | None:
    """Krippendorff's alpha, ordinal; per image the grades by rater.

    None where it isn't defined: no image has two grades, or all grades are the same.
    """
    pairable = [list(given.values()) for given in grades if len(given) > 1]
    values = sorted({grade for given in pairable for grade in given})
    if len(values) < 2:
        return None
    counts = np.array([[given.count(value) for value in values] for given in pairable], np.float64)
    raters = counts.sum(1)
    # Each image gives its ordered pairs of grades, weighted so that it counts as often as it has grades.
    coincidences = (counts.T / (raters - 1)) @ counts - np.diag((counts.T / (raters - 1)).sum(1))
    totals = coincidences.sum(1)
    distance = _ordinal(totals)
    observed = float((coincidences * distance).sum())
    expected = float((np.outer(totals, totals) * distance).sum()) / (totals.sum() - 1)
    found: float = 1 - observed / expected
    return found


def _ordinal(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances of grades: how many of the grades given lie between two, half of the two themselves."""
    below = np.cumsum(totals)
    middle = below - totals / 2
    found: NDArray[np.float64] = (middle[:, None] - middle[None, :]) ** 2
    return found
