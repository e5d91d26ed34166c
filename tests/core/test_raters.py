"""Bias and inconsistency of raters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madseg.core.raters import LEAST, Fit, fit

BIAS = {"ada": 0.6, "ben": -0.2, "cem": -0.4}
SPREAD = {"ada": 0.4, "ben": 0.7, "cem": 1.1}

GRADES = st.dictionaries(
    st.integers(0, 20), st.dictionaries(st.sampled_from("abcde"), st.integers(1, 5), max_size=5), max_size=20
)


def simulated(images: int, seed: int) -> tuple[dict[int, dict[str, int]], list[float]]:
    """Grades of three raters, and what each image deserves."""
    random = np.random.default_rng(seed)
    deserved = random.uniform(1.8, 4.2, images)
    return {
        row: {name: int(np.clip(np.rint(true + BIAS[name] + random.normal(0, SPREAD[name])), 1, 5)) for name in BIAS}
        for row, true in enumerate(deserved)
    }, deserved.tolist()


def test_it_finds_what_grades_were_made_with() -> None:
    """Within a tenth or two; grades are rounded and end at 1 and 5, which spreads and narrows."""
    grades, _ = simulated(1500, 1)
    found = fit(grades)
    assert found.bias == pytest.approx(BIAS, abs=0.1)
    assert found.inconsistency == pytest.approx({"ada": 0.5, "ben": 0.76, "cem": 1.05}, abs=0.2)


def test_adjusted_scores_are_nearer_to_the_truth_where_raters_saw_other_images() -> None:
    """A third of the images without the lenient one, a third without the careless one."""
    grades, deserved = simulated(600, 2)
    for row in range(200):
        del grades[row]["ada"]
        del grades[200 + row]["cem"]
    found = fit(grades)
    plain = np.array([np.mean(list(item.values())) for item in grades.values()])
    better = np.array([found.adjusted(item) for item in grades.values()], np.float64)
    assert np.abs(better - deserved).mean() < np.abs(plain - deserved).mean() - 0.02


def test_of_one_rater_nothing_can_be_said() -> None:
    """Nor without grades, nor where nobody shares enough images."""
    assert fit({}) == Fit()
    assert fit({row: {"ada": 3} for row in range(50)}) == Fit()
    assert fit({row: {"ada": 3, "ben": 4} for row in range(4)}) == Fit()


def test_groups_that_share_no_image_are_not_compared() -> None:
    """The larger one is told of."""
    grades: dict[int, dict[str, int]] = {row: {"ada": 2, "ben": 4} for row in range(20)}
    grades |= {100 + row: {"cem": 1, "dan": 1} for row in range(10)}
    found = fit(grades)
    assert found.bias == pytest.approx({"ada": -1, "ben": 1})
    assert found.adjusted({"cem": 1}) is None


def test_raters_who_always_agree_have_the_least_spread() -> None:
    """Rounding leaves that much."""
    found = fit({row: dict.fromkeys(BIAS, row % 5 + 1) for row in range(20)})
    assert found.inconsistency == dict.fromkeys(BIAS, LEAST)
    assert found.bias == pytest.approx(dict.fromkeys(BIAS, 0), abs=1e-9)


def test_two_raters_hide_whose_spread_it_is() -> None:
    """Grades tell the sum of both variances alone, also for two camps that never meet themselves; biases are told."""
    found = fit({row: {"ada": row % 4 + 1, "ben": row % 4 + 2} for row in range(20)})
    assert found.inconsistency == {}
    assert found.bias == pytest.approx({"ada": -0.5, "ben": 0.5})
    assert found.adjusted({"ada": 2, "ben": 4}) == pytest.approx(3)
    camps = [("ada", "ben"), ("ben", "cem"), ("cem", "dan"), ("dan", "ada")]
    square = {row: dict.fromkeys(camps[row % 4], row % 5 + 1) for row in range(40)}
    assert fit(square).inconsistency == {}
    triangle = square | {100 + row: {"ada": 3, "cem": 4} for row in range(5)}
    assert fit(triangle).inconsistency.keys() == {"ada", "ben", "cem", "dan"}


def test_a_rater_who_shares_too_few_images_is_not_told_of() -> None:
    """Nor one whose images are shared with such raters alone."""
    grades: dict[int, dict[str, int]] = {row: {"ada": 3, "ben": 4, "cem": 3} for row in range(9)}
    grades |= {10: {"ada": 3, "dan": 5}, 11: {"dan": 1, "eva": 1}, 12: {"dan": 1, "eva": 1}}
    grades |= {20 + row: {"eva": 1, f"once {row}": 5} for row in range(9)}
    assert fit(grades).bias.keys() == {"ada", "ben", "cem"}


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_it_recovers_biases_and_inconsistencies_from_sparse_grades(seed: int) -> None:
    """Of the model itself: seven raters, three of them an image. Four standard errors hold in all but rare draws."""
    random = np.random.default_rng(seed)
    raters = 7
    bias, spread = random.normal(0, 0.5, raters), random.uniform(0.4, 1.3, raters)
    grades = {
        row: {f"{n}": true + random.normal(bias[n], spread[n]) for n in seen}
        for row, true in enumerate(random.uniform(1, 5, 1500))
        for seen in [random.permutation(raters)[:3].tolist()]
    }
    found = fit(grades)
    wanted = bias - bias.mean()
    assert [found.bias[f"{n}"] for n in range(raters)] == pytest.approx(wanted.tolist(), abs=0.25)
    assert [found.inconsistency[f"{n}"] for n in range(raters)] == pytest.approx(spread.tolist(), abs=0.25)


def test_biases_are_the_weighted_least_squares() -> None:
    """As a solver of all scores and biases at once finds them, with the inconsistencies that were found."""
    random = np.random.default_rng(3)
    names = ["ada", "ben", "cem", "dan"]
    grades = {row: {n: int(random.integers(1, 6)) for n in names if random.random() < 0.6} for row in range(60)}
    grades = {row: item for row, item in grades.items() if len(item) > 1}
    found = fit(grades)
    rows = [(row, n, grade) for row, item in enumerate(grades.values()) for n, grade in item.items()]
    design = np.zeros((len(rows), len(grades) + len(names)))
    for at, (row, name, _) in enumerate(rows):
        design[at, row] = design[at, len(grades) + names.index(name)] = 1
    weight = np.array([1 / found.inconsistency[name] for _, name, _ in rows])
    solved = np.linalg.lstsq(design * weight[:, None], weight * [grade for *_, grade in rows], rcond=None)[0]
    biases = solved[len(grades) :]
    assert [found.bias[name] for name in names] == pytest.approx((biases - biases.mean()).tolist(), abs=1e-5)


@given(GRADES, st.randoms(use_true_random=False))
def test_the_order_of_grades_changes_nothing(grades: dict[int, dict[str, int]], random: object) -> None:
    """And whatever comes, biases add up to 0 and spreads aren't below the least."""
    items = list(grades.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    turned = fit({row: dict(reversed(given.items())) for row, given in items})
    found = fit(grades)
    assert turned == found
    assert sum(found.bias.values()) == pytest.approx(0, abs=1e-6)
    assert all(spread >= LEAST for spread in found.inconsistency.values())


@given(GRADES, st.permutations("abcde"))
def test_names_change_nothing(grades: dict[int, dict[str, int]], names: list[str]) -> None:
    """Raters are told apart by their grades alone, but where two groups are as large as each other."""
    new = dict(zip("abcde", names, strict=True))
    found = fit(grades)
    turned = fit({row: {new[rater]: grade for rater, grade in given.items()} for row, given in grades.items()})
    if {new[rater] for rater in found.bias} == turned.bias.keys():
        assert turned.bias == pytest.approx({new[rater]: bias for rater, bias in found.bias.items()}, abs=1e-4)
        told = {new[rater]: spread for rater, spread in found.inconsistency.items()}
        assert turned.inconsistency == pytest.approx(told, abs=1e-3)
