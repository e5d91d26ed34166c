"""Raters: grades around the quality, vetoes where they belong, and the failings they were given."""

from collections.abc import Iterator

import numpy as np
import pytest

from madseg.simulation.people.rater import ABSTAINS, VETO_SEEN, VETO_WRONG, Judgement, Rater

MANY = 4000


def judgements(rater: Rater, quality: float, *, out_of_domain: bool = False) -> Iterator[Judgement]:
    for number in range(MANY):
        yield rater.judge(f"{number}", quality, out_of_domain=out_of_domain)


def grades(rater: Rater, quality: float) -> list[int]:
    return [item.grade for item in judgements(rater, quality) if item.grade is not None]


def test_the_same_rater_says_the_same_again() -> None:
    """By seed, name, image and look, in any order."""
    rater = Rater("ada", inconsistency=1.0)
    forwards = [rater.judge(f"{number}", 3.0) for number in range(50)]
    backwards = [rater.judge(f"{number}", 3.0) for number in reversed(range(50))]
    assert forwards == backwards[::-1]
    for other in (Rater("ben", inconsistency=1.0), Rater("ada", inconsistency=1.0, seed=1)):
        assert forwards != [other.judge(f"{number}", 3.0) for number in range(50)]
    assert forwards != [rater.judge(f"{number}", 3.0, look=1) for number in range(50)]


def test_worse_maps_get_worse_grades() -> None:
    """On average, over the whole scale."""
    means = [np.mean(grades(Rater("ada"), quality)) for quality in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert means == sorted(means)
    assert means[0] < 1.5
    assert means[-1] > 4.5


def test_grades_have_the_bias_and_the_inconsistency_they_were_given() -> None:
    """Rounding adds a twelfth to the variance."""
    given = grades(Rater("ada", bias=0.4, inconsistency=0.6, carelessness=0.0), 3.0)
    assert np.mean(given) == pytest.approx(3.4, abs=0.05)
    assert np.var(given) == pytest.approx(0.6**2 + 1 / 12, abs=0.05)


def test_a_careless_moment_says_nothing_of_the_picture() -> None:
    """Each grade as likely; here always."""
    counts = np.bincount(grades(Rater("ada", carelessness=1.0), 5.0), minlength=6)[1:]
    assert counts.sum() == MANY
    assert np.abs(counts / MANY - 0.2).max() < 0.03


def test_vetoes_go_to_pictures_out_of_domain() -> None:
    """Nearly always, and rarely elsewhere; abstentions are rare."""
    rater = Rater("ada", carelessness=0.0)
    outside = [item.vetoed for item in judgements(rater, 1.0, out_of_domain=True)]
    inside = list(judgements(rater, 1.0))
    assert np.mean(outside) == pytest.approx(VETO_SEEN, abs=0.01)
    assert np.mean([item.vetoed for item in inside]) == pytest.approx(VETO_WRONG, abs=0.003)
    abstained = [item.grade is None and not item.vetoed for item in inside]
    assert np.mean(abstained) == pytest.approx(ABSTAINS, abs=0.004)


def test_a_judgement_takes_about_seven_seconds() -> None:
    """On average; never no time."""
    looked = np.array([item.looked_ms for item in judgements(Rater("ada"), 3.0)])
    assert looked.mean() == pytest.approx(7000, rel=0.03)
    assert looked.min() > 1000
    assert np.median(looked) < looked.mean()
