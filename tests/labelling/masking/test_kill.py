"""The process is killed with SIGKILL in the middle of saves: no acknowledged revision is lost or counts twice."""

import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from madseg.client import Client, DeadlineExceeded, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.core.masks import to_original
from madseg.core.preprocess import Size, centre_crop
from madseg.security.access import Role, add_token
from tests.labelling.fakes import add_set, neighbours
from tests.labelling.masking.studio import add_lane
from tests.labelling.scoring.test_kill import Process
from tests.labelling.speaking import speaking

KILLS = 50 if os.environ.get("MADSEG_SOAK") else 5
DRAWERS = ("ann", "ben", "cat")
SIZE = Size(1200, 1600)
CROP = centre_crop(SIZE, Size(513, 513))


@dataclass
class Drawer:
    """Saves until nobody answers, and remembers what was acknowledged."""

    name: str
    token: str
    address: str
    random: random.Random
    task: str = ""
    saved: dict[int, bytes] = field(default_factory=dict)
    """By revision, what was acknowledged."""
    sent: tuple[int, str, bytes] | None = None
    """A save that was cut off: what it follows, its key, and the map."""
    failures: list[str] = field(default_factory=list)

    def work(self) -> None:
        """Until it is killed. A save that was cut off is sent again, with its key, as a page does."""
        try:
            with Client(labelling=self.address, token=self.token, timeout=10) as client:
                if not self.task:
                    taken = client.take_mask_task()
                    assert taken is not None
                    self.task = taken.id
                while True:
                    self._save(client)
        except (Unavailable, DeadlineExceeded):
            pass
        except Exception as error:  # noqa: BLE001 (the test reads what went wrong in this thread)
            self.failures.append(f"{type(error).__name__}: {error}")

    def _save(self, client: Client) -> None:
        follows, key, drawn = self.sent or (max(self.saved, default=0), self._word(), self._mask())
        self.sent = (follows, key, drawn)
        revision = client.save_mask(self.task, drawn, follows, idempotency_key=key)
        if revision != follows + 1:
            self.failures.append(f"revision {revision} follows {follows}")
        self.saved[revision] = drawn
        self.sent = None

    def _word(self) -> str:
        return f"{self.random.getrandbits(64):x}"

    def _mask(self) -> bytes:
        """Some thousand runs, so that a save takes a while."""
        fields = np.array([[self.random.randrange(21) for _ in range(27)] for _ in range(27)], np.uint8)
        return encode(to_original(from_dense(np.repeat(np.repeat(fields, 19, 0), 19, 1)), SIZE, CROP))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_kills_in_the_middle_of_saves_lose_nothing(tmp_path: Path) -> None:
    """Three people draw; the process dies and comes back."""
    rng = random.Random(int(os.environ.get("MADSEG_TEST_SEED", "5")))
    around = neighbours(0)
    add_set(around, [1], "b" * 32)
    images = [add_lane(around, 100 + number, SIZE, CROP) for number in range(len(DRAWERS))]
    with speaking(around) as address:
        process = Process(tmp_path, address)
        tokens = tmp_path / "tokens.json"
        drawers = [
            Drawer(name, add_token(tokens, name, [Role.ANNOTATOR]), process.address, random.Random(number))
            for number, name in enumerate(DRAWERS)
        ]
        process.start()
        with process.client("otto") as otto:
            assert otto.add_mask_tasks(images, "random_lane").created == len(DRAWERS)
        for life in range(KILLS):
            before = [len(drawer.saved) for drawer in drawers]
            threads = [threading.Thread(target=drawer.work) for drawer in drawers]
            for thread in threads:
                thread.start()
            if life % 3:  # the others end at whatever moment, the start included
                _wait_for_saves(drawers, before)
            time.sleep(rng.uniform(0.0, 0.6))
            assert process.kill() == -signal.SIGKILL
            for thread in threads:
                thread.join()
            assert [drawer.failures for drawer in drawers if drawer.failures] == []
            process.start()
            with process.client("otto") as otto:
                _check(otto, drawers)
        assert process.kill(signal.SIGTERM) == 0
    assert min(len(drawer.saved) for drawer in drawers) >= KILLS * 2 // 3


def _wait_for_saves(drawers: list[Drawer], before: list[int]) -> None:
    """Until everybody has had one more acknowledged."""
    deadline = time.monotonic() + 120
    while not all(len(drawer.saved) > had for drawer, had in zip(drawers, before, strict=True)):
        assert not any(drawer.failures for drawer in drawers), [drawer.failures for drawer in drawers]
        assert time.monotonic() < deadline, "nobody saves"
        time.sleep(0.02)


def _check(otto: Client, drawers: list[Drawer]) -> None:
    """What was acknowledged is there as it was sent; at most one save more is, the one that was cut off."""
    for drawer in drawers:
        if drawer.task:
            there = otto.mask_task(drawer.task).revision
            assert there - len(drawer.saved) in (0, 1)
            assert sorted(drawer.saved) == list(range(1, len(drawer.saved) + 1))
            for revision in range(max(1, there - 5), len(drawer.saved) + 1):
                assert otto.mask_revision(drawer.task, revision).label_map == drawer.saved[revision]
            if there > len(drawer.saved):
                assert drawer.sent is not None
                assert otto.mask_revision(drawer.task, there).label_map == drawer.sent[2]
