"""What each rater adds to the truth: a bias and a spread, by maximum likelihood (ITU-T P.913, clause 12.6; Li et al.).

The model: rater i gives image j the grade  u = psi[j] + bias[i] + inconsistency[i] * N(0, 1),  where psi is what the
image deserves. All of it is found by turns: the biases from the inconsistencies, exactly, as the least squares that
these weight (psi is eliminated); the inconsistencies from what is left. Only differences of biases show in grades, so
their mean is set to 0.

The likelihood of this model has no maximum: it grows without bound as one rater's spread goes to 0 and every psi to
that rater's grades. So the spread is put in relation to what of it can show at all, as restricted likelihood does, and
has a floor.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SHARED = 5
"""Images that a rater must share with others before anything is said of them."""

LEAST = 0.29
"""Smallest inconsistency, in grades: rounding to whole grades alone spreads by 1 / sqrt(12)."""

ROUNDS = 500
"""Turns at most."""

CLOSE = 1e-7
"""Change of a bias or an inconsistency, in grades, below which the turns end."""

K = TypeVar("K", bound=Hashable)

Grades = Mapping[str, float]
"""The grades of one image by rater."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fit:
    """Bias and inconsistency of raters, in grades, by name. A rater of whom nothing can be said isn't in it.

    `inconsistency` is empty where grades tell only sums of two raters' variances: one pair of raters, or two camps of
    which no image has two raters of the same.
    """

    bias: Mapping[str, float] = field(default_factory=dict)
    inconsistency: Mapping[str, float] = field(default_factory=dict)

    def adjusted(self, given: Grades) -> float | None:
        """The score of an image by its grades, biases taken out, consistent raters counting for more.

        None where nothing is known of one of its raters. May lie outside [1, 5].
        """
        if not given or not given.keys() <= self.bias.keys():
            return None
        weights = {rater: self.inconsistency.get(rater, 1.0) ** -2 for rater in sorted(given)}
        total = sum(weight * (given[rater] - self.bias[rater]) for rater, weight in weights.items())
        return total / sum(weights.values())


def fit(grades: Mapping[K, Grades]) -> Fit:
    """What grades, per image and rater, tell of the raters; raters need not have seen the same images.

    Only images with two grades or more tell anything. Raters that no chain of shared images connects can't be compared:
    of the groups that there are the one with the most grades is told of. The order of the grades changes no bit.
    Costs G * r per turn, for G grades and r raters an image, and R**3 for R raters.
    """
    # In an order of their own, as sums of floats depend on it.
    shared = sorted((dict(sorted(given.items())) for given in grades.values()), key=lambda given: list(given.items()))
    kept = _largest_group(_with_enough(shared))
    raters = sorted({rater for given in kept for rater in given})
    if not raters:
        return Fit()
    bias, spread = _by_turns(kept, raters)
    told = dict(zip(raters, spread.tolist(), strict=True)) if _has_odd_cycle(kept) else {}
    return Fit(dict(zip(raters, bias.tolist(), strict=True)), told)


def _with_enough(images: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """The grades of raters who share enough images with each other; images with two of them or more."""
    kept = [given for given in images if len(given) > 1]
    while True:
        counts = Counter(rater for given in kept for rater in given)
        few = {rater for rater, count in counts.items() if count < SHARED}
        if not few:
            return kept
        left = [{rater: grade for rater, grade in given.items() if rater not in few} for given in kept]
        kept = [given for given in left if len(given) > 1]


def _by_turns(images: Sequence[dict[str, float]], raters: Sequence[str]) -> tuple[Floats, Floats]:
    """(R,) biases and (R,) inconsistencies."""
    number = {rater: index for index, rater in enumerate(raters)}
    image = np.array([row for row, given in enumerate(images) for _ in given])
    rater = np.array([number[name] for given in images for name in given])
    grade = np.array([value for given in images for value in given.values()], np.float64)
    pairs = _pairs(image)
    bias, spread = np.zeros(len(raters)), np.ones(len(raters))
    for _ in range(ROUNDS):
        weight = spread[rater] ** -2
        share = weight / np.bincount(image, weight)[image]
        found = _biases(image, rater, grade, weight, share, pairs, len(raters))
        level = grade - found[rater]
        off = (level - np.bincount(image, share * level)[image]) ** 2
        # An image's score leans towards each of its raters by their share of its weight, which hides that much of
        # their spread: what is left is put in relation to what could have shown.
        visible = np.maximum(np.bincount(rater, 1 - share, len(raters)), 1e-9)
        narrower = np.maximum(np.sqrt(np.bincount(rater, off, len(raters)) / visible), LEAST)
        moved = max(np.abs(found - bias).max(), np.abs(narrower - spread).max())
        bias, spread = found, narrower
        if moved < CLOSE:
            break
    return bias, spread


def _biases(
    image: NDArray[np.int64],
    rater: NDArray[np.int64],
    grade: Floats,
    weight: Floats,
    share: Floats,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    raters: int,
) -> Floats:
    """(R,) biases with mean 0 that minimise the weighted squares once every image has its best score.

    The normal equations, psi eliminated: their matrix is singular in the direction of equal biases alone, as the raters
    are connected, and that direction is filled with the mean.
    """
    left, right = pairs
    both = np.bincount(rater[left] * raters + rater[right], weight[left] * share[right], raters * raters)
    matrix = np.diag(np.bincount(rater, weight, raters)) - both.reshape(raters, raters)
    excess = weight * (grade - np.bincount(image, share * grade)[image])
    found = np.linalg.solve(matrix + np.trace(matrix) / raters, np.bincount(rater, excess, raters))
    centred: Floats = found - found.mean()
    return centred


def _pairs(image: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All ordered pairs of grades of the same image, by their numbers; `image` ascends."""
    counts = np.bincount(image)
    starts = np.cumsum(counts) - counts
    left = np.repeat(np.arange(len(image)), counts[image])
    within = np.arange(len(left)) - np.repeat(np.cumsum(counts[image]) - counts[image], counts[image])
    return left, starts[image[left]] + within


def _largest_group(images: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """The images of the raters that are connected with the most grades; ties by the first name."""
    parent: dict[str, str] = {}
    for given in images:
        first, *others = (_root(parent, rater) for rater in given)
        for other in others:
            parent[_root(parent, other)] = _root(parent, first)
    groups: dict[str, list[dict[str, float]]] = {}
    for given in images:
        groups.setdefault(_root(parent, min(given)), []).append(given)
    return min(groups.values(), key=lambda some: (-sum(map(len, some)), min(map(min, some))), default=[])


def _root(parent: dict[str, str], rater: str) -> str:
    while parent.setdefault(rater, rater) != rater:
        parent[rater] = parent[parent[rater]]
        rater = parent[rater]
    return rater


def _has_odd_cycle(images: Iterable[dict[str, float]]) -> bool:
    """Whether the raters can't be split into two camps so that every shared image has one of each.

    Squared differences tell the sums of two variances; these tell each variance just where an odd cycle closes.
    """
    parent: dict[str, str] = {}
    for given in images:
        first, *others = given
        for other in others:
            parent[_root(parent, f"+{other}")] = _root(parent, f"-{first}")
            parent[_root(parent, f"-{other}")] = _root(parent, f"+{first}")
        if len(given) > 2 or _root(parent, f"+{first}") == _root(parent, f"-{first}"):
            return True
    return False
