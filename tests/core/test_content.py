"""The content constraint, as the paper and as the authors' code have it."""

import numpy as np
import pytest

from madseg.core.content import ContentConstraint, Method, learn
from madseg.core.errors import InvalidInput

SHARES = [{1: 0.01 * n, 2: 0.5} for n in range(1, 41)] + [{3: 0.2}] * 5


def test_quartiles_are_over_the_masks_that_contain_the_class() -> None:
    """Masks without the class don't pull the quartiles to zero."""
    learned = learn(SHARES, [1, 2], Method.QUARTILES)
    shares = [0.01 * n for n in range(1, 41)]
    assert learned.constraint.bounds[1] == (np.quantile(shares, 0.25), np.quantile(shares, 0.75))
    assert learned.constraint.bounds[2] == (0.5, 0.5)
    assert learned.masks == {1: 40, 2: 40}


def test_deviation_is_clipped_to_what_occurs() -> None:
    """Mean and population deviation, within the smallest and largest share."""
    shares = [0.1] * 19 + [0.9] * 3
    learned = learn([{1: share} for share in shares], [1], Method.DEVIATION)
    mean, deviation = float(np.mean(shares)), float(np.std(shares))
    assert learned.constraint.bounds[1] == (0.1, mean + deviation)
    assert mean - deviation < 0.1


def test_a_class_in_few_masks_stays_free() -> None:
    """Five masks say nothing about usual sizes: every share is admitted, and that is reported."""
    learned = learn(SHARES, [1, 2, 3], Method.QUARTILES)
    assert learned.free == (3,)
    assert learned.constraint.admits(3, 0.999)


def test_bounds_are_inclusive() -> None:
    """A share on the bound counts."""
    constraint = ContentConstraint({1: (0.25, 0.5)})
    assert [constraint.admits(1, share) for share in (0.2499, 0.25, 0.5, 0.5001)] == [False, True, True, False]


def test_the_id_tells_constraints_apart() -> None:
    """Equal bounds have equal ids in any order."""
    first = ContentConstraint({1: (0.0, 0.5), 2: (0.1, 0.2)})
    assert first.id == ContentConstraint({2: (0.1, 0.2), 1: (0.0, 0.5)}).id
    assert first.id != ContentConstraint({1: (0.0, 0.5)}).id


def test_impossible_bounds_are_refused() -> None:
    """The lower bound may not lie above the upper, nor either outside [0, 1]."""
    for bounds in ((0.5, 0.4), (-0.1, 0.5), (0.5, 1.1)):
        with pytest.raises(InvalidInput, match="0 <= low <= high <= 1"):
            ContentConstraint({1: bounds})
