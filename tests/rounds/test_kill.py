"""The service is killed with SIGKILL at any moment of a round: it ends with what it would have, made once.

A second neighbourhood, whose service is never killed, tells what it would have.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from deploy.local.server import free_port
from madseg.client import CampaignPlan, Client, ClientError, Round, RoundOutcome, RoundPlan, RunPlan, TestKind
from madseg.core.taxonomy import taxonomy_of
from madseg.project import taxonomy_document
from madseg.security.access import Role, add_token
from tests.rounds.fakes import FakeNeighbours
from tests.rounds.speaking import speaking

T = TypeVar("T")

KILLS = 50 if os.environ.get("MADSEG_SOAK") else 5

PLAN = RoundPlan(5, CampaignPlan(1, 4, 3, 3), training=RunPlan(s0="/srv/s0", t0="/srv/t0"))


class Process:
    """`python -m madseg.rounds` on one embedded database, which is started again and again."""

    def __init__(self, root: Path, around: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        taxonomy = taxonomy_of("three", ["none", "red", "blue"])
        (root / "taxonomy.json").write_text(json.dumps(taxonomy_document(taxonomy)))
        self._token = add_token(root / "tokens.json", "otto", [Role.OPERATOR])
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")},
            "MADSEG_DATABASE": f"sqlite:///{root}/rounds.db",
            "MADSEG_ROUNDS": self.address,
            "MADSEG_ROUNDS_TOKEN": "its-own",
            "MADSEG_TAXONOMY": str(root / "taxonomy.json"),
            "MADSEG_TOKENS": str(root / "tokens.json"),
            **{f"MADSEG_{name}": around for name in ("SELECTOR", "MODELS", "LABELLING", "FINETUNE")},
        }
        self._log = root / "log"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "madseg.rounds"], env=self._environment, stdout=log, stderr=log
            )
        self.ask(lambda client: list(client.rounds()))

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Ends it; its exit code."""
        assert self._running is not None
        self._running.send_signal(number)
        return self._running.wait(60)

    def ask(self, what: Callable[[Client], T], seconds: float = 60) -> T:
        """Its answer, once it answers."""
        end = time.monotonic() + seconds
        with Client(rounds=self.address, token=self._token, timeout=10) as client:
            while True:
                assert self._running is not None
                assert self._running.poll() is None, self._log.read_text()[-3000:]
                try:
                    return what(client)
                except ClientError:
                    assert time.monotonic() < end, self._log.read_text()[-3000:]
                    time.sleep(0.05)


STEPS = ("mining", "scoring", "choosing", "drawing", "evaluating", "training", "replaying")
"""In all of which it is to be killed, where it is killed often."""


def neighbourhood(pause: float) -> FakeNeighbours:
    """With images enough for many rounds."""
    around = FakeNeighbours(pause=pause)
    around.images = [f"{number:032x}" for number in range(1, 1000)]
    return around


def begun(client: Client, number: int) -> Round:
    """A round, begun once however often it is asked for."""
    return client.start_round(PLAN, idempotency_key=f"round {number}")


def killed_through(process: Process, kills: int, rng: random.Random) -> tuple[list[Round], Counter[str]]:
    """Rounds one after the other until so many kills are over, of many one at least in each step; where they came."""
    ended, at, wanted = list[Round](), Counter[str](), set(STEPS) if kills >= 50 else set()
    while at.total() < kills or wanted - set(at):
        process.ask(lambda client: begun(client, len(ended) + 1))
        while (found := process.ask(lambda client: client.round())).outcome is None:
            lacks = found.step in wanted - set(at)
            if lacks or (at.total() < kills and (found.step not in at or rng.random() < 0.5)):
                time.sleep(rng.uniform(0, 0.2 if found.step not in at else 0.4))
                process.kill()
                at[found.step] += 1
                process.start()
            else:
                time.sleep(rng.uniform(0, 0.005 if wanted - set(at) else 0.05))
        ended.append(found)
    return ended, at


def untouched(root: Path, rounds: int) -> FakeNeighbours:
    """What as many rounds leave behind where nobody kills anything."""
    around = neighbourhood(0)
    with speaking(around) as address:
        process = Process(root, address)
        process.start()
        for number in range(1, rounds + 1):
            process.ask(lambda client, number=number: begun(client, number))  # type: ignore[misc]
            while process.ask(lambda client: client.round()).outcome is None:
                time.sleep(0.05)
        assert process.kill(signal.SIGTERM) == 0
    return around


def left_behind(around: FakeNeighbours) -> dict[str, object]:
    """S, T, masks, versions, and what each run learned from, in their order; ids differ from one process to another."""
    numbers = {item.id: number for number, item in enumerate(around.opened.values(), 1)}
    sets = [around.chosen_sets[campaign] for campaign in numbers]
    return {
        "sets": [item.size for item in around.sets.values()],
        "S": [[item.image_id for item in found.counterexamples] for found in sets],
        "T": [[item.image_id for item in found.test] for found in sets],
        "masks": [(item.image_id, item.purpose, item.state, numbers.get(item.campaign_id)) for item in around.made],
        "runs": [
            (run.state, run.released, [numbers[item] for item in run.plan.campaign_ids], run.plan.target)
            for run in around.runs.values()
        ],
        "serving": around.serving,
    }


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    """S, T, masks, runs and versions are those of rounds that nobody killed, each made once; with many kills every step
    is hit."""
    rng, around = random.Random(int(os.environ.get("MADSEG_TEST_SEED", "7"))), neighbourhood(0.05)
    for name in ("killed", "untouched"):
        (tmp_path / name).mkdir()
    with speaking(around) as address:
        process = Process(tmp_path / "killed", address)
        process.start()
        ended, at = killed_through(process, KILLS, rng)
        table = process.ask(lambda client: client.standings())
        assert process.kill(signal.SIGTERM) == 0
    print(f"{at.total()} kills in {len(ended)} rounds: {dict(at)}")
    assert at.total() >= KILLS
    for number, item in enumerate(ended, 1):
        assert (item.outcome, item.number, item.target.version) == (RoundOutcome.RELEASED, number, number), item.notes
        assert item.released is not None
        assert (item.released.version, item.counterexamples, item.test) == (number + 1, 4, 3)
        assert [record.step for record in item.steps] == list(dict.fromkeys(record.step for record in item.steps))
    assert left_behind(around) == left_behind(untouched(tmp_path / "untouched", len(ended)))
    images = [image for sets in around.chosen_sets.values() for image in (*sets.counterexamples, *sets.test)]
    assert len({item.image_id for item in images}) == 7 * len(ended)
    assert sum(item.kind is TestKind.ROUND for item in table.sets) == len(ended)
