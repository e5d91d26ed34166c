"""Opinions in the order of S, and what they tell of the raters."""

from typing import Any

import pytest

from madseg.core.errors import InvalidInput
from madseg.labelling.scoring.agreement import RaterReport
from madseg.labelling.scoring.judgements import Said
from madseg.ports import Database
from madseg.requests import token
from tests.labelling.fakes import image, neighbours
from tests.labelling.scoring.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """A candidate set of twelve images."""
    return Desk(database, neighbours(12))


def graded(desk: Desk, **plan: Any) -> None:
    """Two raters and a third who is a grade milder, on all images."""
    desk.open(raters=3, **plan)
    desk.score_all({image(n): [1 + n % 4, 1 + n % 4, 2 + n % 4] for n in range(12)})


def test_means_have_intervals(desk: Desk) -> None:
    """Student's t of three grades, two of them the same."""
    graded(desk)
    first = desk.opinions()[0]
    assert first.image_id == image(0)
    assert first.mean == pytest.approx(4 / 3)
    assert first.half_width == pytest.approx(4.3027 / 3, rel=1e-4)


def test_pages_follow_each_other(desk: Desk) -> None:
    """Whatever their size, and each image once, vetoed ones and those without a grade last."""
    desk.open(raters=2)
    for number, held in enumerate(desk.take("ada", 6)):
        desk.say("ada", held, Said(reason="corrupt") if number == 2 else Said(grade=1 + number % 3))
    everything = desk.opinions()
    assert [bool(item.vetoes) for item in everything] == [False] * 11 + [True]
    assert [item.grades for item in everything] == [1] * 5 + [0] * 7
    for size in (1, 5, 12):
        found, page_token = [], ""
        while True:
            page, page_token = desk.opinions_of.page("", size, page_token)
            found += page
            if not page_token:
                break
        assert found == everything


@pytest.mark.parametrize("foreign", ["nothing", token(after=1), token(campaign="", after=[0, "x", "y", "z"])])
def test_foreign_tokens_are_refused(desk: Desk, foreign: str) -> None:
    """Also such that look right."""
    desk.open()
    with pytest.raises(InvalidInput, match="page_token"):
        desk.opinions_of.page("", 5, foreign)


def test_biases_are_taken_out(desk: Desk) -> None:
    """The mild rater is found, and the adjusted opinion is near to what all of them mean."""
    graded(desk)
    told = {item.rater: item for item in desk.opinions_of.agreement("").raters}
    assert told["r2"].bias == pytest.approx(2 / 3, abs=0.01)
    assert told["r0"].bias == pytest.approx(-1 / 3, abs=0.01)
    assert {round(item.adjusted, 2) for item in desk.opinions() if item.adjusted} == {1.33, 2.33, 3.33, 4.33}


def test_agreement_is_that_of_all_images(desk: Desk) -> None:
    """Alpha below 1, as the mild rater differs; the hours are those of 36 judgements and of the masks."""
    graded(desk, counterexamples=3)
    found = desk.opinions_of.agreement("")
    assert found.alpha is not None
    assert 0.4 < found.alpha < 0.9
    assert found.images == 12
    assert found.hours_scoring == pytest.approx(36 * 7 / 3600)
    assert found.hours_masks == pytest.approx(3 * 135 / 3600)
    assert found.hours_all_masks == pytest.approx(12 * 135 / 3600)
    assert (found.grades_saved, found.vetoes_missed) == (0, 0.0)


def test_a_rater_is_reported_with_vetoes_and_repeats(desk: Desk) -> None:
    """Vetoes count whether in force or not; repeats tell whether somebody agrees with themselves."""
    desk.open(raters=1, repeat_share=1.0)
    (held,) = desk.take("ada")
    desk.veto("ada", held)
    desk.revoke(held.image_id)
    seen: set[str] = set()
    while held_now := desk.take("ada"):
        number = int(held_now[0].image_id, 16)
        desk.grade("ada", held_now[0], 5 if held_now[0].image_id in seen and number % 2 else 4)
        seen.add(held_now[0].image_id)
    even = sum(int(item, 16) % 2 == 0 for item in seen)
    (told,) = desk.opinions_of.agreement("").raters
    assert told == RaterReport("ada", 11, 1, 0, 1 / 12, None, None, 11, even / 11, 4.0)


def test_opinions_follow_what_happens(desk: Desk) -> None:
    """What was worked out before is not told again."""
    desk.open(raters=1)
    assert desk.opinions()[0].grades == 0
    (held,) = desk.take("ada")
    desk.grade("ada", held, 2)
    assert (desk.opinions()[0].image_id, desk.opinions()[0].mean) == (held.image_id, 2.0)
    desk.undo("ada")
    assert desk.opinions()[0].mean is None


def test_opinions_follow_a_veto_that_is_taken_back_once_the_sets_are_chosen(desk: Desk) -> None:
    """A campaign that is closed is not one that says no more."""
    desk.open(raters=1)
    (held,) = desk.take("ada")
    desk.veto("ada", held)
    desk.choose(allow_incomplete=True)
    closed = desk.progress().kept.state

    def vetoes() -> int:
        return next(item.vetoes for item in desk.opinions() if item.image_id == held.image_id)

    assert vetoes() == 1
    assert desk.revoke(held.image_id) == 1
    assert (vetoes(), desk.progress().kept.state) == (0, closed)
