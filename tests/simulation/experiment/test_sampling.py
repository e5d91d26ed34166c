"""Which images people are asked about."""

import numpy as np
import pytest

from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Metric
from madseg.core.label_map import LabelMap, encode, from_dense
from madseg.core.messages import Defender, VersionRef
from madseg.simulation.experiment.answers import Answers
from madseg.simulation.experiment.findings import last_places, unranked
from madseg.simulation.experiment.pictures import Picture
from madseg.simulation.experiment.sampling import METRIC, Contests, by_lot, compete, grouped, mined, ungrouped
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

OURS, THEIRS = VersionRef("ours", 1), VersionRef("theirs", 1)
NOBODY: frozenset[str] = frozenset()


def half(label: int, rows: int) -> LabelMap:
    """A map whose first rows show a class."""
    pixels = np.zeros((SIZE, SIZE), np.uint8)
    pixels[:rows] = label
    return from_dense(pixels)


def pictures(count: int) -> list[Picture]:
    """Pictures that are near to no other."""
    blank = np.zeros((SIZE, SIZE, 3), np.uint8)
    random = np.random.default_rng(0)
    hashes = random.integers(0, 1 << 62, count).tolist()
    return [Picture(f"{n:032x}", blank, half(1, 64), "training", hashes[n]) for n in range(count)]


def answers(*maps: LabelMap) -> Answers:
    """What a network said, ever less sure."""
    return Answers(tuple(encode(item) for item in maps), np.linspace(0.1, 1.0, len(maps)))


@pytest.fixture
def seen() -> list[Picture]:
    """Three pictures."""
    return pictures(3)


@pytest.fixture
def contests(seen: list[Picture]) -> Contests:
    """The target says the same of all; the competitor differs more from picture to picture."""
    ours = answers(*[half(1, 64)] * 3)
    theirs = answers(half(1, 64), half(1, 48), half(1, 16))
    return compete(seen, (OURS, ours), [(THEIRS, theirs)], ContentConstraint())


def ids(numbers: list[int]) -> list[str]:
    """Of the pictures with these numbers."""
    return [f"{number:032x}" for number in numbers]


def test_mining_takes_the_most_discrepant_first(contests: Contests) -> None:
    """By the selector's own measure."""
    assert [item.image_id for item in mined(contests, 2)] == ids([2, 1])
    assert contests.discrepancies[0] == 0
    assert isinstance(METRIC, Metric)


def test_every_class_has_a_ranking_in_both_roles(contests: Contests) -> None:
    """Of each competitor."""
    roles = {(key.defender, key.label) for key in contests.rankings}
    assert roles == {(role, label) for role in Defender for label in TAXONOMY.ranked}


def test_what_was_used_takes_no_place(contests: Contests, seen: list[Picture]) -> None:
    """However an arm chooses."""
    used = frozenset(ids([2]))
    score = {item.image_id: 1.0 for item in seen}
    for found in (mined(contests, 3, used), grouped(contests, score, 3, used), ungrouped(seen, score, 3, used)):
        assert [item.image_id for item in found if item.image_id in used] == []
        assert len(found) == 2


def test_the_constraint_holds_for_every_way_with_subgroups(seen: list[Picture]) -> None:
    """Entropy within the same subgroups sees the same images as mining does, in another order."""
    ours, theirs = answers(*[half(1, 64)] * 3), answers(half(1, 64), half(1, 48), half(1, 16))
    bounded = compete(seen, (OURS, ours), [(THEIRS, theirs)], ContentConstraint({1: (0.3, 0.4)}))
    score = {item.image_id: number / 3 for number, item in enumerate(seen)}
    assert [item.image_id for item in grouped(bounded, score, 3, NOBODY)] == ids([1])


def test_a_score_in_place_of_the_discrepancy_changes_the_order_alone(contests: Contests, seen: list[Picture]) -> None:
    """The least discrepant comes first where it has the largest score."""
    score = {item.image_id: 1 - number / 3 for number, item in enumerate(seen)}
    assert [item.image_id for item in grouped(contests, score, 2, NOBODY)] == ids([0, 1])
    assert [item.image_id for item in ungrouped(seen, score, 2, NOBODY)] == ids([0, 1])


def test_lots_are_drawn_anew_each_turn_and_the_same_again() -> None:
    """By seed, turn and image."""
    seen = pictures(20)
    assert by_lot(seen, 1, 1) == by_lot(seen, 1, 1)
    assert by_lot(seen, 1, 1) != by_lot(seen, 1, 2)
    assert by_lot(seen, 1, 1) != by_lot(seen, 2, 1)
    assert all(0 <= value < 1 for value in by_lot(seen, 1, 1).values())


def test_a_failure_is_ranked_where_it_comes_up_to_the_last_place(contests: Contests, seen: list[Picture]) -> None:
    """The first place is the most discrepant's; the second lets the next one in."""
    assert unranked(seen, contests, last_places(contests, 1)) == seen[:2]
    assert unranked(seen, contests, last_places(contests, 2)) == seen[:1]


def test_a_ranking_that_is_not_full_takes_whatever_it_admits(contests: Contests, seen: list[Picture]) -> None:
    """It has no last place."""
    assert last_places(contests, 4) == {}
    assert unranked(seen, contests, {}) == []
