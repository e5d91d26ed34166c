"""How strong models are by their duels."""

import math

import numpy as np
import pytest

from madseg.core.duels import LEAST, steadiness, strengths

FIGURES = {
    (0, 1): (np.array([0.8, 0.6]), np.array([0.2, 0.5])),
    (0, 2): (np.array([0.9, 0.7]), np.array([0.3, 0.1])),
    (1, 2): (np.array([0.5, 0.5]), np.array([0.4, 0.2])),
}


def test_who_wins_against_everybody_is_the_strongest() -> None:
    """And the Perron vector of the ratios is what all parts are."""
    found = strengths(FIGURES, 3)
    assert found is not None
    assert found.argsort().tolist() == [2, 1, 0]
    ratios = np.ones((3, 3))
    for (first, second), (one, other) in FIGURES.items():
        ratios[first, second] = one.mean() / other.mean()
        ratios[second, first] = 1 / ratios[first, second]
    values, vectors = np.linalg.eig(ratios)
    wanted = np.abs(vectors[:, values.real.argmax()].real)
    assert found == pytest.approx(wanted / wanted.sum(), abs=1e-9)


def test_a_pair_without_an_image_leaves_the_ranking_open() -> None:
    """Nobody is strong by default; one with nothing right is weak, and not infinitely so."""
    nothing = np.empty(0)
    assert strengths({**FIGURES, (1, 2): (nothing, nothing)}, 3) is None
    assert steadiness({**FIGURES, (1, 2): (nothing, nothing)}, {pair: [] for pair in FIGURES}, 3, 2) == []
    two = strengths({(0, 1): (np.array([0.5]), np.array([0.0]))}, 2)
    assert two is not None
    assert two[1] / two[0] == pytest.approx(LEAST / 0.5)


def test_how_near_the_first_places_come_to_all() -> None:
    """One by all; not defined while a pair has no image among the first."""
    places = {(0, 1): [1, 2], (0, 2): [1, 2], (1, 2): [2, 2]}
    first, second = steadiness(FIGURES, places, 3, 2)
    assert math.isnan(first)
    assert second == 1.0
