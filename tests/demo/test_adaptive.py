"""What adaptive mode saves, by hand and against trying everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.client import CampaignPlan, Opinion
from madseg.demo.adaptive import grades_asked, saving
from madseg.demo.scoring import Picture
from madseg.simulation.people.rater import Rater


def nobody(images: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.zeros(images, bool)


def alike(grades: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """All raters go from the first image to the last."""
    images, raters = grades.shape
    return np.tile(np.arange(images), (raters, 1))


def test_an_image_that_cannot_be_among_s_is_not_asked_about_again() -> None:
    """The last has 2 in all, and the third might have had it; what was said once of the others settles them."""
    grades = np.array([[2, 1], [5, 5], [1, 5], [1, 1]])
    assert grades_asked(grades, alike(grades), 1, nobody(4), nobody(4)) == 1 + 1 + 2 + 2


def test_test_images_and_the_full_share_get_all_raters() -> None:
    """Whatever their grades; the last one is asked about until it can't come level."""
    grades = np.array([[1, 1, 1], [5, 5, 5], [5, 5, 5], [5, 5, 5]])
    test, full = nobody(4), nobody(4)
    test[1], full[2] = True, True
    assert grades_asked(grades, alike(grades), 1, test, full) == 3 + 3 + 3 + 1


@given(
    st.lists(st.lists(st.integers(1, 5), min_size=3, max_size=3), min_size=1, max_size=12),
    st.integers(1, 5),
    st.integers(0, 2**12 - 1),
    st.integers(0, 2**12 - 1),
)
def test_s_is_always_the_same(rows: list[list[int]], size: int, test_bits: int, full_bits: int) -> None:
    """The function raises where it isn't; it never asks for more than there is."""
    test, full = (np.array([bits >> n & 1 for n in range(len(rows))], bool) for bits in (test_bits, full_bits))
    orders = np.array([np.random.default_rng(rater).permutation(len(rows)) for rater in range(3)])
    asked = grades_asked(np.array(rows), orders, size, test, full)
    assert 0 < asked <= 3 * len(rows)


def test_the_saving_has_an_interval_over_days() -> None:
    """Two images in three are far too good for S: a part of their second and third grades goes."""
    pictures = {f"{n:03}": Picture(1.3 if n < 20 else 4.5, False) for n in range(60)}
    opinions = [Opinion(image_id, 3.0, 0.1, 3.0, 3, 0, 0, 0.5) for image_id in pictures]
    plan = CampaignPlan(counterexamples=4, test_reserved=6)
    found = saving([Rater(name, seed=1) for name in "abc"], pictures, opinions, plan)
    assert 0.1 < found.low <= found.share <= found.high < 0.6
    assert found == saving([Rater(name, seed=1) for name in "abc"], pictures, opinions, plan)


def test_images_somebody_vetoed_stay_out() -> None:
    """They would not be asked about in either mode."""
    pictures = {"a": Picture(1.0, True), "b": Picture(2.0, False), "c": Picture(5.0, False)}
    opinions = [Opinion(image_id, 3.0, 0.1, 3.0, 3, 0, image_id == "a", 0.5) for image_id in pictures]
    found = saving([Rater("a"), Rater("b")], pictures, opinions, CampaignPlan(counterexamples=2, test_reserved=0))
    assert found.share == pytest.approx(0.0)
