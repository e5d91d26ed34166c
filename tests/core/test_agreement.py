"""Krippendorff's alpha."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.agreement import alpha

PUBLISHED = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
"""Four observers, twelve units, as Krippendorff (2011, section D) has them."""

UNITS = st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5), max_size=4), max_size=12)


def units(text: str) -> list[dict[str, int]]:
    """The grades of each unit, by number of the observer."""
    columns = zip(*(line.split() for line in text.split("\n") if line), strict=True)
    return [{str(row): int(value) for row, value in enumerate(column) if value != "."} for column in columns]


def slow(grades: list[dict[str, int]]) -> float | None:
    """The same by pairs of grades, without matrices."""
    pairable = [list(item.values()) for item in grades if len(item) > 1]
    everything = sorted(value for item in pairable for value in item)
    if len(set(everything)) < 2:
        return None

    def distance(a: int, b: int) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(low <= value <= high for value in everything)
        return float((between - (everything.count(low) + everything.count(high)) / 2) ** 2) if low != high else 0.0

    observed = sum(distance(a, b) / (len(item) - 1) for item in pairable for a, b in permutations(item, 2))
    expected = sum(distance(a, b) for a, b in permutations(everything, 2)) / (len(everything) - 1)
    return 1 - observed / expected


def test_the_published_example() -> None:
    """0.815 for ordered grades."""
    assert alpha(units(PUBLISHED)) == pytest.approx(0.815, abs=5e-4)


def test_agreement_throughout_is_one() -> None:
    """Where there is more than one grade."""
    assert alpha([{"a": 1, "b": 1}, {"a": 4, "b": 4}]) == 1


def test_without_two_grades_of_an_image_there_is_none() -> None:
    """Nor where every grade is the same."""
    assert alpha([]) is None
    assert alpha([{"a": 1}, {"b": 5}]) is None
    assert alpha([{"a": 3, "b": 3}]) is None


def test_grades_at_random_agree_as_chance_does() -> None:
    """About 0."""
    random = np.random.default_rng(1)
    grades = [{name: int(random.integers(1, 6)) for name in "abc"} for _ in range(2000)]
    assert alpha(grades) == pytest.approx(0, abs=0.03)


@given(UNITS)
def test_it_equals_the_sum_over_pairs(grades: list[dict[str, int]]) -> None:
    """However many are missing."""
    found, wanted = alpha(grades), slow(grades)
    assert (found is None) == (wanted is None)
    if found is not None:
        assert found == pytest.approx(wanted)
