"""What raters say: once, with undo, and with vetoes that belong to the image."""

import pytest

from madseg.core.errors import Forbidden, InvalidInput, NotFound, NotReady
from madseg.labelling.scoring import vetoes
from madseg.labelling.scoring.judgements import Said
from madseg.ports import Database
from tests.labelling.fakes import add_set, neighbours
from tests.labelling.scoring.desk import SECOND, Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """A candidate set of six images."""
    return Desk(database, neighbours(6))


def test_grades_finish_an_image(desk: Desk) -> None:
    """As many as the plan wants, and the campaign is scored when all are."""
    desk.open(raters=2)
    for rater in ("ada", "bob"):
        assert desk.progress().kept.state == "open"
        for held in desk.take(rater, 6):
            desk.grade(rater, held, 4)
    done = desk.progress()
    assert (done.kept.state, done.finished, done.grades, done.grades_wanted) == ("scored", 6, 12, 12)
    assert {(item.mean, item.grades) for item in desk.opinions()} == {(4.0, 2)}


def test_the_same_judgement_may_come_again(desk: Desk) -> None:
    """A client that had no answer sends it once more; another judgement is refused, and the first one stays."""
    desk.open()
    (held,) = desk.take("ada")
    assert desk.grade("ada", held, 2) == desk.grade("ada", held, 2)
    with pytest.raises(NotReady, match=r"judged already \(grade 2\): undo that first"):
        desk.grade("ada", held, 3)
    with pytest.raises(NotReady, match="judged already"):
        desk.veto("ada", held)
    assert desk.progress().grades == 1


def test_somebody_elses_assignment_is_refused(desk: Desk) -> None:
    """Also where its id is known."""
    desk.open()
    (held,) = desk.take("ada")
    with pytest.raises(Forbidden, match="somebody else's"):
        desk.grade("bob", held)
    with pytest.raises(NotFound, match="take one first"):
        desk.say("ada", type(held)("nothing", held.image_id, held.target, 0), Said(grade=1))


@pytest.mark.parametrize("grade", [0, 6, -1])
def test_a_grade_has_five_values(grade: int) -> None:
    """The message names them."""
    with pytest.raises(InvalidInput, match=rf"1 \(bad\) \.\. 5 \(excellent\), got {grade}"):
        Said(grade=grade)


def test_a_veto_needs_a_reason(desk: Desk) -> None:
    """One of four; the last needs words, which have a bound."""
    with pytest.raises(InvalidInput, match="needs a reason: one of no_class"):
        Said(reason="")
    with pytest.raises(InvalidInput, match="needs a text"):
        Said(reason="other", text=" ")
    with pytest.raises(InvalidInput, match="at most 1000 characters"):
        Said(reason="other", text="x" * 1001)
    assert Said(reason="other", text="<script>alert(1)</script>").kind == "veto"


def test_one_veto_finishes_an_image_and_the_selector_is_told(desk: Desk) -> None:
    """Nobody else is asked about it; a held lease may still be judged."""
    desk.open(raters=3)
    (held,) = desk.take("ada")
    others = desk.take("bob", 6)
    desk.veto("ada", held)
    assert desk.neighbours.excluded == set()
    desk.run_errands()
    assert desk.neighbours.excluded == {(held.image_id, "veto")}
    assert held.image_id not in {item.image_id for item in desk.take("cy", 6)}
    (also,) = [item for item in others if item.image_id == held.image_id]
    desk.grade("bob", also)
    assert (desk.progress().vetoed, desk.progress().finished) == (1, 1)
    assert desk.opinions()[-1].image_id == held.image_id


def test_an_errand_waits_for_the_selector(desk: Desk) -> None:
    """What it doesn't hear now it hears later, in order."""
    desk.open(raters=1)
    (held,) = desk.take("ada")
    desk.veto("ada", held)
    desk.undo("ada")
    desk.grade("ada", held)
    desk.neighbours.away = True
    with pytest.raises(Exception, match="does not answer"):
        desk.run_errands()
    desk.neighbours.away = False
    desk.run_errands()
    desk.run_errands()
    assert desk.neighbours.told == [("exclude", held.image_id, "veto"), ("restore", held.image_id, "veto")]
    assert desk.neighbours.excluded == set()


def test_an_abstention_asks_somebody_else(desk: Desk) -> None:
    """And never the same rater again."""
    desk.open(raters=1)
    for held in desk.take("ada", 6):
        desk.say("ada", held, Said())
    assert desk.take("ada") == []
    assert len(desk.take("bob", 6)) == 6
    assert {item.abstentions for item in desk.opinions()} == {1}


