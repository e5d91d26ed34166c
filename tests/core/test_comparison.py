"""Whether two models differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from madseg.core.comparison import (
    compare_paired,
    global_ranking,
    holm,
    mean_by_t,
    rank_correlation,
    stability,
    tie_groups,
)
from madseg.core.errors import InvalidInput

P_VALUES = st.lists(st.floats(0.0001, 1), min_size=1, max_size=8)


def test_a_small_gain_on_hard_images_is_seen_in_pairs() -> None:
    """The spread over images is ten times the gain, and the same for both."""
    random = np.random.default_rng(1)
    hard = random.uniform(0, 0.8, 40)
    found = compare_paired(hard, hard + 0.02 + random.normal(0, 0.01, 40), 1)
    assert found.p_value < 0.001
    assert found.gain.low > 0
    assert found.images_to_separate is not None
    assert found.images_to_separate <= 10


def test_chance_alone_is_a_tie_as_often_as_it_should() -> None:
    """Below 5 % in about 5 of 100 comparisons."""
    random = np.random.default_rng(2)
    low = sum(compare_paired(random.normal(0, 1, 20), random.normal(0, 1, 20), n).p_value <= 0.05 for n in range(300))
    assert 4 <= low <= 28


def test_a_mean_over_seeds_has_an_interval_by_students_t() -> None:
    """1, 2 and 3: standard deviation 1, so 4.3027 / sqrt(3) to either side."""
    found = mean_by_t([1.0, 2.0, 3.0])
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2 - 2.48414, 2 + 2.48414), abs=1e-4)
    assert found.images == 3


def test_a_single_figure_says_nothing_of_its_spread() -> None:
    """Its interval is unbounded; none at all is refused."""
    found = mean_by_t([0.5])
    assert (found.value, found.low, found.high) == (0.5, float("-inf"), float("inf"))
    with pytest.raises(InvalidInput, match="at least one figure"):
        mean_by_t([])


def test_equal_models_are_never_apart() -> None:
    """Nothing would separate them."""
    found = compare_paired(np.array([0.1, 0.5]), np.array([0.1, 0.5]), 0)
    assert (found.p_value, found.images_to_separate, found.gain.value) == (1.0, None, 0.0)


def test_holm_by_hand() -> None:
    """Smallest times three, next times two, never below the one before."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(P_VALUES)
def test_holm_never_lowers_and_keeps_the_order(p_values: list[float]) -> None:
    """Up to 1."""
    corrected = holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, corrected, strict=True))
    pairs = sorted(zip(p_values, corrected, strict=True))
    assert [after for _, after in pairs] == sorted(after for _, after in pairs)


def test_ties_are_groups_that_may_overlap() -> None:
    """Two alike and one far behind."""
    base = np.linspace(0.2, 0.8, 30)
    noise = np.random.default_rng(3).normal(0, 0.01, (2, 30))
    noise -= noise.mean(1, keepdims=True)
    groups = tie_groups({"a": base + noise[0] + 1e-4, "b": base + noise[1], "c": base - 0.2}, 1)
    assert groups == [["a", "b"], ["c"]]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20))
def test_rank_correlation_is_spearman_s(pairs: list[tuple[int, int]]) -> None:
    """With ties."""
    first, second = np.array(pairs, float).T
    if len(set(first)) > 1 and len(set(second)) > 1:
        assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)
    else:
        assert np.isnan(rank_correlation(first, second))


def test_more_images_come_nearer_to_the_whole_ranking() -> None:
    """And all of them give it."""
    random = np.random.default_rng(4)
    figures = {f"m{k}": 0.3 + 0.05 * k + random.normal(0, 0.2, 40) for k in range(6)}
    curve = stability(figures, 1)
    assert len(curve) == 40
    assert curve[-1] == pytest.approx(1)
    assert curve[0] < curve[9] < curve[-1]


def test_a_win_over_the_strong_counts_for_more() -> None:
    """Two that each win once: one over the best, one over the worst."""
    wins = np.ones((4, 4))

    def beats(a: int, b: int) -> None:
        wins[a, b], wins[b, a] = 2.0, 0.5

    for loser in (2, 3):
        beats(0, loser)
    beats(1, 0)
    beats(2, 3)
    strength = global_ranking(wins)
    assert strength.sum() == pytest.approx(1)
    assert strength[1] > strength[2] > strength[3]


def test_what_can_not_be_compared_is_refused() -> None:
    """Other images, one model, a matrix that isn't square."""
    with pytest.raises(InvalidInput, match="same images"):
        compare_paired(np.zeros(2), np.zeros(3), 0)
    with pytest.raises(InvalidInput, match="at least two models"):
        stability({"a": np.zeros(3)}, 0)
    with pytest.raises(InvalidInput, match="square matrix"):
        global_ranking(np.ones((2, 3)))
    with pytest.raises(InvalidInput, match="two rows of one length"):
        rank_correlation(np.zeros(1), np.zeros(1))
