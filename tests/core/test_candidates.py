"""A cut that is to have a certain size."""

import random

import pytest

from madseg.core.candidates import Candidate, cut, smallest
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import Entry, RankingKey

ONE = VersionRef("one", 1)


def rankings(seed: int, count: int = 4, length: int = 30) -> dict[RankingKey, list[Entry]]:
    """Rankings that share images."""
    rng = random.Random(seed)
    return {
        RankingKey(ONE, ONE, Defender.TARGET, label): sorted(
            (Entry(f"{image:032x}", rng.random(), 1.0) for image in rng.sample(range(60), length)),
            key=lambda entry: entry.order,
        )
        for label in range(count)
    }


@pytest.mark.parametrize("size", [1, 3, 8, 29, 45, 200])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_first_of_the_smallest_set_that_has_as_many(seed: int, size: int) -> None:
    """As trying one place more at a time finds it; all there are where that isn't enough."""
    found = rankings(seed)
    tried: list[int] = []

    def attempt(places: int) -> list[Candidate]:
        tried.append(places)
        return cut(found, places)

    slow = next((made for places in range(1, 31) if len(made := cut(found, places)) >= size), cut(found, 30))
    assert [item.image_id for item in slow[:size]] == [item.image_id for item in smallest(attempt, len(found), size)]
    assert len(tried) <= 2 * max(2, size).bit_length() + 2


def test_without_rankings_there_is_nothing() -> None:
    """And nothing is tried for ever."""
    assert smallest(lambda places: cut({}, places), 0, 5) == []
