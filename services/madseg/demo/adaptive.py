"""What adaptive mode saves: the same people's grades, revealed one by one, with and without it, for many seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from madseg.client import CampaignPlan, Opinion
from madseg.core.adaptive import Asked, bar, crowded, floor, hopeless
from madseg.core.errors import Conflict
from madseg.demo.scoring import Picture
from madseg.simulation.people.rater import Rater

SEEDS = 40
"""Other days of the same people, with other draws of T and of the images that all raters see."""

Grades = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Saving:
    """The share of grades that adaptive mode does without, mean over the seeds, and where 95 % of them lie."""

    share: float
    low: float
    high: float
    seeds: int


def saving(
    raters: Sequence[Rater], pictures: Mapping[str, Picture], opinions: Sequence[Opinion], plan: CampaignPlan
) -> Saving:
    """Plays the campaign again with the same people on other days, over the images that nobody vetoed.

    Raises:
        Conflict: S isn't the same with adaptive mode, which would make the comparison void.
    """
    there = sorted((item for item in opinions if not item.vetoes), key=lambda x: (-x.mean_discrepancy, x.image_id))
    shares = []
    for seed in range(1, SEEDS + 1):
        people = [replace(rater, seed=rater.seed + seed) for rater in raters]
        rows = [[_grade(rater, item.image_id, pictures) for rater in people] for item in there]
        grades = np.array(rows, np.int64).reshape(len(there), len(people))
        rng = np.random.default_rng(seed)
        test, full = _draw(rng, len(there), plan.test_reserved or 0), _draw(rng, len(there), len(there) // 10)
        orders = np.array([rng.permutation(len(there)) for _ in people])
        asked = grades_asked(grades, orders, plan.counterexamples or 1, test, full)
        shares.append(1 - asked / max(1, grades.size))
    low, high = np.percentile(shares, [2.5, 97.5])
    return Saving(float(np.mean(shares)), float(low), float(high), SEEDS)


def grades_asked(grades: Grades, orders: Grades, size: int, test: Mask, full: Mask) -> int:
    """How many of the (images, raters) grades adaptive mode asks for, when S takes the `size` lowest sums.

    Images stand in the order that breaks ties. Raters take turns, each in an order of their own, but for images that
    have to be asked about in any case, which come first: `orders` is (raters, images). Images of `test` aren't
    candidates for S; they and those of `full` get all raters.

    Raises:
        Conflict: S isn't the one that all grades give.
    """
    images, raters = grades.shape
    asked = [Asked(f"{image}") for image in range(images)]
    running, always = np.flatnonzero(~test).tolist(), test | full
    places = size + crowded(size, images, int(test.sum()))
    waiting: list[list[int]] = [order.tolist() for order in orders]
    while any(waiting):
        at = bar((asked[image] for image in running), raters, size)
        for rater, left in enumerate(waiting):
            left[:] = [image for image in left if always[image] or not hopeless(asked[image], raters, at)]
            if left:
                image = _first(left, asked, floor(asked, raters, places), raters)
                left.remove(image)
                item = asked[image]
                asked[image] = replace(item, grades=item.grades + 1, total=item.total + int(grades[image, rater]))
    chosen = [image for image in running if asked[image].decided(raters)]
    if _lowest(chosen, grades, size) != _lowest(running, grades, size):
        raise Conflict("adaptive mode has chosen another S than all grades give")
    return sum(item.grades for item in asked)


def _first(left: Sequence[int], asked: Sequence[Asked], low: float, raters: int) -> int:
    """The first of a rater's images that has to be asked about in any case, else the first of all."""
    return next((image for image in left if asked[image].lowest_mean(raters) <= low), left[0])


def _lowest(images: Sequence[int], grades: Grades, size: int) -> list[int]:
    """The images with the `size` lowest sums of all their grades, ties in order."""
    return sorted(images, key=lambda image: (int(grades[image].sum()), image))[:size]


def _grade(rater: Rater, image_id: str, pictures: Mapping[str, Picture]) -> int:
    """The first grade that a rater gives when asked until one comes."""
    for look in range(1000):
        grade = rater.judge(image_id, pictures[image_id].quality, look=look).grade
        if grade is not None:
            return grade
    raise Conflict(f"{rater.name} never grades: carelessness is {rater.carelessness}")


def _draw(rng: np.random.Generator, images: int, count: int) -> Mask:
    chosen = np.zeros(images, bool)
    chosen[rng.permutation(images)[:count]] = True
    return chosen
