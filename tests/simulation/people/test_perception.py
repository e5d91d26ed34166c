"""How wrong a label map looks: things missed, invented and misnamed, outlines, and never specks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import from_dense
from madseg.core.taxonomy import VOID
from madseg.simulation.people.objects import Labels
from madseg.simulation.people.perception import Eye, FaultKind, faults, quality, shows_nothing
from madseg.simulation.taxonomy import BUS, CAR, HOUSE, PERSON, TAXONOMY
from madseg.simulation.world import render
from tests.builders import dense_maps
from tests.simulation.people.scenes import SIDE, misnamed, shifted, street, with_ghost, without


def kinds(shown: Labels) -> list[tuple[FaultKind, int]]:
    return [(fault.kind, fault.label) for fault in faults(street(), shown) if fault.weight > 0]


def test_the_truth_is_excellent_and_nothing_at_all_is_bad() -> None:
    """The ends of the scale."""
    assert quality(street(), street()) == 5.0
    assert quality(street(), np.zeros_like(street())) == 1.0


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (without(CAR), [(FaultKind.MISSING, CAR)]),
        (misnamed(), [(FaultKind.WRONG_CLASS, CAR)]),
        (with_ghost(12), [(FaultKind.EXTRA, CAR)]),
    ],
)
def test_a_fault_is_found_once_and_called_by_its_kind(shown: Labels, found: list[tuple[FaultKind, int]]) -> None:
    """A car that is called a bus is one thing wrong, not a car missed and a bus invented."""
    assert kinds(shown) == found
    assert 1.0 < quality(street(), shown) < 5.0


def test_part_of_a_thing_under_a_wrong_name_is_found() -> None:
    """A third of the house is called a bus."""
    shown = street()
    shown[10:40, 30:40] = BUS
    assert kinds(shown) == [(FaultKind.WRONG_CLASS, BUS)]


def test_what_is_missed_beside_a_thing_that_is_seen_is_an_outline() -> None:
    """Half of the house is cut off."""
    shown = street()
    shown[10:40, 26:40] = 0
    assert kinds(shown) == [(FaultKind.BOUNDARY, HOUSE)]


def test_worse_maps_look_worse() -> None:
    """More faults, larger faults, outlines further off; missing a person is worse than missing a wall of its size."""
    both = without(CAR)
    both[both == PERSON] = 0
    assert quality(street(), both) < quality(street(), without(CAR)) < quality(street(), with_ghost(4))
    assert quality(street(), with_ghost(14)) < quality(street(), with_ghost(7))
    grades = [quality(street(), shifted(by)) for by in (0, 1, 3, 6, 12)]
    assert grades == sorted(grades, reverse=True)
    assert grades[1] > 4.0
    assert quality(street(), without(PERSON)) < quality(street(), without(PERSON), Eye(striking={HOUSE: 2.0}))


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24), st.sampled_from(TAXONOMY.ranked)), max_size=40))
def test_specks_are_not_seen(specks: list[tuple[int, int, int]]) -> None:
    """Up to 0.1 % of the picture each, of whatever class and however many, while they halve the mIoU."""
    shown = street()
    for row, column, label in specks:
        shown[4 * row : 4 * row + 3, 4 * column : 4 * column + 3] = label
    assert quality(street(), shown) == 5.0
    assert faults(street(), shown) == []


def test_a_speck_of_a_rare_class_halves_the_miou_and_nobody_minds() -> None:
    """The quality isn't the mIoU under another name."""
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[:50] = HOUSE
    shown = truth.copy()
    shown[90, 90], shown[91, 90] = BUS, CAR
    assert mean_iou(confusion(from_dense(truth), from_dense(shown), len(TAXONOMY))) < 0.51
    assert quality(truth, shown) == 5.0


@given(dense_maps(height=12, width=12), dense_maps(height=12, width=12))
def test_a_quality_is_on_the_scale_and_void_is_nobodys_business(truth: Labels, shown: Labels) -> None:
    """Whatever is said of void pixels of the truth changes nothing."""
    there = quality(truth, shown)
    assert 1.0 <= there <= 5.0
    assert quality(truth, np.where(truth == VOID, np.uint8(1), shown)) == there
    assert (there == 5.0) or faults(truth, shown)


@given(dense_maps(height=12, width=12), dense_maps(height=12, width=12))
def test_a_fault_lies_where_the_maps_differ(truth: Labels, shown: Labels) -> None:
    """So that a finding can be pinned on it."""
    for fault in faults(truth, shown):
        assert truth[fault.place] != shown[fault.place]
        assert fault.label != VOID


def test_only_pictures_out_of_domain_show_nothing() -> None:
    """As the world's truth says."""
    assert shows_nothing(render(7, 0, "out_of_domain").truth)
    assert not shows_nothing(render(7, 0, "fenced").truth)
