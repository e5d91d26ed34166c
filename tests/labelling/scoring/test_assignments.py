"""Leases: who is given what, and for how long."""

from collections import Counter

import pytest

from madseg.core.errors import Forbidden, InvalidInput, NotFound, NotReady
from madseg.labelling.scoring import assignments
from madseg.ports import Database
from tests.labelling.fakes import OURS, image, neighbours
from tests.labelling.scoring.desk import SECOND, Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """A candidate set of twelve images."""
    return Desk(database, neighbours(12))


def test_an_image_is_leased_with_what_is_judged(desk: Desk) -> None:
    """The image, the target's version, and when the lease ends."""
    desk.open(lease_seconds=60)
    (held,) = desk.take("ada")
    assert held.image_id in {image(number) for number in range(12)}
    assert (held.target, held.leased_until) == (OURS, desk.now + 60 * SECOND)


def test_what_is_held_comes_first_and_in_the_same_order(desk: Desk) -> None:
    """Asking again gives nothing new until something is judged."""
    desk.open()
    held = desk.take("ada", 3)
    assert desk.take("ada", 3) == held
    assert desk.take("ada", 1) == held
    desk.grade("ada", held[0])
    after = desk.take("ada", 3)
    assert after[:2] == held[1:]
    assert held[0].image_id not in {item.image_id for item in after}


def test_leases_that_are_held_are_prolonged(desk: Desk) -> None:
    """Whoever goes on working keeps what was prefetched."""
    desk.open(lease_seconds=60)
    (held,) = desk.take("ada")
    desk.now += 50 * SECOND
    (again,) = desk.take("ada")
    assert (again.id, again.leased_until) == (held.id, desk.now + 60 * SECOND)


def test_each_rater_goes_in_an_order_of_their_own_that_a_seed_repeats(desk: Desk) -> None:
    """Two raters begin differently; the same seed gives the same rater the same order."""
    first = desk.open(raters=5, seed=3)
    orders = {rater: [item.image_id for item in desk.take(rater, 12, first.kept.id)] for rater in ("ada", "bob")}
    assert sorted(orders["ada"]) == sorted(orders["bob"])
    assert orders["ada"] != orders["bob"]
    second, third = desk.open(raters=5, seed=3), desk.open(raters=5, seed=4)
    assert orders["ada"] == [item.image_id for item in desk.take("ada", 12, second.kept.id)]
    assert orders["ada"] != [item.image_id for item in desk.take("ada", 12, third.kept.id)]


def test_orders_are_spread_evenly(database: Database) -> None:
    """Over many raters each image comes first about as often, and follows each other image about as often."""
    desk = Desk(database, neighbours(6))
    opened = desk.open(raters=50)
    begun: Counter[str] = Counter()
    for number in range(50):
        held = desk.take(f"rater {number}", 6, opened.kept.id)
        begun[held[0].image_id] += 1
    assert set(begun) == {image(number) for number in range(6)}
    assert max(begun.values()) <= 20


def test_no_image_is_given_to_more_raters_than_it_needs(desk: Desk) -> None:
    """Grades and live leases together."""
    desk.open(raters=2)
    given = Counter(item.image_id for rater in ("ada", "bob", "cy") for item in desk.take(rater, 12))
    assert given == {image(number): 2 for number in range(12)}
    assert desk.take("dan") == []


def test_a_lease_that_has_ended_goes_to_somebody_else(desk: Desk) -> None:
    """At the moment that it says, not before."""
    desk.open(raters=1, lease_seconds=60)
    held = desk.take("ada", 12)
    desk.now = held[0].leased_until - 1
    assert desk.take("bob") == []
    desk.now += 1
    assert len(desk.take("bob", 12)) == 12
    assert desk.take("ada") == []


def test_what_lapsed_may_come_back_to_the_same_rater(desk: Desk) -> None:
    """Nobody judged it: it isn't a second time."""
    desk.open(raters=1, lease_seconds=60)
    held = {item.image_id for item in desk.take("ada", 12)}
    desk.now += 61 * SECOND
    assert {item.image_id for item in desk.take("ada", 12)} == held


