"""The service is killed with SIGKILL at any moment of a round: it ends with what it would have, made once."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from madseg.client import CampaignPlan, Client, ClientError, Round, RoundOutcome, RoundPlan, RunPlan
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
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
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


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    """Each round has one M, one campaign, one S and T, one run and one version, and as many as without a kill."""
    rng = random.Random(int(os.environ.get("MADSEG_TEST_SEED", "7")))
    around, kills, ended = FakeNeighbours(pause=0.05), 0, list[Round]()
    around.images = [f"{number:032x}" for number in range(1, 1000)]
    with speaking(around) as address:
        process = Process(tmp_path, address)
        process.start()
        while kills < KILLS:
            number = len(ended) + 1
            process.ask(lambda client, key=f"round {number}": client.start_round(PLAN, idempotency_key=key))  # type: ignore[misc]
            while (found := process.ask(lambda client: client.round())).outcome is None:
                if kills < KILLS and rng.random() < 0.5:
                    time.sleep(rng.uniform(0, 0.4))
                    process.kill()
                    kills += 1
                    process.start()
                else:
                    time.sleep(rng.uniform(0, 0.2))
            ended.append(found)
        assert process.kill(signal.SIGTERM) == 0
    for number, item in enumerate(ended, 1):
        assert (item.outcome, item.number, item.target.version) == (RoundOutcome.RELEASED, number, number), item.notes
        assert item.released is not None
        assert (item.released.version, item.counterexamples, item.test) == (number + 1, 4, 3)
        assert [record.step for record in item.steps] == list(dict.fromkeys(record.step for record in item.steps))
    rounds = len(ended)
    assert [len(made) for made in (around.sets, around.opened, around.chosen_sets, around.runs)] == [rounds] * 4
    assert around.serving == list(range(1, rounds + 2))
    images = [image for sets in around.chosen_sets.values() for image in (*sets.counterexamples, *sets.test)]
    assert len({item.image_id for item in images}) == 7 * rounds
