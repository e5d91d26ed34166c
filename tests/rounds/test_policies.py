"""Rounds begin by themselves."""

from madseg.core.rounds import Outcome, Policy, Step
from madseg.rounds import policies, rounds
from madseg.rounds.plans import checked
from tests.rounds.desk import PLAN, Desk


def put(desk: Desk, **rule: int) -> None:
    """The policy of the target."""
    policies.put(desk.database, "small", Policy(True, **rule), checked(PLAN), desk.now)


def all_rounds(desk: Desk) -> list[rounds.Round]:
    """Oldest first."""
    with desk.database.snapshot() as tx:
        return rounds.of_model(tx, "small")


def test_two_in_a_row_by_the_size_of_m_and_then_one_that_evaluates(desk: Desk) -> None:
    """And then nothing, until the policy is set anew."""
    put(desk, candidates=10, rounds=2)
    desk.turn(120)
    found = all_rounds(desk)
    assert [item.outcome for item in found] == [Outcome.RELEASED, Outcome.RELEASED, Outcome.EVALUATED]
    assert {item.started_by for item in found} == {"policy"}
    put(desk, candidates=10, rounds=1)
    desk.turn(1)
    assert len(all_rounds(desk)) == 4


def test_a_small_m_begins_nothing(desk: Desk) -> None:
    """Nor does one that was looked at already: after a refusal M is as it was."""
    put(desk, candidates=1000)
    desk.turn(5)
    assert all_rounds(desk) == []
    put(desk, candidates=10)
    desk.around.passes = False
    desk.turn(60)
    assert [item.outcome for item in all_rounds(desk)] == [Outcome.REFUSED]


def test_time_begins_one_after_the_last(desk: Desk) -> None:
    """Counted from its end, or from when the policy was set."""
    put(desk, seconds=3600)
    desk.wait(3599)
    desk.turn()
    assert all_rounds(desk) == []
    desk.wait(1)
    desk.turn()
    desk.until(Step.ENDED)
    desk.turn(3)
    assert len(all_rounds(desk)) == 1
    desk.wait(3600)
    desk.turn()
    assert len(all_rounds(desk)) == 2


def test_one_that_goes_on_is_let_alone(desk: Desk) -> None:
    """Whoever began it; and a policy may be switched off."""
    desk.start()
    put(desk, candidates=1)
    desk.turn(2)
    assert len(all_rounds(desk)) == 1
    policies.put(desk.database, "small", Policy(False, 1), checked(PLAN), desk.now)
    desk.until(Step.ENDED)
    desk.turn(3)
    assert len(all_rounds(desk)) == 1
