"""Old runs' folders."""

import pytest

from madseg.finetune import runs
from madseg.finetune.tidy import LARGE, Tidying
from tests.finetune.service.desk import Desk

RECORD = ("plan.json", "examples.jsonl", "result.json", "progress.jsonl", "card.json")


def ended(desk: Desk, run_id: str, passed: bool = True, promote: bool = True) -> None:
    """A run from its begin to its end, with everything in its folder."""
    desk.start(run_id, promote=promote)
    desk.turn(2)
    for name in ("checkpoint.pt", "new.onnx", "progress.jsonl"):
        (desk.folder(run_id) / name).write_text("")
    for name in ("network", "learned"):
        (desk.folder(run_id) / name).mkdir()
    desk.trained(run_id, passed=passed, reasons=[] if passed else ["it fell"])
    desk.turn(2)


def left(desk: Desk, run_id: str) -> set[str]:
    """What of the large things is left of a run, and what it learned."""
    return {path.name for path in desk.folder(run_id).iterdir()} & {*LARGE, "learned"}


def tidied(desk: Desk, days: int = 0, most: int = 0) -> None:
    """One look."""
    assert Tidying(desk.database, desk.folders, lambda: desk.now, days=days, most=most)() is False


def test_what_is_old_goes_and_its_record_stays(desk: Desk) -> None:
    """After the days that are set, counted from the run's last change; the network that was released stays."""
    ended(desk, "a1")
    ended(desk, "b2", passed=False)
    before = left(desk, "a1")
    assert before == {*LARGE, "learned"}
    desk.wait(10 * 86_400)
    tidied(desk, days=10)
    assert left(desk, "a1") == before
    desk.wait(1)
    tidied(desk, days=10)
    assert (left(desk, "a1"), left(desk, "b2")) == ({"learned"}, set())
    assert {*RECORD} <= {path.name for path in desk.folder("a1").iterdir()}
    tidied(desk, days=10)


def test_the_last_runs_are_kept_whole(desk: Desk) -> None:
    """As many as are set."""
    for name in ("a1", "b2", "c3"):
        ended(desk, name)
        desk.wait(60)
    tidied(desk, most=2)
    assert [left(desk, name) == {*LARGE, "learned"} for name in ("a1", "b2", "c3")] == [False, True, True]


@pytest.mark.parametrize("state", [runs.TRAINING, runs.PASSED])
def test_a_run_that_goes_on_or_waits_keeps_everything(desk: Desk, state: str) -> None:
    """However old it is."""
    if state == runs.PASSED:
        ended(desk, "a1", promote=False)
    else:
        desk.start("a1")
        desk.turn(2)
    assert desk.run().state == state
    before = left(desk, "a1")
    desk.wait(1000 * 86_400)
    tidied(desk, days=1, most=1)
    assert left(desk, "a1") == before
    assert "pictures" in before


def test_without_bounds_nothing_goes(desk: Desk) -> None:
    """0 days and 0 runs."""
    ended(desk, "a1")
    desk.wait(10_000 * 86_400)
    tidied(desk)
    assert left(desk, "a1") == {*LARGE, "learned"}


def test_a_version_whose_network_was_tidied_is_not_released(desk: Desk) -> None:
    """The refusal says why."""
    ended(desk, "a1", passed=False)
    desk.wait(86_401)
    tidied(desk, days=1)
    runs.promote(desk.database, "a1", "root", desk.now, despite_gate=True)
    desk.turn()
    assert desk.run().reasons[-1].startswith("the network of run a1 isn't there any more")
