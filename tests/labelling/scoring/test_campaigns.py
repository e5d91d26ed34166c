"""Opening campaigns, and what comes over from earlier ones."""

import pytest

from madseg.core.errors import AlreadyExists, InvalidInput, NotFound, NotReady, Unavailable
from madseg.core.messages import VersionRef
from madseg.labelling.scoring import campaigns
from madseg.labelling.scoring.plan import Plan
from madseg.ports import Database
from madseg.requests import token
from tests.labelling.fakes import OURS, add_set, image, label_map, neighbours
from tests.labelling.scoring.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """A candidate set of six images."""
    return Desk(database, neighbours(6))


def test_a_campaign_is_over_a_candidate_set(desk: Desk) -> None:
    """The newest where none is named."""
    opened = desk.open(raters=2)
    assert (
        opened.kept.candidate_set_id,
        opened.kept.target,
        opened.kept.images,
        opened.kept.state,
    ) == ("a" * 32, OURS, 6, "open")
    assert (opened.finished, opened.grades, opened.grades_wanted, opened.active) == (0, 0, 12, ())
    with pytest.raises(NotFound, match="no candidate set"):
        desk.open("c" * 32)


def test_a_second_call_with_the_same_key_answers_with_the_first_campaign(desk: Desk) -> None:
    """One that asks for something else is refused, unless nobody knows what the first one asked for."""
    first = desk.open(key="once", asked=b"1" * 32)
    assert desk.open(key="once", asked=b"1" * 32) == first
    with pytest.raises(AlreadyExists, match=f"made campaign {first.kept.id}: a new call needs a new key"):
        desk.open(key="once", asked=b"2" * 32)
    unknown = desk.open(key="twice")
    assert unknown.kept.id != first.kept.id
    assert desk.open(key="twice", asked=b"2" * 32) == unknown


def test_campaigns_come_in_pages(desk: Desk) -> None:
    """Newest first, each once, though another one is opened between two pages; the last page has no token."""
    opened = [desk.open().kept.id for _ in range(5)]

    def page(size: int, token: str) -> tuple[list[str], str]:
        with desk.database.snapshot() as tx:
            found, more = campaigns.page(tx, size, token, desk.now)
        return [item.kept.id for item in found], more

    first, more = page(2, "")
    later = desk.open().kept.id
    second, more = page(2, more)
    assert (first + second, page(2, more)) == (opened[:0:-1], ([opened[0]], ""))
    assert (page(1, more), page(6, "")) == (([opened[0]], ""), ([later, *opened[::-1]], ""))
    for text in ("?", token(campaign=5), token(task=5), token(set_number=5)):
        with pytest.raises(InvalidInput, match="page_token"):
            page(2, text)


def test_images_without_a_map_of_the_target_are_left_out(desk: Desk) -> None:
    """There is nothing to judge; where no image has one nothing is opened."""
    del desk.neighbours.maps[image(2)][OURS]
    assert desk.open().kept.images == 5
    add_set(desk.neighbours, [0, 1], "b" * 32, VersionRef("ours", 9))
    with pytest.raises(NotReady, match="ours/9 has no label map of any of the 2 images"):
        desk.open("b" * 32)


def test_a_selector_that_does_not_answer_leaves_nothing_behind(desk: Desk) -> None:
    """The same call later opens it."""
    desk.neighbours.away = True
    with pytest.raises(Unavailable):
        desk.open(key="once")
    desk.neighbours.away = False
    assert desk.open(key="once").kept.images == 6


def test_grades_come_over_while_the_map_is_the_same(desk: Desk) -> None:
    """Of another version too, but not where its map differs; raters aren't asked about what they graded before."""
    desk.open(raters=2)
    for held in desk.take("ada", 6):
        desk.grade("ada", held, 1 + int(held.image_id, 16) % 5)
    newer = VersionRef("ours", 2)
    for number in range(6):
        maps = desk.neighbours.maps[image(number)]
        maps[newer] = maps[OURS] if number < 4 else label_map(number + 50, newer)
    add_set(desk.neighbours, range(6), "b" * 32, newer)
    second = desk.open("b" * 32, raters=2)
    assert (second.kept.carried, second.grades) == (4, 4)
    assert {image(4), image(5)} == {item.image_id for item in desk.take("ada", 6, second.kept.id)}
    assert len(desk.take("bob", 6, second.kept.id)) == 6
    found = {item.image_id: item.mean for item in desk.opinions(second.kept.id)}
    assert found == {image(number): 1.0 + number % 5 if number < 4 else None for number in range(6)}


def test_what_comes_over_can_be_all_that_is_needed(desk: Desk) -> None:
    """Then the campaign is scored from its beginning; the grades come over once, however often that is done."""
    desk.open(raters=1)
    for held in desk.take("ada", 6):
        desk.grade("ada", held)
    for _ in range(2):
        again = desk.open(raters=1)
        assert (again.kept.state, again.finished, again.kept.carried) == ("scored", 6, 6)


def test_a_grade_that_is_undone_leaves_later_campaigns_too(desk: Desk) -> None:
    """It was said of the same map."""
    first = desk.open(raters=1)
    (held,) = desk.take("ada")
    desk.grade("ada", held)
    second = desk.open(raters=1)
    assert second.grades == 1
    desk.undo("ada", first.kept.id)
    assert desk.progress(second.kept.id).grades == 0
    assert held.image_id in {item.image_id for item in desk.take("bob", 6, second.kept.id)}


def test_who_holds_leases_is_shown(desk: Desk) -> None:
    """Only while they last."""
    opened = desk.open(lease_seconds=60)
    desk.take("bob")
    desk.take("ada")
    assert desk.progress().active == ("ada", "bob")
    desk.now += 61_000_000
    assert desk.progress(opened.kept.id).active == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("raters", 0), ("raters", 51), ("counterexamples", 0), ("full_share", 1.1), ("full_share", float("nan"))],
)
def test_a_plan_has_bounds(name: str, value: float) -> None:
    """The message names the value and the range, the error the field."""
    with pytest.raises(InvalidInput, match=f"{name} must be") as caught:
        Plan(seed=1, **{name: value})  # type: ignore[arg-type]
    assert caught.value.field == f"plan.{name}"


def test_no_more_of_t_is_reported_than_reserved() -> None:
    """The message names both."""
    with pytest.raises(InvalidInput, match=r"test_reported must be at most test_reserved \(10\), got 30"):
        Plan(seed=1, test_reserved=10)
