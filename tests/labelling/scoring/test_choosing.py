"""Which images become S and T."""

from dataclasses import replace
from typing import Any

import pytest

from madseg.core.errors import NotFound, NotReady
from madseg.labelling.scoring import choosing, kept
from madseg.labelling.scoring.choosing import ChosenImage
from madseg.ports import Database
from tests.labelling.fakes import add_set, hashed, image, neighbours
from tests.labelling.scoring.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """A candidate set of forty images; each has a main class of its own, but that 20 classes repeat."""
    return Desk(database, neighbours(40))


def scored(desk: Desk, **plan: Any) -> None:
    """A campaign in which image n has the grade 1 + n % 5."""
    desk.open(raters=1, **plan)
    desk.score_all({image(number): [1 + number % 5] for number in range(40)})


def ids(images: tuple[ChosenImage, ...]) -> list[str]:
    """Their ids in order."""
    return [item.image_id for item in images]


def test_s_is_the_lowest_means_with_ties_by_discrepancy(desk: Desk) -> None:
    """Images 0, 5, 10, ... have the lowest grade, and earlier ones the larger discrepancy. Who just missed is told."""
    scored(desk, counterexamples=10)
    sets = desk.choose()
    assert ids(sets.counterexamples) == [image(number) for number in (0, 5, 10, 15, 20, 25, 30, 35, 1, 6)]
    assert ids(sets.just_missed)[:3] == [image(number) for number in (11, 16, 21)]
    assert [item.rank for item in sets.counterexamples] == list(range(1, 11))
    assert {item.mean for item in sets.counterexamples} == {1.0, 2.0}
    assert sets.test == ()
    assert ids(sets.counterexamples + sets.just_missed) == [item.image_id for item in desk.opinions()]


def test_t_is_reserved_before_s_is_cut(desk: Desk) -> None:
    """Whatever the grades are T is the same, and no image is in both."""
    scored(desk, counterexamples=10, test_reserved=12, test_reported=10)
    first = desk.choose()
    desk.open(raters=1, counterexamples=10, test_reserved=12, test_reported=10)
    assert len(first.test) == 12
    assert set(ids(first.test)).isdisjoint(ids(first.counterexamples))
    assert set(ids(first.test)).isdisjoint(ids(first.just_missed))


def test_t_has_so_many_of_a_class_at_most(database: Database) -> None:
    """Images 0, 20, 40, ... have the same main class."""
    desk = Desk(database, neighbours(0))
    add_set(desk.neighbours, [20 * number for number in range(9)] + [1, 2], "b" * 32)
    desk.open(raters=1, counterexamples=1, test_reserved=8, test_reported=8, test_per_class=4)
    sets = desk.choose(allow_incomplete=True)
    assert len(sets.test) == 6
    assert sorted(item.main_class for item in sets.test) == ["aeroplane"] * 4 + ["bicycle", "bird"]


def test_vetoed_images_are_in_neither(desk: Desk) -> None:
    """Whoever vetoed them."""
    desk.open(raters=1, counterexamples=30, test_reserved=20, test_reported=20)
    vetoed = set()
    while held := desk.take("ada"):
        if int(held[0].image_id, 16) % 4 == 0:
            desk.veto("ada", held[0])
            vetoed.add(held[0].image_id)
        else:
            desk.grade("ada", held[0], 1)
    sets = desk.choose()
    assert len(vetoed) == 10
    assert vetoed.isdisjoint(ids(sets.counterexamples + sets.test + sets.just_missed))
    assert len(sets.counterexamples + sets.test + sets.just_missed) == 30


def test_images_of_earlier_sets_and_near_ones_are_not_chosen_again(desk: Desk) -> None:
    """S and T of an earlier campaign, and what looks like one of them."""
    scored(desk, counterexamples=5, test_reserved=5, test_reported=5)
    earlier = desk.choose()
    used = set(ids(earlier.counterexamples + earlier.test))
    twin = next(image(number) for number in range(40) if image(number) not in used)
    found = add_set(desk.neighbours, range(40), "b" * 32)
    hashed = {item.image_id: item.perceptual_hash for item in found.candidates}
    near = hashed[earlier.counterexamples[0].image_id]
    assert near is not None
    changed = [replace(item, perceptual_hash=near ^ 1) if item.image_id == twin else item for item in found.candidates]
    desk.neighbours.sets["b" * 32] = replace(found, candidates=tuple(changed))
    desk.open("b" * 32, raters=1, counterexamples=40, test_reserved=10, test_reported=10)
    sets = desk.choose()
    assert (used | {twin}).isdisjoint(ids(sets.counterexamples + sets.test + sets.just_missed))
    assert len(sets.counterexamples) + len(sets.test) == 40 - 11


def test_the_selector_is_told_of_both(desk: Desk) -> None:
    """S is kept out as training, T as test."""
    scored(desk, counterexamples=5, test_reserved=5, test_reported=5)
    sets = desk.choose()
    desk.run_errands()
    assert desk.neighbours.excluded_for("training") == set(ids(sets.counterexamples))
    assert desk.neighbours.excluded_for("test") == set(ids(sets.test))


