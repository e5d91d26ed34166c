"""What the demo says of a round that goes on, and that nothing of it stays behind."""

import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from madseg.client import Client, Unavailable, Version
from madseg.client.values.rounds import Round, RoundOutcome, RoundPlan, RoundStep
from madseg.demo.rounds import call_off, carry_through, outcome

BEGUN = Round(
    id="0" * 32,
    number=1,
    target=Version("unet", 1),
    plan=RoundPlan(),
    step=RoundStep.MINING,
    outcome=None,
    notes=(),
    awaits_approval=False,
    done=0,
    total=0,
    steps=(),
    created_at=None,
    changed_at=None,
    started_by="operator",
    candidate_set_id="",
    campaign_id="",
    run_id="",
    released=None,
    candidates=20,
    counterexamples=0,
    test=3,
)


class Scripted(Client):
    """Rounds that stand as written, one state after the other."""

    def __init__(self, *states: Round) -> None:
        super().__init__()
        self.states, self.cancelled = list(states), False

    def start_round(self, plan: RoundPlan, *, model: str = "", idempotency_key: str = "") -> Round:
        return self.states[0]

    def round(self, round_id: str = "") -> Round:
        if not self.states:
            raise Unavailable("nobody answers")
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def cancel_round(self, round_id: str) -> Round:
        self.cancelled = True
        return replace(self.states[0], outcome=RoundOutcome.CANCELLED)


def test_every_step_is_told_once_and_people_are_asked_at_each(capsys: pytest.CaptureFixture[str]) -> None:
    """With how late it is; the last state is what comes back."""
    scoring = replace(BEGUN, step=RoundStep.SCORING)
    done = replace(BEGUN, step=RoundStep.ENDED, outcome=RoundOutcome.EVALUATED)
    acted: list[RoundStep] = []
    client = Scripted(BEGUN, scoring, scoring, done)
    found = carry_through(client, RoundPlan(), lambda now: acted.append(now.step), lambda: "[   7 s]", quiet=False)
    assert found == done
    assert acted == [RoundStep.MINING, RoundStep.SCORING, RoundStep.SCORING]
    assert capsys.readouterr().err.splitlines() == [
        "[   7 s]   mining: M is cut from the rankings of unet/1",
        "[   7 s]   scoring: three people grade what unet/1 made of the 20 images of M",
    ]


def test_an_outcome_is_a_sentence() -> None:
    """With the reasons where a version was refused."""
    assert outcome(replace(BEGUN, released=Version("unet", 2))) == "unet/2 passed the gate and is released"
    refused = replace(BEGUN, outcome=RoundOutcome.REFUSED, notes=("mIoU falls by 0.02",))
    assert outcome(refused).startswith("refused: mIoU falls by 0.02")


def test_a_round_is_called_off_with_its_training(tmp_path: Path) -> None:
    """It waits for the process that trains, which would outlive the services."""
    process = subprocess.Popen(["/bin/sleep", "1"], start_new_session=True)
    (tmp_path / "run.pid").write_text(f"{process.pid}\n")
    client = Scripted(replace(BEGUN, step=RoundStep.TRAINING, run_id="run"))
    with process:
        threading.Thread(target=process.wait).start()  # its parent reaps it, as the launcher does
        call_off(client, tmp_path)
        assert process.poll() == 0
    assert client.cancelled


def test_where_no_round_goes_on_nothing_is_called_off(tmp_path: Path) -> None:
    """It has ended, or the services are gone already."""
    ended = Scripted(replace(BEGUN, outcome=RoundOutcome.RELEASED))
    call_off(ended, tmp_path)
    assert not ended.cancelled
    call_off(Scripted(), tmp_path)
