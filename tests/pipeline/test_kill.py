"""Killed with SIGKILL at any moment, and started again: nothing promised is lost, and the result is the same."""

import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from madseg.client import InvalidArgument
from tests.pipeline import expected
from tests.pipeline.driving import settled
from tests.pipeline.expected import Asked
from tests.pipeline.killing import Driver
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, RESERVE, TARGET, picture

SOAK = bool(os.environ.get("MADSEG_SOAK"))
KILLS = 60 if SOAK else 6
PICTURES_PER_KILL = 8
MOMENTS = ("while it starts", "between answers", "after a burst", "while it works", "when it has gone quiet")


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nothing_is_lost_by_kills_at_random_moments(up: Up, asked: Asked) -> None:
    """Uploads, exclusions, restorations, forgetting, cuts and a new competitor, all of it cut off again and again."""
    seed = int(os.environ.get("MADSEG_TEST_SEED", "7"))
    rng = random.Random(seed)
    pictures = [picture(number) for number in range(KILLS * PICTURES_PER_KILL + 20)]
    driver, begun = Driver(pictures, seed), time.monotonic()
    starting = 2.0
    for kill in range(KILLS):
        moment = MOMENTS[kill % len(MOMENTS)]
        spawned = time.monotonic()
        up.spawn()
        if moment == "while it starts":
            time.sleep(rng.uniform(0.1, 1.2) * starting)
        else:
            up.wait_ready()
            starting = time.monotonic() - spawned
            _check_promises(up, driver)
            working = driver.begin(up.client, joins=kill >= KILLS // 2)
            _wait(moment, driver, rng)
            up.kill()
            working.join(30)
            assert not working.is_alive()
            assert driver.failures == []
        if up.running:
            up.kill()
        promised = driver.promised
        print(
            f"kill {kill + 1}/{KILLS} {moment}, {time.monotonic() - begun:.0f} s: {len(promised.accepted)} accepted, "
            f"{len(promised.excluded)} excluded, {len(promised.forgotten)} forgotten, {len(promised.sets)} sets",
            flush=True,
        )
    _finish(up, driver)
    _check_everything(up, driver, asked)
    assert up.terminate() == 0
    for file in sorted(up.state.glob("*.db")):
        assert _integrity(file) == "ok"


def _wait(moment: str, driver: Driver, rng: random.Random) -> None:
    """Until the moment of the kill has come."""
    if moment == "while it works":
        time.sleep(rng.uniform(0, 1.5))
        return
    wanted = driver.said + rng.randint(1, 12 if moment != "between answers" else 3)
    until(lambda: driver.said >= wanted or driver.done or driver.failures, 60, every=0.001)
    if moment == "after a burst":
        time.sleep(rng.uniform(0, 0.4))
    if moment == "when it has gone quiet":
        time.sleep(rng.uniform(0.5, 1.5))


def _finish(up: Up, driver: Driver) -> None:
    """Does what is left to do, without kills."""
    client = up.start()
    driver.work(client, joins=True)
    assert driver.failures == []
    assert driver.done


def _check_promises(up: Up, driver: Driver) -> None:
    """Right after a start: what was acknowledged is in, what was forgotten is out, sets are as they were."""
    client, promised = up.client, driver.promised
    there = list(client.images())
    assert len(there) == len(set(there))
    assert promised.accepted.keys() - promised.forgotten - driver.uncertain <= set(there)
    assert not promised.forgotten & set(there)
    sets = {item.id: item.size for item in client.candidate_sets()}
    assert promised.sets.keys() <= sets.keys()


def _check_everything(up: Up, driver: Driver, asked: Asked) -> None:
    client, promised = up.client, driver.promised
    living = {image: lane for image, lane in promised.accepted.items() if image not in promised.forgotten}
    # What was accepted is predicted without anybody asking again, also by the competitor that came late.
    until(lambda: not client.find_unknown(living), 60)
    competitors = (*COMPETITORS, RESERVE)
    images = [
        asked.image(image, client.picture(image).content, (TARGET, *competitors), lane)
        for image, lane in living.items()
    ]
    settled(client, images)
    there = list(client.images())
    assert sorted(living) == sorted(there)
    status = client.selector_status()
    assert len(living) == client.intake_status().accepted == status.images
    assert {(count.stored, count.failed) for count in status.versions} == {(len(living), 0)}
    assert status.dead_letters == 0
    by = expected.rules(promised.excluded)
    assert expected.rankings(images, by, competitors) == expected.served_rankings(client, competitors)
    assert expected.candidates(images, by, competitors, 4) == expected.served_candidates(client, 4)
    for item in client.candidate_sets():
        assert not promised.forgotten & {candidate.image_id for candidate in client.candidates(item.id)}
    for image in sorted(promised.forgotten):
        with pytest.raises(InvalidArgument, match="forgotten"):
            client.upload(driver.content[image])


def _integrity(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