def test_choosing_waits_for_all_judgements(desk: Desk) -> None:
    """Unless incomplete images are allowed, which are left out of S."""
    desk.open(raters=2, counterexamples=30)
    for rater in ("ada", "bob"):
        for item in desk.take(rater, 20):
            if rater == "ada" or int(item.image_id, 16) < 20:
                desk.grade(rater, item, 1)
    complete = {item.image_id for item in desk.opinions() if item.grades == 2}
    with pytest.raises(NotReady, match=rf"{40 - len(complete)} of 40 images still lack judgements"):
        desk.choose()
    sets = desk.choose(allow_incomplete=True)
    assert set(ids(sets.counterexamples)) == complete


def test_a_second_choice_answers_with_the_first(desk: Desk) -> None:
    """The campaign is closed by then."""
    scored(desk, counterexamples=5)
    assert desk.choose() == desk.choose()
    assert desk.progress().kept.state == "closed"


def test_nothing_is_chosen_in_an_open_campaign(desk: Desk) -> None:
    """The message says what does."""
    desk.open()
    with desk.database.snapshot() as tx, pytest.raises(NotFound, match="madseg campaign choose"):
        choosing.chosen(tx, kept.campaign(tx, ""))
    with desk.database.snapshot() as tx, pytest.raises(NotFound, match="closed yet: `madseg campaign choose`"):
        kept.campaign(tx, "", kept.CLOSED)


def test_the_next_in_line_takes_the_place_of_one_that_is_sent_back(desk: Desk) -> None:
    """At the end of S, for as long as somebody is in line; one of T isn't replaced, as more are reserved."""
    scored(desk, counterexamples=3, test_reserved=2, test_reported=1)
    before = desk.choose()
    out, following = before.counterexamples[0], before.just_missed[0]
    with desk.database.write() as tx:
        found = kept.campaign(tx, "")
        assert choosing.replace(tx, found, bytes.fromhex(out.image_id), desk.now) == following.image_id
        assert choosing.replace(tx, found, bytes.fromhex(before.test[0].image_id), desk.now) is None
        with pytest.raises(NotFound, match="neither in S nor in T"):
            choosing.replace(tx, found, bytes.fromhex(out.image_id), desk.now)
        after = choosing.chosen(tx, found)
    assert ids(after.counterexamples) == [*ids(before.counterexamples)[1:], following.image_id]
    assert ids(after.test) == ids(before.test)[1:]
    assert ids(after.just_missed) == ids(before.just_missed)[1:]
    desk.run_errands()
    assert desk.neighbours.excluded_for("training") == set(ids(after.counterexamples))


@pytest.mark.parametrize("by", ["the image", "its twin"])
@pytest.mark.parametrize("to", ["S", "T"])
def test_what_another_campaign_has_taken_meanwhile_is_passed_over(desk: Desk, by: str, to: str) -> None:
    """For its S or T, or what looks like it: nothing is learned from that somebody measures on, and nothing twice."""
    scored(desk, counterexamples=3, test_reserved=2, test_reported=1)
    first = desk.choose()
    taken, following = first.just_missed[:2]
    campaign = first.campaign_id
    number = int(taken.image_id, 16) if by == "the image" else 90
    found = add_set(desk.neighbours, [number], "b" * 32)
    twin = replace(found.candidates[0], perceptual_hash=hashed(int(taken.image_id, 16)) ^ 1)
    desk.neighbours.sets["b" * 32] = replace(found, candidates=(twin,))
    desk.open("b" * 32, raters=1, counterexamples=1, test_reserved=to == "T", test_reported=0)
    desk.score_all({image(number): [1]})
    second = desk.choose()
    assert ids(second.counterexamples + second.test) == [image(number)]
    out = bytes.fromhex(first.counterexamples[0].image_id)
    with desk.database.write() as tx:
        assert choosing.replace(tx, kept.campaign(tx, campaign), out, desk.now) == following.image_id
    assert ids(desk.chosen(campaign).just_missed)[0] == taken.image_id


def test_the_reported_part_of_t_follows_late_vetoes(desk: Desk) -> None:
    """A veto from a later campaign takes an image out and lets the next one in; taken back, all is as before."""
    scored(desk, counterexamples=10, test_reserved=8, test_reported=3)
    drawn = desk.choose()
    first = drawn.campaign_id
    assert [item.reported for item in drawn.test] == [True] * 3 + [False] * 5
    assert not any(item.reported for item in (*drawn.counterexamples, *drawn.just_missed))
    desk.open(raters=2)
    out = drawn.test[1].image_id
    while (held := desk.take("eve")) and held[0].image_id != out:
        desk.grade("eve", held[0])
    desk.veto("eve", held[0])
    assert [item.reported for item in desk.chosen(first).test] == [True, False, True, True] + [False] * 4
    desk.revoke(out)
    assert drawn == desk.chosen(first)
