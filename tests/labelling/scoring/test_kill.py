"""The process is killed with SIGKILL at any moment: nothing acknowledged is lost, and nothing counts twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from deploy.local.server import free_port
from madseg.adapters.databases import open_database
from madseg.client import CampaignPlan, CampaignState, Client, DeadlineExceeded, Unavailable
from madseg.labelling.scoring.tables import ERRANDS, JUDGEMENTS
from madseg.security.access import Role, add_token
from tests.labelling.fakes import neighbours
from tests.labelling.speaking import speaking

KILLS = 40 if os.environ.get("MADSEG_SOAK") else 4
IMAGES = 30 * KILLS
RATERS = ("ada", "bob", "cy")


class Process:
    """`python -m madseg.labelling` on one embedded database, which is started again and again."""

    def __init__(self, folder: Path, selector: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.tokens = {name: add_token(folder / "tokens.json", name, [Role.RATER]) for name in RATERS}
        self.tokens["otto"] = add_token(folder / "tokens.json", "otto", [Role.OPERATOR])
        self.database = f"sqlite:///{folder}/labelling.db"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MADSEG_")},
            "MADSEG_DATABASE": self.database,
            "MADSEG_LABELLING": self.address,
            "MADSEG_SELECTOR": selector,
            "MADSEG_INTAKE": selector,
            "MADSEG_TOKENS": str(folder / "tokens.json"),
        }
        self._log = folder / "log"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "madseg.labelling"], env=self._environment, stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        with self.client("otto") as client:
            while time.monotonic() < end:
                assert self._running.poll() is None, self._log.read_text()[-2000:]
                try:
                    client.campaign_page()
                except (Unavailable, DeadlineExceeded):
                    time.sleep(0.05)
                else:
                    return
        raise AssertionError("it didn't start")

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Ends it; its exit code."""
        assert self._running is not None
        self._running.send_signal(number)
        return self._running.wait(30)

    def client(self, name: str) -> Client:
        """A client of a person."""
        return Client(labelling=self.address, token=self.tokens[name], timeout=10)


class Rater:
    """Judges until nobody answers, and remembers what was acknowledged. What was cut off may have happened or not."""

    def __init__(self, process: Process, name: str, seed: int) -> None:
        self._process, self._name, self._random = process, name, random.Random(seed)
        self.said: dict[str, tuple[str, int | None]] = {}
        """By image, what was acknowledged: a grade or a veto."""
        self.maybe: dict[str, tuple[str, int | None]] = {}
        self.failures: list[str] = []

    def work(self) -> None:
        """Until nothing is left, or it was killed."""
        try:
            with self._process.client(self._name) as client:
                while held := client.take_assignments(count=2).assignments:
                    self._judge(client, held[0].id, held[0].image_id)
        except (Unavailable, DeadlineExceeded):
            pass
        except Exception as error:  # noqa: BLE001 (the test reads what went wrong in this thread)
            self.failures.append(f"{type(error).__name__}: {error}")

    def _judge(self, client: Client, assignment: str, image: str) -> None:
        if image in self.said:
            self.failures.append(f"{image} was given to {self._name} again")
        veto = self._random.random() < 0.05
        said = ("veto", None) if veto else ("grade", self._random.randint(1, 5))
        self.maybe[image] = said
        if said[1] is None:
            client.veto(assignment, "corrupt")
        else:
            client.grade(assignment, said[1])
        self.said[image] = said


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    """Three raters at work; every veto reaches the selector in the end."""
    seed = int(os.environ.get("MADSEG_TEST_SEED", "3"))
    rng, around = random.Random(seed), neighbours(IMAGES)
    with speaking(around) as selector:
        process = Process(tmp_path, selector)
        raters = [Rater(process, name, seed + number) for number, name in enumerate(RATERS)]
        process.start()
        with process.client("otto") as otto:
            plan = CampaignPlan(raters=2, repeat_share=0.0, counterexamples=5, lease_seconds=10)
            otto.create_campaign(plan=plan, idempotency_key="one")
        for _ in range(KILLS):
            threads = [threading.Thread(target=rater.work) for rater in raters]
            for thread in threads:
                thread.start()
            time.sleep(rng.uniform(0.0, 1.0))
            assert process.kill() == -signal.SIGKILL
            for thread in threads:
                thread.join()
            assert [rater.failures for rater in raters if rater.failures] == []
            process.start()
        _finish(process, raters)
        told = {image for rater in raters for image, (kind, _) in rater.said.items() if kind == "veto"}
        assert process.kill(signal.SIGTERM) == 0
        _check(process, raters)
        assert told <= around.excluded_for("veto")


def _finish(process: Process, raters: list[Rater]) -> None:
    """Without kills, until all is scored and the selector knows of it."""
    end = time.monotonic() + 120
    with process.client("otto") as otto:
        while otto.campaign().state is not CampaignState.SCORED:
            assert time.monotonic() < end
            for rater in raters:
                rater.work()
            time.sleep(0.1)
    database = open_database(process.database, "labelling")
    while time.monotonic() < end:
        with database.snapshot() as tx:
            if tx.execute(select(ERRANDS).where(ERRANDS.c.done_at.is_(None))).first() is None:
                break
        time.sleep(0.1)
    database.close()


def _check(process: Process, raters: list[Rater]) -> None:
    """What was acknowledged is there, once; what is there was acknowledged or at least sent."""
    database = open_database(process.database, "labelling")
    with database.snapshot() as tx:
        rows = tx.execute(select(JUDGEMENTS)).all()
    database.close()
    found = {(row.rater, row.image_id.hex()): (row.kind, row.grade) for row in rows}
    assert len(found) == len(rows)
    for name, rater in zip(RATERS, raters, strict=True):
        for image, said in rater.said.items():
            assert found[name, image] == said
        for (who, image), said in found.items():
            assert who != name or rater.maybe[image] == said
    vetoed = {row.image_id for row in rows if row.kind == "veto"}
    given = Counter(row.image_id for row in rows if row.kind == "grade" and row.image_id not in vetoed)
    assert set(given.values()) == {2}
    assert len(given) + len(vetoed) == IMAGES
