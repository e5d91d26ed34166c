"""Whether two models differ, on the same images: paired, corrected for how many pairs are looked at.

An interval of each model's own average says little of their difference: on the same images the hard ones are hard for
both. So models are compared image by image, by the random swap of which of the two said what.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidInput
from madseg.core.evaluation import Estimate, mean_estimate
from madseg.core.opinion import student_975

SWAPS = 10_000
"""Random swaps of a comparison: its smallest p-value is 1 / 10,001."""

ALPHA = 0.05
"""Above this (Holm's corrected) p-value two models are a tie."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second model against the first, over the same images.

    `gain` is the mean of their differences with its interval; `p_value` says how often chance alone would give one as
    large, in (0, 1]. `images_to_separate` is how many images like these would tell the two apart with 80 % power,
    None where they don't differ at all.
    """

    gain: Estimate
    p_value: float
    images_to_separate: int | None


def compare_paired(first: Floats, second: Floats, seed: int) -> Comparison:
    """Compares two models by (N,) float64 figures of the same images in the same order.

    Raises:
        InvalidInput: the lengths differ, or there is no image.
    """
    if len(first) != len(second):
        raise InvalidInput(f"two models are compared on the same images, got {len(first)} and {len(second)} figures")
    differences = second - first
    gain = mean_estimate(differences, seed)
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), (SWAPS, len(differences)))
    # A hair's breadth, so that sums of the same numbers in another order count as equal.
    extreme = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9
    return Comparison(gain, (1 + int(extreme.sum())) / (1 + SWAPS), _needed(differences))


def mean_by_t(values: Sequence[float]) -> Estimate:
    """The mean of some independent figures, such as a gain per seed, with its 95 % interval by Student's t.

    The figures take the place of images. With a single one the interval is unbounded.

    Raises:
        InvalidInput: there is no figure.
    """
    if not len(values):
        raise InvalidInput("an average needs at least one figure, got none")
    found = np.array(values, np.float64)
    mean = float(found.mean())
    if len(found) < 2:
        return Estimate(mean, -math.inf, math.inf, len(found))
    half = student_975(len(found) - 1) * float(found.std(ddof=1)) / math.sqrt(len(found))
    return Estimate(mean, mean - half, mean + half, len(found))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: p-values that may be held against one level together, in the order given."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected, largest = [1.0] * len(p_values), 0.0
    for step, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[index]))
        corrected[index] = largest
    return corrected


def tie_groups(figures: Mapping[str, Floats], seed: int) -> list[list[str]]:
    """Models in order of their mean, best first, in the groups whose members can't be told apart.

    A model may be in several groups: a tie isn't transitive. A group that lies wholly in another isn't listed.

    Raises:
        InvalidInput: the models' figures are of different numbers of images.
    """
    names = sorted(figures, key=lambda name: (-float(figures[name].mean()), name))
    pairs = list(combinations(names, 2))
    found = [compare_paired(figures[a], figures[b], seed).p_value for a, b in pairs]
    apart = {pair for pair, p_value in zip(pairs, holm(found), strict=True) if p_value <= ALPHA}
    groups: list[list[str]] = []
    for start in range(len(names)):
        end = start + 1
        while end < len(names) and not any((name, names[end]) in apart for name in names[start:end]):
            end += 1
        if not groups or groups[-1][-1] != names[end - 1]:
            groups.append(names[start:end])
    return groups


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation of two (N,) float64 rows in [-1, 1], ties by mean ranks; NaN where one is constant.

    Raises:
        InvalidInput: the lengths differ, or there are fewer than two.
    """
    if len(first) != len(second) or len(first) < 2:
        raise InvalidInput(f"a rank correlation needs two rows of one length, got {len(first)} and {len(second)}")
    a, b = _ranks(first), _ranks(second)
    a, b = a - a.mean(), b - b.mean()
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / spread if spread else math.nan


def stability(figures: Mapping[str, Floats], seed: int, repeats: int = 100) -> Floats:
    """(N,) float64: how near the ranking of the models by n images comes to that by all N, for n = 1..N (Fig. 7).

    Each is the mean Spearman correlation over `repeats` random choices of n images. NaN where it isn't defined.

    Raises:
        InvalidInput: fewer than two models.
    """
    if len(figures) < 2:
        raise InvalidInput(f"a ranking needs at least two models, got {len(figures)}")
    table = np.stack([figures[name] for name in sorted(figures)])
    whole, random = table.mean(1), np.random.default_rng(seed)
    orders = np.stack([random.permutation(table.shape[1]) for _ in range(repeats)])
    means = np.cumsum(table[:, orders], axis=2) / np.arange(1, table.shape[1] + 1)
    found = [[rank_correlation(means[:, r, n], whole) for r in range(repeats)] for n in range(table.shape[1])]
    return np.array([_mean_of_known(row) for row in found])


def global_ranking(wins: Floats) -> Floats:
    """(M,) float64, summing to 1: how strong each of M models is, by the Perron vector of their contests.

    `wins[a, b]` > 0 says how well `a` does where it and `b` disagree most (Yan et al. 2021, section 3.4: its mean mIoU
    on those images over that of `b`); the diagonal is 1. A win over a strong model counts for more.

    Raises:
        InvalidInput: the matrix isn't square and positive.
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1] or not (wins > 0).all():
        raise InvalidInput("contests must be a square matrix of positive figures")
    strength = np.full(len(wins), 1 / len(wins))
    for _ in range(1000):
        following = wins @ strength
        following /= following.sum()
        if np.abs(following - strength).max() < 1e-12:
            break
        strength = following
    return strength


def _needed(differences: Floats) -> int | None:
    """Images for 80 % power at 5 %, two-sided: ((1.96 + 0.84) s / d)^2."""
    mean = float(differences.mean())
    if mean == 0 or len(differences) < 2:
        return None
    spread = float(differences.std(ddof=1))
    return max(2, math.ceil(((1.959964 + 0.841621) * spread / mean) ** 2))


def _ranks(values: Floats) -> Floats:
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.bincount(inverse, ranks) / counts)[inverse]


def _mean_of_known(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
