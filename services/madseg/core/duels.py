"""A competition of any number of models where they disagree most (Yan et al. 2021, section 3; Wang et al. 2022, 4.3).

Each pair is judged on the images that it chose itself, in both roles, by mIoU against the truth.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from madseg.core.comparison import global_ranking, rank_correlation

LEAST = 1e-3
"""A mean mIoU below this counts as this: a model with nothing right isn't infinitely weaker than another."""

Floats = NDArray[np.float64]
Pair = tuple[int, int]
"""Numbers of two models, the smaller first."""


def strengths(figures: Mapping[Pair, tuple[Floats, Floats]], models: int) -> Floats | None:
    """(M,) float64, summing to 1: how strong each model is; None while a pair has no image.

    `figures` has, of every pair, the mIoU of the first and of the second on the same images, [0, 1].
    """
    wins = np.ones((models, models))
    for (first, second), (one, other) in figures.items():
        if not len(one):
            return None
        ratio = max(float(one.mean()), LEAST) / max(float(other.mean()), LEAST)
        wins[first, second], wins[second, first] = ratio, 1 / ratio
    return global_ranking(wins)


def steadiness(
    figures: Mapping[Pair, tuple[Floats, Floats]], places: Mapping[Pair, Sequence[int]], models: int, most: int
) -> list[float]:
    """How near the ranking by the first n places of each ranking comes to that by all, for n = 1..`most` (Fig. 7).

    `places` has the best place of each image of `figures`. Spearman's rank correlation; NaN where it isn't defined.
    """
    whole = strengths(figures, models)
    if whole is None:
        return []
    found = []
    for n in range(1, most + 1):
        first = {pair: np.array([place <= n for place in places[pair]], bool) for pair in figures}
        part = strengths({pair: (one[first[pair]], two[first[pair]]) for pair, (one, two) in figures.items()}, models)
        found.append(math.nan if part is None else rank_correlation(part, whole))
    return found