def test_what_is_given_back_is_free_at_once(desk: Desk) -> None:
    """Some, or all that is held."""
    desk.open(raters=1)
    held = desk.take("ada", 12)
    assert assignments.give_back(desk.database, "ada", [held[0].id, held[0].id], desk.now) == 1
    assert [item.image_id for item in desk.take("bob", 12)] == [held[0].image_id]
    assert assignments.give_back(desk.database, "ada", [], desk.now) == 11
    assert assignments.give_back(desk.database, "ada", [], desk.now) == 0
    assert len(desk.take("bob", 12)) == 12


def test_others_assignments_cant_be_given_back(desk: Desk) -> None:
    """Nor any that don't exist; nothing is given back then."""
    desk.open(raters=1)
    (mine,), (others,) = desk.take("ada"), desk.take("bob")
    with pytest.raises(Forbidden, match="somebody else's"):
        assignments.give_back(desk.database, "ada", [mine.id, others.id], desk.now)
    with pytest.raises(NotFound, match="no assignment"):
        assignments.give_back(desk.database, "ada", ["nothing"], desk.now)
    assert desk.take("ada") == [mine]


def test_counts_say_how_far_a_rater_is(desk: Desk) -> None:
    """Judged, and what is left, which others' work makes less."""
    desk.open(raters=1)
    held = desk.take("ada", 2)
    assert (desk.tally("ada").judged, desk.tally("ada").left) == (0, 12)
    after = desk.grade("ada", held[0])
    assert (after.judged, after.left) == (1, 11)
    desk.grade("bob", desk.take("bob")[0])
    assert (desk.tally("ada").judged, desk.tally("ada").left) == (1, 10)


@pytest.mark.parametrize("count", [0, 21, -1])
def test_a_count_has_bounds(desk: Desk, count: int) -> None:
    """1 to 20; the message says so."""
    desk.open()
    with pytest.raises(InvalidInput, match=r"count must be 1\.\.20"):
        desk.take("ada", count)


def test_there_must_be_an_open_campaign(desk: Desk) -> None:
    """None at all, one that isn't there, one that is closed."""
    with pytest.raises(NotFound, match="madseg campaign create"):
        desk.take("ada")
    opened = desk.open()
    with pytest.raises(NotFound, match="no campaign"):
        desk.take("ada", 1, "nothing")
    desk.choose(allow_incomplete=True)
    with pytest.raises(NotReady, match="closed"):
        desk.take("ada", 1, opened.kept.id)
    with pytest.raises(NotFound, match="open"):
        desk.take("ada")


def test_repeats_come_later_and_once(database: Database) -> None:
    """With a share of 1 every image comes a second time, at least eight judgements after the first."""
    desk = Desk(database, neighbours(20))
    desk.open(raters=1, repeat_share=1.0)
    order = []
    while held := desk.take("ada"):
        order.append(held[0].image_id)
        desk.grade("ada", held[0])
    assert Counter(order) == {image(number): 2 for number in range(20)}
    first = {found: order.index(found) for found in order}
    gaps = [at - first[found] for at, found in enumerate(order) if at != first[found]]
    assert min(gaps[:10]) >= 8
    assert (desk.tally("ada").judged, desk.tally("ada").left) == (40, 0)


def test_repeats_stay_out_of_the_opinion(desk: Desk) -> None:
    """The second grade of the same rater counts for nothing but self-agreement."""
    desk.open(raters=1, repeat_share=1.0)
    seen: set[str] = set()
    while held := desk.take("ada"):
        desk.grade("ada", held[0], 5 if held[0].image_id in seen else 2)
        seen.add(held[0].image_id)
    assert {(item.mean, item.grades) for item in desk.opinions()} == {(2.0, 1)}
    assert desk.progress().grades == 12


def test_a_share_of_the_images_is_repeated(database: Database) -> None:
    """Drawn for each rater by the seed."""
    desk = Desk(database, neighbours(60))
    desk.open(raters=1, repeat_share=0.2)
    count = 0
    while held := desk.take("ada"):
        desk.grade("ada", held[0])
        count += 1
    assert 60 + 4 <= count <= 60 + 24
