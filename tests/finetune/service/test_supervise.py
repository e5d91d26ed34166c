"""Runs carried out step by step, with services, training and the supervisor itself cut off anywhere."""

import json
from pathlib import Path

import pytest
import yaml

from madseg.adapters.launchers.process import ProcessLauncher
from madseg.core.errors import NotReady
from madseg.core.preprocess import Size
from madseg.finetune import runs
from madseg.finetune.release import MARK
from madseg.finetune.supervise import LAUNCHES, Supervisor
from madseg.ports import Running
from tests.finetune.service.desk import Desk
from tests.finetune.small import CLASSES, GRID


def through_training(desk: Desk, run_id: str = "a1") -> None:
    """From its begin to the end of its training."""
    desk.turn(2)
    assert desk.launcher.state(run_id) == Running()
    desk.trained(run_id)
    desk.turn()


def test_a_run_passes_and_waits_to_be_promoted(desk: Desk) -> None:
    """Its figures are kept; promoting releases it, once."""
    desk.start()
    through_training(desk)
    found = desk.run()
    assert (found.state, found.launches, found.made_a_version) == (runs.PASSED, 1, True)
    desk.turn(3)
    assert desk.world.around.released == []
    for _ in range(2):
        runs.promote(desk.database, "a1", "rita", desk.now, despite_gate=False)
    desk.turn(3)
    assert (desk.run().state, desk.run().released, desk.run().promoted_by) == (runs.RELEASED, 2, "rita")
    runs.promote(desk.database, "a1", "rita", desk.now, despite_gate=False)
    desk.turn()
    ((card, network),) = desk.world.around.released
    assert network == b"the network of a1"
    source = yaml.safe_load(card)["source"]
    assert source.startswith(f"drawn by hand{MARK}a1 from small/1 (sha256 fefe")
    for part in ("recipe modern", "seed 0", "data sha256 dada", "code 0.1", "mIoU on T0-report 0.5000 before, 0.7500"):
        assert part in source


def test_a_run_that_is_to_be_promoted_is_released_by_itself(desk: Desk) -> None:
    """And the next one's card names its own run alone."""
    desk.start(promote=True)
    through_training(desk)
    desk.turn()
    assert desk.run().released == 2
    desk.start("b2", promote=True)
    through_training(desk, "b2")
    desk.turn()
    assert desk.run("b2").released == 3
    assert yaml.safe_load(desk.world.around.card)["source"].startswith(f"drawn by hand{MARK}b2 ")


def test_without_what_training_needs_a_run_is_refused_at_once(desk: Desk, tmp_path: Path) -> None:
    """The reason says what to install."""
    where = (desk.folders, desk.world.repository, CLASSES, Size(*GRID))
    launcher = ProcessLauncher(tmp_path, needs="a_package_that_nobody_has")
    supervisor = Supervisor(desk.database, desk.world.around, launcher, *where, lambda: desk.now)
    desk.start()
    supervisor()
    supervisor()
    assert desk.run().state == runs.REFUSED
    (reason,) = desk.run().reasons
    assert reason.startswith("training needs a_package_that_nobody_has, which this service lacks: pip install")


def test_runs_are_carried_out_one_after_the_other(desk: Desk) -> None:
    """In the order of their beginning; a release doesn't wait."""
    for run_id in ("a1", "b2", "c3"):
        desk.start(run_id)
    desk.turn(4)
    assert [desk.run(run_id).state for run_id in ("a1", "b2")] == [runs.TRAINING, runs.PREPARING]
    desk.trained("a1")
    desk.turn(3)
    assert desk.launcher.launched == ["a1", "b2"]
    runs.promote(desk.database, "a1", "otto", desk.now, despite_gate=False)
    desk.turn()
    assert desk.run("a1").state == runs.RELEASED
    assert desk.run("b2").state == runs.TRAINING


@pytest.mark.parametrize("shown", [True, False])
def test_training_that_dies_is_launched_again(desk: Desk, shown: bool) -> None:
    """At most five times in a row without a checkpoint; then it is refused with its log's end."""
    desk.start()
    desk.turn(2)
    for _ in range(LAUNCHES - 1):
        desk.launcher.die("a1")
        desk.wait(60)
        desk.turn()
    assert len(desk.launcher.launched) == LAUNCHES
    if shown:
        (desk.folder() / "checkpoint.pt").write_bytes(b"it has got on")
    desk.launcher.die("a1", -9)
    desk.wait(60)
    desk.turn()
    if shown:
        assert (desk.run().state, desk.run().launches) == (runs.TRAINING, 1)
        return
    (reason,) = desk.run().reasons
    assert desk.run().state == runs.REFUSED
    assert reason == (
        "training ended 5 times without a result, the last time with status -9; its log ends: it says something"
    )
    assert len(desk.launcher.launched) == LAUNCHES


