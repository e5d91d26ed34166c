"""`madseg finetune` against a real fine-tune service."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

pytest.importorskip("torch", reason="torch is absent: make .venv/.train")

from madseg.cli.finetune import doing
from madseg.client import RunState
from tests.cli.terminal import Terminal
from tests.contracts.launching import FakeLauncher
from tests.finetune.service.desk import RESULT
from tests.finetune.service.serving import Served, serving
from tests.finetune.service.world import CARD, World


@pytest.fixture
def launcher() -> FakeLauncher:
    """Training that a test leads."""
    return FakeLauncher()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The small world."""
    return World(tmp_path)


@pytest.fixture
def served(world: World, launcher: FakeLauncher) -> Iterator[Served]:
    """The service, running; its log stays out of what commands print."""
    with capture_logs(), serving(world, launcher) as running:
        yield running


@pytest.fixture
def madseg(served: Served, tmp_path: Path, utc: None) -> Terminal:
    """Runs commands with the admin's token, which stands in a file."""
    (tmp_path / "token").write_text(served.tokens["root"])
    return Terminal({"MADSEG_FINETUNE": served.address, "MADSEG_TOKEN_FILE": str(tmp_path / "token")})


def until_training(served: Served) -> str:
    """The id of the newest run, which trains."""
    client, end = served.client("ada"), time.monotonic() + 30
    while (found := client.run()).state is not RunState.TRAINING:
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found.id


def trained(served: Served, launcher: FakeLauncher, run_id: str, **changed: object) -> None:
    """Training comes to its end."""
    (served.runs / run_id / "bare.onnx").write_bytes(b"network")
    (served.runs / run_id / "card.json").write_text(json.dumps(CARD))
    (served.runs / run_id / "result.json").write_text(json.dumps({**RESULT, **changed}))
    launcher.die(run_id, 0)


def test_the_whole_way(madseg: Terminal, served: Served, world: World, launcher: FakeLauncher) -> None:
    """Started, listed, shown, watched, promoted; nothing is wider than the terminal."""
    start = [
        "finetune",
        "start",
        "--t0",
        world.t0,
        "--s0",
        world.s0,
        "--change",
        "epochs=4",
        "--change",
        "schedule=poly",
    ]
    made = madseg(*start)
    assert made.code == 0, made.err
    assert ": preparing; begun " in made.out
    assert "small/1: modern, seed 0, S of 2 campaigns." in made.out
    run_id = until_training(served)
    assert madseg("finetune", "show", "--json").json["plan"]["changes"] == {"epochs": 4, "schedule": "poly"}
    where = {"rate": 1, "rates": 1, "epoch": 2, "epochs": 4, "step": 5, "steps": 5, "learning_rate": 0.5, "loss": 0.25}
    lines: list[dict[str, object]] = [
        {"at": float(at), **where, "epoch": at, "selected": 0.5, "class_iou": []} for at in (1, 2)
    ]
    (served.runs / run_id / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shown = madseg("finetune", "show").out
    assert "training: epoch 2 of 4, loss 0.250, mIoU 0.500, 2 s left." in shown
    assert "Examples: s 6, s0 6, t0-select " in shown
    trained(served, launcher, run_id)
    watched = madseg("finetune", "watch")
    assert watched.code == 0
    assert "mIoU on T0-report 0.500 [0.400, 0.600] before, 0.750 [0.700, 0.800] after." in watched.out
    assert f"`madseg finetune promote {run_id}` releases it" in watched.out
    assert "agreement" in watched.out
    promoted = madseg("finetune", "promote", run_id)
    assert "Released as small/2." in promoted.out
    listed = madseg("finetune", "list")
    assert "0.500 → 0.750" in listed.out
    for answer in (listed, watched, promoted):
        assert all(len(line) <= 120 for line in answer.out.splitlines()), answer.out


def test_one_that_is_waited_for_says_by_its_status_what_came_of_it(
    madseg: Terminal, served: Served, world: World, launcher: FakeLauncher
) -> None:
    """3 where it was refused, with the reasons; lines of JSON while it gets on."""

    def refuse() -> None:
        trained(served, launcher, until_training(served), passed=False, reasons=["mIoU on T0-report falls by 0.2"])

    madseg("finetune", "start", "--t0", world.t0)
    thread = threading.Thread(target=refuse)
    thread.start()
    watched = madseg("finetune", "watch", "--json")
    thread.join()
    assert (watched.code, watched.lines[-1]["state"]) == (3, "refused")
    run_id = watched.lines[-1]["id"]
    shown = madseg("finetune", "show", run_id)
    assert (shown.code, "Refused: mIoU on T0-report falls by 0.2" in shown.out) == (0, True)
    assert "the gate refused" in madseg("finetune", "promote", run_id).err
    assert madseg("finetune", "promote", run_id, "--despite-gate", "--json").json["released"] == "small/2"


def test_runs_are_cancelled(madseg: Terminal, world: World) -> None:
    """And listed by their state."""
    run_id = madseg("finetune", "start", "--t0", world.t0, "--json").json["id"]
    assert f"{run_id}: cancelled" in madseg("finetune", "cancel", run_id).out
    assert [item["id"] for item in madseg("finetune", "list", "--state", "cancelled", "--json").json] == [run_id]
    assert madseg("finetune", "list", "--state", "passed", "--json").json == []


def test_what_a_run_waits_for_is_told(madseg: Terminal, served: Served, world: World, launcher: FakeLauncher) -> None:
    """Wherever a run is shown, until it gets on."""
    reason = "the launcher can't be asked"
    launcher.away = True
    madseg("finetune", "start", "--t0", world.t0)
    client, end = served.client("ada"), time.monotonic() + 30
    while not client.run().waits_for:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert f"It waits: {reason}" in madseg("finetune", "show").out.splitlines()
    assert madseg("finetune", "show", "--json").json["waits_for"] == reason
    assert "training, waits" in madseg("finetune", "list").out
    assert doing(client.run()) == f"training; it waits: {reason}"
    launcher.away = False
    while client.run().waits_for:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "waits" not in madseg("finetune", "show").out + madseg("finetune", "list").out
    assert doing(client.run()) == "training"


def test_what_lacks_is_said(madseg: Terminal, world: World) -> None:
    """No run, no such run, a change that is none, a recipe that isn't there."""
    assert "madseg finetune start" in madseg("finetune", "list").out
    assert "there is no run yet" in madseg("finetune", "show").err
    assert "no run 'x'" in madseg("finetune", "cancel", "x").err
    wrong = madseg("finetune", "start", "--t0", world.t0, "--change", "epochs")
    assert (wrong.code, "SETTING=JSON" in wrong.err) == (2, True)
    assert "no recipe is called 'best'" in madseg("finetune", "start", "--t0", world.t0, "--recipe", "best").err
    assert "no address of the finetune" in Terminal()("finetune", "list").err


def test_a_torch_network_is_named(madseg: Terminal, world: World) -> None:
    """By its folder, or by a factory with its weights."""
    start = ("finetune", "start", "--t0", world.t0, "--json")
    given = madseg(*start, "--hugging-face", "/nets/segformer").json["plan"]["network"]
    assert given == {"folder": "/nets/segformer", "factory": "", "weights": ""}
    made = madseg(*start, "--factory", "tests.finetune.owned:Small", "--weights", "/nets/small.safetensors")
    assert made.json["plan"]["network"]["weights"] == "/nets/small.safetensors"
    assert "a factory with its weights" in madseg(*start, "--factory", "tests.finetune.owned:Small").err
    assert "MADSEG_FACTORIES" in madseg(*start, "--factory", "os:abort", "--weights", "w").err
