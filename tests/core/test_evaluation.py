"""Averages with their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidInput
from madseg.core.evaluation import (
    image_mious,
    mean_estimate,
    mean_of_images,
    of_data_set,
    risk_coverage,
    share_estimate,
)

RIGHT, WRONG = [[10, 0], [0, 10]], [[0, 10], [10, 0]]


def test_the_two_averages_differ() -> None:
    """Per image each counts alike; over the data set each pixel does."""
    confusions = np.array([[[90, 0], [0, 10]], [[0, 0], [10, 0]]])
    assert image_mious(confusions).tolist() == [1.0, 0.0]
    assert mean_of_images(confusions, 1).value == 0.5
    assert of_data_set(confusions, 1).value == pytest.approx((90 / 100 + 10 / 20) / 2)


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    """Of 300 samples of 30 images, about 95 in a hundred intervals hold the truth (the bootstrap's are a bit short)."""
    random = np.random.default_rng(3)
    held = 0
    for seed in range(300):
        found = mean_estimate(random.normal(0.4, 0.2, 30), seed)
        held += found.low <= 0.4 <= found.high
    assert 0.89 <= held / 300 <= 0.98


def test_thirty_images_leave_seven_hundredths() -> None:
    """The half-width that makes 0.1759 against 0.1740 a tie."""
    values = np.random.default_rng(1).normal(0.4, 0.2, 30)
    found = mean_estimate((values - values.mean()) / values.std() * 0.2 + 0.4, 1)
    assert (found.high - found.low) / 2 == pytest.approx(0.07, abs=0.01)


def test_the_same_seed_gives_the_same_interval() -> None:
    """To the bit."""
    confusions = np.random.default_rng(5).integers(0, 50, (12, 3, 3))
    assert of_data_set(confusions, 9) == of_data_set(confusions, 9)


def test_all_images_alike_leave_no_doubt() -> None:
    """The interval is a point."""
    found = of_data_set(np.array([RIGHT] * 5), 0)
    assert (found.value, found.low, found.high, found.images) == (1.0, 1.0, 1.0, 5)


@pytest.mark.parametrize(
    ("hits", "images", "low", "high"),
    [(0, 4, 0.0, 0.490), (3, 3, 0.439, 1.0), (5, 10, 0.237, 0.763), (81, 263, 0.255, 0.366)],
)
def test_a_share_is_doubted_also_where_none_or_all_are_hit(hits: int, images: int, low: float, high: float) -> None:
    """By Wilson's formula; the last one is the example of Newcombe (1998)."""
    found = share_estimate(hits, images)
    assert (found.value, found.images) == (hits / images, images)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_risk_at_full_coverage_is_the_mean(risks: list[float]) -> None:
    """Whatever the order."""
    curve = risk_coverage(np.array(risks), np.arange(len(risks))[::-1].astype(float))
    assert curve[-1] == pytest.approx(np.mean(risks))


def test_a_discrepancy_that_tells_failures_apart_gives_a_rising_curve() -> None:
    """The surest images first."""
    curve = risk_coverage(np.array([0.9, 0.1, 0.5]), np.array([0.8, 0.0, 0.3]))
    assert curve.tolist() == pytest.approx([0.1, 0.3, 0.5])


def test_what_can_not_be_averaged_is_refused() -> None:
    """No image, no square, another number of discrepancies."""
    for broken in (np.zeros((0, 2, 2), np.int64), np.zeros((2, 2, 3), np.int64), np.zeros((2, 2), np.int64)):
        with pytest.raises(InvalidInput, match="confusions must be"):
            of_data_set(broken, 0)
    with pytest.raises(InvalidInput, match="at least one image"):
        mean_estimate(np.zeros(0), 0)
    with pytest.raises(InvalidInput, match="one discrepancy a risk"):
        risk_coverage(np.zeros(2), np.zeros(3))
    with pytest.raises(InvalidInput, match="at least one image"):
        share_estimate(0, 0)