def test_what_fails_at_once_is_given_time(desk: Desk) -> None:
    """The later launches wait."""
    desk.start()
    desk.turn(2)
    for _ in range(4):
        desk.launcher.die("a1")
        desk.turn(2)
    assert len(desk.launcher.launched) == 2
    desk.wait(2)
    desk.turn()
    assert len(desk.launcher.launched) == 3


def test_a_refusal_of_training_is_the_runs(desk: Desk) -> None:
    """One without a version can't be promoted by anybody."""
    desk.start()
    desk.turn(2)
    (desk.folder() / "result.json").write_text(json.dumps({"passed": False, "reasons": ["the loss is not a number"]}))
    desk.turn()
    assert (desk.run().state, desk.run().reasons) == (runs.REFUSED, ("the loss is not a number",))
    with pytest.raises(NotReady, match="has no version"):
        runs.promote(desk.database, "a1", "root", desk.now, despite_gate=True)


def test_what_the_gate_refused_can_be_let_through_by_name(desk: Desk) -> None:
    """The card says who did."""
    desk.start(promote=True)
    desk.turn(2)
    desk.trained(passed=False, reasons=["mIoU on T0-report falls by 0.2"])
    desk.turn(3)
    assert (desk.run().state, desk.world.around.released) == (runs.REFUSED, [])
    with pytest.raises(NotReady, match="the gate refused run a1: mIoU on T0-report falls"):
        runs.promote(desk.database, "a1", "root", desk.now, despite_gate=False)
    runs.promote(desk.database, "a1", "root", desk.now, despite_gate=True)
    desk.turn()
    assert desk.run().state == runs.RELEASED
    assert yaml.safe_load(desk.world.around.card)["source"].endswith("released by root although the gate refused it")


def test_a_release_whose_answer_is_lost_is_not_made_twice(desk: Desk) -> None:
    """The next turn finds it, whatever others have released in between."""
    desk.world.around.lost_answers = 1
    desk.start(promote=True)
    through_training(desk)
    desk.turn()
    assert (desk.run().state, desk.run().releasing) == (runs.PASSED, True)
    assert desk.world.around.follow(b"somebody else's", "name: small") == 3
    desk.opened()()
    assert (desk.run().state, desk.run().released) == (runs.RELEASED, 2)
    assert len(desk.world.around.released) == 1


def test_the_card_is_that_of_the_version_it_was_made_from(desk: Desk) -> None:
    """However others describe what they released in between."""
    desk.start(promote=True)
    through_training(desk)
    desk.world.around.follow(b"somebody else's", str(yaml.safe_dump({"name": "small", "input": {"mean": [9, 9, 9]}})))
    desk.turn()
    assert desk.run().released == 3
    assert yaml.safe_load(desk.world.around.card)["input"] == {"mean": [0, 0, 0], "std": [1, 1, 1]}


def test_a_release_that_models_refuses_is_refused(desk: Desk) -> None:
    """With what it said; the version can be promoted again."""
    desk.world.around.refusal = "models: no space left"
    desk.start(promote=True)
    through_training(desk)
    desk.turn()
    assert (desk.run().state, desk.run().reasons) == (runs.REFUSED, ("models: no space left",))
    desk.world.around.refusal = ""
    runs.promote(desk.database, "a1", "root", desk.now, despite_gate=True)
    desk.turn()
    assert desk.run().state == runs.RELEASED


def test_a_network_that_is_gone_is_said(desk: Desk) -> None:
    """Nothing is released."""
    desk.start()
    through_training(desk)
    (desk.folder() / "bare.onnx").unlink()
    runs.promote(desk.database, "a1", "otto", desk.now, despite_gate=False)
    desk.turn()
    assert "bare.onnx is missing" in desk.run().reasons[0]
    assert desk.world.around.released == []


def test_a_cancelled_run_is_stopped(desk: Desk) -> None:
    """Once; the next one begins."""
    desk.start()
    desk.start("b2")
    desk.turn(2)
    for _ in range(2):
        assert runs.cancel(desk.database, "a1", desk.now).state == runs.CANCELLED
    desk.turn(4)
    assert desk.launcher.stopped == ["a1"]
    assert desk.launcher.launched == ["a1", "b2"]
    desk.trained("a1")
    desk.turn()
    assert desk.run("a1").state == runs.CANCELLED


@pytest.mark.parametrize("ended", ["refused", "released", "releasing"])
def test_what_has_ended_can_not_be_cancelled(desk: Desk, ended: str) -> None:
    """It says why."""
    desk.start(promote=ended != "refused")
    desk.turn(2)
    desk.trained(passed=ended != "refused", reasons=[])
    desk.turn(2 if ended == "released" else 1)
    with pytest.raises(NotReady, match=r"can't be cancelled: it( is|s version is being)"):
        runs.cancel(desk.database, "a1", desk.now)


def test_a_supervisor_that_stops_leaves_what_is_under_way(desk: Desk) -> None:
    """The next one does it again from the beginning."""
    desk.start()
    desk.supervisor.stop_soon()
    desk.turn()
    assert desk.run().state == runs.PREPARING
    desk.opened()()
    assert desk.run().state == runs.TRAINING
