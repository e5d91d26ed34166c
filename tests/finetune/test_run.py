"""Runs in processes of their own."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from madseg.finetune.bounds import Bounds
from madseg.finetune.job import Job
from madseg.finetune.run import REFUSED, run
from madseg.predictor.card import parse_card
from madseg.predictor.wrap import wrap
from tests.finetune.small import CLASSES, GRID, TAXONOMY, make_run, scene

KILLS = 10 if os.environ.get("MADSEG_SOAK") else 3


def command(folder: Path) -> list[str]:
    """Runs it."""
    return [sys.executable, "-W", "ignore", "-m", "madseg.finetune.run", str(folder)]


def weights_of(folder: Path) -> dict[str, Any]:
    """Of its new version."""
    model = onnx.load(str(folder / "new.onnx"))
    return {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}


def result(folder: Path) -> dict[str, Any]:
    """What came of it."""
    return dict(json.loads((folder / "result.json").read_text()))


def test_a_run_gives_a_version_that_can_be_released(folder: Path) -> None:
    """Better on T0-select, with its figures, and as a bare network that wraps to the same."""
    found = run(folder)
    assert found == result(folder)
    assert found["passed"], found["reasons"]
    assert found["t0_select"]["after"] > found["t0_select"]["before"] + 0.2
    assert found["examples"]["s"] == 6
    assert {check["name"] for check in found["checks"]} == {
        "learned", "agreement", "t0_report_drop", "negative_flips", "megabytes", "slower",
    }  # fmt: skip
    new = onnx.load(str(folder / "new.onnx"))
    card = parse_card({"name": "small", "classes": list(CLASSES), "input": {"mean": [0] * 3, "std": [1] * 3}})
    again = wrap(onnx.load(str(folder / "bare.onnx")), card, TAXONOMY, GRID)
    picture, truth = scene(900, (1, 2))
    said = [
        ort.InferenceSession(model.SerializeToString()).run(["labels"], {"image": picture[None]})[0][0]
        for model in (new, again)
    ]
    assert (said[0] == said[1]).all()
    assert (said[0] == truth).mean() > 0.95


def test_a_run_that_is_through_is_not_done_again(folder: Path) -> None:
    """Its result is read."""
    first = run(folder)
    (folder / "served.onnx").unlink()
    assert run(folder) == first


def test_the_data_and_the_seed_are_on_record(folder: Path, tmp_path: Path) -> None:
    """The same data gives the same hash, another mask another."""
    one = run(folder)
    other = make_run(tmp_path / "other")
    mask = next((other / "masks").iterdir())
    mask.write_bytes(next(p for p in (other / "masks").iterdir() if p.read_bytes() != mask.read_bytes()).read_bytes())
    two = run(other)
    assert one["seed"] == two["seed"] == 3
    assert one["data_sha256"] != two["data_sha256"]
    assert one["parent_sha256"] == two["parent_sha256"]


def test_a_version_that_fell_is_refused_with_reasons(folder: Path) -> None:
    """The old one keeps serving."""
    plan = Job.read(folder)
    Job(plan.recipe, plan.classes, 3, plan.changes, Bounds(drop=-0.9, slower=1000), 1).write(folder)
    found = run(folder)
    assert not found["passed"]
    assert any("mIoU on T0-report falls by" in reason for reason in found["reasons"])


def test_a_version_that_is_the_old_one_once_more_is_refused(tmp_path: Path) -> None:
    """Where T0-select takes the old weights: nothing was learned, so nothing is released."""
    found = run(make_run(tmp_path / "run", averages=[0.0], epochs=1))
    assert found["average"] == 0.0
    assert not found["passed"]
    (reason,) = found["reasons"]
    assert "no weight has changed: T0-select prefers the old weights" in reason


@pytest.mark.timeout(300)
def test_a_run_that_is_killed_again_and_again_ends_as_it_would_have(folder: Path, tmp_path: Path) -> None:
    """To the byte of the new version."""
    whole = make_run(tmp_path / "whole", epochs=12)
    assert subprocess.run(command(whole), check=False, timeout=200).returncode == 0
    cut = make_run(tmp_path / "cut", epochs=12)
    chance = random.Random(4)
    progress = cut / "progress.jsonl"
    for _ in range(KILLS):
        process = subprocess.Popen(command(cut))
        size = progress.stat().st_size if progress.exists() else 0
        ends = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < ends:
            if progress.exists() and progress.stat().st_size > size:
                time.sleep(chance.uniform(0, 0.1))
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert subprocess.run(command(cut), check=False, timeout=200).returncode == 0
    assert (cut / "new.onnx").read_bytes() == (whole / "new.onnx").read_bytes()
    one, other = result(whole), result(cut)
    for found in (one, other):
        found["checks"] = [check for check in found["checks"] if check["name"] != "slower"]
    assert one == other


@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of processes takes root: sudo make test")
def test_the_first_process_of_a_container_ends_when_it_is_told(tmp_path: Path) -> None:
    """Which the kernel spares; what it has learned so far is in its checkpoint."""
    folder = make_run(tmp_path / "one", epochs=1000)
    with subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", *command(folder)]) as outside:
        try:
            ends = time.monotonic() + 60
            while not (folder / "progress.jsonl").exists():
                assert outside.poll() is None
                assert time.monotonic() < ends
                time.sleep(0.05)
            (inside,) = Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text().split()
            os.kill(int(inside), signal.SIGTERM)
            assert outside.wait(30) == 128 + signal.SIGTERM
        finally:
            outside.kill()


TORCHRUN = "torch.distributed.run --standalone --nproc-per-node=2 -m"


@pytest.mark.parametrize(
    ("start", "batch"), [("madseg.finetune.ranks 2", 3), ("madseg.finetune.ranks 3", 2), (TORCHRUN, 4)]
)
def test_several_processes_learn_as_one(tmp_path: Path, start: str, batch: int) -> None:
    """Started by the launcher or by torchrun, each takes its share of every batch; it need not come out even."""
    how: dict[str, Any] = {"batch": batch, "optimiser": "sgd", "epochs": 1, "averages": [1.0]}
    one, several = make_run(tmp_path / "one", **how), make_run(tmp_path / "several", **how)
    run(one)
    together = [sys.executable, "-W", "ignore", "-m", *start.split(), "madseg.finetune.run", str(several)]
    done = subprocess.run(together, check=False, timeout=250, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    expected, found = (weights_of(folder) for folder in (one, several))
    assert all(np.allclose(expected[name], found[name], atol=1e-5) for name in expected)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "examples.jsonl").write_text(""), "S is empty"),
        (lambda f: (f / "plan.json").write_text("{}"), "the plan of .* can't be read"),
        (lambda f: next((f / "masks").iterdir()).write_bytes(b"\x01"), "mask of image .* can't be read"),
        (lambda f: (f / "served.onnx").write_bytes(onnx.ModelProto().SerializeToString()), "no network as madseg"),
    ],
)
def test_what_can_not_be_carried_out_is_refused(folder: Path, spoil: Any, sentence: str) -> None:
    """With a status of its own, and the reason on record."""
    spoil(folder)
    done = subprocess.run(command(folder), check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == REFUSED, done.stderr
    assert not result(folder)["passed"]
    (reason,) = result(folder)["reasons"]
    assert reason in done.stderr
    assert re.search(sentence, reason)


def test_it_knows_neither_grpc_nor_kafka(folder: Path) -> None:
    """What forks and what talks don't go together."""
    code = "import sys, madseg.finetune.run; print([m for m in ('grpc', 'kafka', 'sqlalchemy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
