"""Annotators draw the truth nearly, reviewers find what is wrong with it, and it is mended."""

import numpy as np

from madseg.core.taxonomy import VOID
from madseg.simulation.people.annotator import Annotator
from madseg.simulation.people.objects import Labels
from madseg.simulation.people.perception import FaultKind, faults
from madseg.simulation.people.reviewer import Reviewer
from madseg.simulation.taxonomy import CAR, PERSON
from madseg.simulation.world import render
from tests.simulation.people.scenes import misnamed, street, without

SCENES = [render(21, index).truth for index in range(60)]


def agreement(first: Labels, second: Labels) -> float:
    return float((first == second).mean())


def test_an_annotator_draws_the_truth_with_an_unsteady_hand() -> None:
    """No outline is more than a few pixels off, and two hands differ."""
    steady, ada, ben = Annotator("ada", 0.0, 0.0, 0.0), Annotator("ada", 0.5, 0.0, 0.0), Annotator("ben", 0.5, 0.0, 0.0)
    for index, truth in enumerate(SCENES[:20]):
        assert np.array_equal(steady.draw(f"{index}", truth), truth)
        drawn = ada.draw(f"{index}", truth)
        assert 0.95 < agreement(drawn, truth) < 1.0
        assert not np.array_equal(drawn, ben.draw(f"{index}", truth))
        assert np.array_equal(drawn, ada.draw(f"{index}", truth))


def test_an_annotator_forgets_and_confuses_now_and_then() -> None:
    """About as often as said: small things alone are forgotten, anything may be confused."""
    forgetful = Annotator("ada", 0.0, forgets=1.0, confuses=0.0)
    drawn = forgetful.draw("a", street())
    assert np.array_equal(drawn, street()), "nothing on the street is small"
    truth = street()
    truth[90:95, 90:95] = PERSON
    assert np.array_equal(forgetful.draw("a", truth), street())
    wrong = Annotator("ada", 0.0, 0.0, confuses=1.0).draw("a", street())
    assert {fault.kind for fault in faults(street(), wrong)} == {FaultKind.WRONG_CLASS}
    assert ((wrong != street()) == (street() != 0)).all()


def test_void_stays_void() -> None:
    """A fence is drawn around, not through."""
    truth = render(21, 0, "fenced").truth
    drawn = Annotator("ada").draw("a", truth)
    assert 0.85 < agreement(drawn == VOID, truth == VOID) < 1.0


def test_a_reviewer_finds_what_is_wrong_as_often_as_said() -> None:
    """And never what isn't."""
    reviewer = Reviewer("cid", attention=0.8)
    found = [reviewer.findings(f"{number}", street(), without(CAR)) for number in range(500)]
    assert 0.74 < np.mean([len(item) for item in found]) < 0.86
    assert all(item == reviewer.findings(f"{number}", street(), without(CAR)) for number, item in enumerate(found))
    assert reviewer.findings("a", street(), street()) == []
    assert {item.kind for item in Reviewer("cid", 1.0).findings("a", street(), misnamed())} == {FaultKind.WRONG_CLASS}


def test_mending_the_findings_leaves_none() -> None:
    """One round of review and mending brings every mask closer to the truth, or leaves it."""
    annotator, reviewer = Annotator("ada", forgets=0.3, confuses=0.2), Reviewer("cid", attention=1.0)
    mended = 0
    for index, truth in enumerate(SCENES):
        drawn = annotator.draw(f"{index}", truth)
        found = reviewer.findings(f"{index}", truth, drawn)
        better = annotator.mend(truth, drawn, [item.place for item in found])
        assert agreement(better, truth) >= agreement(drawn, truth)
        assert not reviewer.findings(f"{index}", truth, better, 2)
        mended += bool(found)
    assert mended > 20
    assert np.array_equal(annotator.mend(truth, truth, [found[0].place] if found else []), truth)


def test_times_are_those_of_the_paper() -> None:
    """About 135 s a mask, and longer the more there is to mend."""
    ada = Annotator("ada")
    assert np.mean([ada.drawing_ms(f"{number}") for number in range(2000)]) / 1000 > 125
    assert np.mean([ada.mending_ms(f"{number}", 4) for number in range(500)]) / 1000 > 50
