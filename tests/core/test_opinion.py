"""Mean opinion scores."""

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from madseg.core.errors import InvalidInput
from madseg.core.opinion import Grade, MeanOpinion, VetoReason, half_width, mean_opinion, student_975


@pytest.mark.parametrize("freedom", [*range(1, 60), 100, 1000, 10**6])
def test_student_s_quantile(freedom: int) -> None:
    """To four digits, tabulated and beyond."""
    assert student_975(freedom) == pytest.approx(t.ppf(0.975, freedom), abs=1e-4)


def test_student_s_t_needs_a_degree_of_freedom() -> None:
    """One grade has none."""
    with pytest.raises(InvalidInput, match="at least 1"):
        student_975(0)


def test_the_interval_of_three_grades() -> None:
    """By hand: mean 2, standard deviation 1."""
    assert half_width([1, 2, 3]) == pytest.approx(4.3027 / 3**0.5)


def test_one_grade_has_no_interval() -> None:
    """And none neither; three that agree have one of no width."""
    assert half_width([]) is None
    assert half_width([4]) is None
    assert half_width([4, 4, 4]) == 0


def test_the_mean_opinion_of_some_grades() -> None:
    """The plain mean with its interval; None without a grade."""
    assert mean_opinion([]) is None
    assert mean_opinion([4]) == MeanOpinion(4.0, None, 1)
    assert mean_opinion([Grade.BAD, 2, Grade.FAIR]) == MeanOpinion(2.0, half_width([1, 2, 3]), 3)


@pytest.mark.parametrize("grade", [0, 6, -1, 2.5, float("nan")])
def test_what_is_no_grade_is_refused(grade: int) -> None:
    """Whole numbers from 1 to 5."""
    with pytest.raises(InvalidInput, match="from 1 to 5"):
        mean_opinion([3, grade])


def test_grades_and_reasons_have_their_words() -> None:
    """As the pages and the wire have them."""
    assert [grade.name.lower() for grade in Grade] == ["bad", "poor", "fair", "good", "excellent"]
    assert list(VetoReason) == ["no_class", "corrupt", "inappropriate", "other"]


@given(st.lists(st.integers(1, 5), min_size=2, max_size=50), st.randoms(use_true_random=False))
def test_a_mean_opinion_is_that_of_scipy_in_any_order(grades: list[int], random: object) -> None:
    """To the bit among orders; four digits of the quantile against scipy."""
    found = mean_opinion(grades)
    turned = grades.copy()
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert found is not None
    assert found == mean_opinion(turned)
    assert found.mean == pytest.approx(fmean(grades))
    wanted = t.ppf(0.975, len(grades) - 1) * stdev(grades) / len(grades) ** 0.5
    assert found.half_width == pytest.approx(wanted, rel=1e-4, abs=1e-12)