def test_undo_gives_the_last_image_back(desk: Desk) -> None:
    """Judged anew, with what was said before kept as undone."""
    desk.open(raters=1)
    first, second = desk.take("ada", 2)
    desk.grade("ada", first, 1)
    desk.grade("ada", second, 2)
    again = desk.undo("ada")
    assert (again.id, again.image_id) == (second.id, second.image_id)
    assert desk.take("ada", 1)[0].id == second.id
    assert desk.undo("ada").id == first.id
    with pytest.raises(NotFound, match="could be undone"):
        desk.undo("ada")
    desk.grade("ada", first, 5)
    assert [item.mean for item in desk.opinions() if item.grades] == [5.0]
    assert desk.progress().grades == 1


def test_undo_opens_a_scored_campaign(desk: Desk) -> None:
    """And the image goes to nobody else meanwhile."""
    desk.open(raters=1)
    for held in desk.take("ada", 6):
        desk.grade("ada", held)
    assert desk.progress().kept.state == "scored"
    desk.undo("ada")
    assert desk.progress().kept.state == "open"
    assert desk.take("bob") == []


def test_a_late_judgement_counts_where_it_is_still_needed(desk: Desk) -> None:
    """Where others were asked meanwhile it is refused with a word, but a veto is taken all the same."""
    desk.open(raters=1, lease_seconds=60)
    first, second, third = desk.take("ada", 3)
    desk.now += 100 * SECOND
    desk.grade("ada", first, 2)
    others = {item.image_id: item for item in desk.take("bob", 6)}
    with pytest.raises(NotReady, match="others have judged it meanwhile"):
        desk.grade("ada", second, 2)
    desk.grade("bob", others[second.image_id], 4)
    with pytest.raises(NotReady, match="take the next one"):
        desk.grade("ada", second, 2)
    desk.veto("ada", third)
    assert desk.progress().vetoed == 1
    found = {item.image_id: item for item in desk.opinions()}
    assert (found[first.image_id].mean, found[second.image_id].mean, found[third.image_id].vetoes) == (2.0, 4.0, 1)


def test_a_closed_campaign_takes_no_judgement(desk: Desk) -> None:
    """Nor an undo."""
    opened = desk.open(raters=1)
    held = desk.take("ada", 2)
    desk.grade("ada", held[0])
    desk.choose(allow_incomplete=True)
    with pytest.raises(NotReady, match="closed"):
        desk.grade("ada", held[1])
    with pytest.raises(NotReady, match="closed"):
        desk.undo("ada", opened.kept.id)


def test_revoked_vetoes_are_scored_on(desk: Desk) -> None:
    """All of an image; the audit keeps who gave them and who took them back."""
    desk.open(raters=2)
    (held,) = desk.take("ada")
    others = {item.image_id: item for item in desk.take("bob", 6)}
    desk.veto("ada", held)
    desk.veto("bob", others[held.image_id], "no_class")
    assert desk.revoke(held.image_id) == 2
    assert desk.revoke(held.image_id) == 0
    desk.run_errands()
    assert desk.neighbours.excluded == set()
    assert held.image_id in {item.image_id for item in desk.take("cy", 6)}
    with desk.database.snapshot() as tx:
        found = vetoes.vetoes(tx, desk.progress().kept)
    assert [(item.rater, item.reason, item.revoked_by) for item in found] == [
        ("bob", "no_class", "otto"),
        ("ada", "corrupt", "otto"),
    ]


def test_vetoes_hold_in_every_campaign(desk: Desk) -> None:
    """In those that are open already, and in those to come; taken back in one they are in all."""
    first = desk.open(raters=1)
    add_set(desk.neighbours, [3, 4, 5, 6], "b" * 32)
    second = desk.open("b" * 32, raters=1)
    shared = next(item for item in desk.take("ada", 6, first.kept.id) if int(item.image_id, 16) == 4)
    desk.veto("ada", shared)
    third = desk.open("b" * 32, raters=1)
    for campaign in (first, second, third):
        assert desk.progress(campaign.kept.id).vetoed == 1
        assert shared.image_id not in {item.image_id for item in desk.take("bob", 6, campaign.kept.id)}
    desk.revoke(shared.image_id, third.kept.id)
    for campaign in (first, second, third):
        assert desk.progress(campaign.kept.id).vetoed == 0
