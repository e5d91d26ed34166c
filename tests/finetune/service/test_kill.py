"""Service and training are killed with SIGKILL at any moment: every run ends as it would have, with one release."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.server import free_port
from madseg.client import Client, ClientError, GateBounds, RunPlan, RunState
from madseg.finetune.run import run
from madseg.security.access import Role, add_token
from tests.finetune.service.speaking import speaking
from tests.finetune.service.world import CHANGES, World
from tests.finetune.small import GRID

KILLS = 50 if os.environ.get("MADSEG_SOAK") else 5

IN_VAIN = 3
"""Kills of a training that has not got on since the one before; five in a row would be its end."""


class Process:
    """`python -m madseg.finetune` on one embedded database, which is started again and again."""

    def __init__(self, world: World, around: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        root = world.root
        self.token, self.runs = add_token(root / "tokens.json", "otto", [Role.OPERATOR]), root / "runs"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")},
            "MADSEG_DATABASE": f"sqlite:///{root}/finetune.db",
            "MADSEG_FINETUNE": self.address,
            "MADSEG_FINETUNE_TOKEN": "its-own",
            "MADSEG_GRID": f"{GRID[0]}x{GRID[1]}",
            "MADSEG_TAXONOMY": str(world.taxonomy),
            "MADSEG_REPOSITORY": str(world.repository),
            "MADSEG_RUNS": str(self.runs),
            "MADSEG_TOKENS": str(root / "tokens.json"),
            "MADSEG_TRAIN_THREADS": "1",
            **dict.fromkeys(("MADSEG_INTAKE", "MADSEG_MODELS", "MADSEG_LABELLING"), around),
        }
        self._log = root / "log"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "madseg.finetune"], env=self._environment, stdout=log, stderr=log
            )
        self.ask(lambda client: list(client.runs()))

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Ends it; its exit code."""
        assert self._running is not None
        self._running.send_signal(number)
        return self._running.wait(60)

    def kill_training(self, run_id: str) -> None:
        """Ends the training of a run, if it goes on."""
        with suppress(OSError, ValueError):
            os.killpg(int((self.runs / f"{run_id}.pid").read_text()), signal.SIGKILL)

    def ask(self, what: Callable[[Client], object], seconds: float = 60) -> object:
        """Its answer, once it answers."""
        end = time.monotonic() + seconds
        with Client(finetune=self.address, token=self.token, timeout=10) as client:
            while True:
                assert self._running is not None
                assert self._running.poll() is None, self._log.read_text()[-3000:]
                try:
                    return what(client)
                except ClientError:
                    assert time.monotonic() < end
                    time.sleep(0.05)

    def begin(self, world: World, key: str) -> str:
        """A run; its id."""
        plan = RunPlan(
            "small/1",
            s0=str(world.s0),
            t0=str(world.t0),
            changes=CHANGES,
            bounds=GateBounds(slower=1000.0),
            seed=3,
            promote=True,
        )
        return str(self.ask(lambda client: client.start_run(plan, idempotency_key=key).id))

    def state(self, run_id: str) -> RunState:
        """Where a run is."""
        found: list[RunState] = []
        self.ask(lambda client: found.append(client.run(run_id).state))
        return found[-1]


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_kills_at_random_moments_change_nothing(world: World, tmp_path: Path) -> None:
    """The same network, to the byte, as a training that nobody disturbed; released once."""
    seed = int(os.environ.get("MADSEG_TEST_SEED", "5"))
    rng, kills = random.Random(seed), 0
    ids: list[str] = []
    world.around.slow = 0.5
    with speaking(world.around) as address:
        process = Process(world, address)
        process.start()
        while kills < KILLS:
            ids.append(process.begin(world, f"run {len(ids)}"))
            kills += _disturb(process, ids[-1], rng, KILLS - kills)
        assert process.kill(signal.SIGTERM) == 0
    versions = [_version(card) for card, _ in world.around.released]
    assert versions == ids
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    for name in ("pictures", "masks", "examples.jsonl", "plan.json", "served.onnx"):
        (undisturbed / name).symlink_to(process.runs / ids[0] / name)
    assert run(undisturbed)["passed"]
    expected = (undisturbed / "bare.onnx").read_bytes()
    assert all(network == expected for _, network in world.around.released)


def _disturb(process: Process, run_id: str, rng: random.Random, most: int) -> int:
    """Kills until the run is released; how often."""
    kills, in_vain, mark = 0, 0, 0
    checkpoint = process.runs / run_id / "checkpoint.pt"
    while process.state(run_id) is not RunState.RELEASED:
        assert process.state(run_id) not in (RunState.REFUSED, RunState.CANCELLED)
        time.sleep(rng.uniform(0.0, 2.5))
        if kills == most:
            continue
        now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        in_vain, mark = (in_vain, mark) if now == mark else (0, now)
        victims = rng.choice(("service", "training", "both"))
        if victims != "service" and in_vain < IN_VAIN:
            process.kill_training(run_id)
            in_vain += 1
        if victims != "training":
            process.kill()
            if rng.random() < 0.5:
                time.sleep(rng.uniform(0.0, 0.5))
            process.start()
        kills += 1
    return kills


def _version(card: str) -> str:
    """The run that a card names."""
    return card.partition("fine-tuned by run ")[2].split()[0]
