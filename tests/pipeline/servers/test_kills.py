"""Services and servers are killed at random moments while they work: nothing is lost, nothing counts twice."""

import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from madseg.adapters.streams import open_stream
from madseg.client import Client
from madseg.ports import Outgoing
from tests import reference
from tests.pipeline.expected import Asked
from tests.pipeline.fleet import Fleet, Secured, Servers
from tests.pipeline.killing import Driver
from tests.pipeline.running import until
from tests.pipeline.servers.checking import SOAK, check, settings
from tests.pipeline.world import COMPETITORS, TARGET, picture

KILLS = int(os.environ.get("MADSEG_TEST_KILLS", "1000" if SOAK else "10"))
PICTURES_PER_KILL = 6

pytestmark = [pytest.mark.soak, pytest.mark.timeout(4 * 3600)]


@pytest.fixture
def fleet(servers: Servers, made: Path, tmp_path: Path) -> Iterator[Fleet]:
    """One whose services ask for certificates and tokens, and note who did what."""
    given = settings(servers, made)
    with Fleet(given, tmp_path, predictors=3, selectors=3, secured=Secured.of(tmp_path)) as fleet:
        yield fleet


def test_nothing_is_lost_or_doubled_by_kills_of_any_process(fleet: Fleet, servers: Servers, asked: Asked) -> None:
    """Services and servers alike, at random moments, while records come twice and out of order."""
    rng = random.Random(int(os.environ.get("MADSEG_TEST_SEED", "5")))
    driver = Driver([picture(1000 + number) for number in range(KILLS * PICTURES_PER_KILL)], rng.getrandbits(32))
    working = threading.Event()
    working.set()
    client = fleet.start()
    busy = threading.Thread(target=_keep_working, args=(driver, client, working))
    repeating = threading.Thread(target=_repeat, args=(fleet, rng.getrandbits(32), working))
    busy.start()
    repeating.start()
    try:
        for number in range(KILLS):
            wanted = driver.said + rng.randint(1, PICTURES_PER_KILL)
            until(lambda: driver.said >= wanted or driver.done or driver.failures, 120)  # noqa: B023
            time.sleep(rng.uniform(0, 0.5))
            # Every fifth kill is a server's: those take longest to come back.
            victim = rng.choice(sorted(servers.all()) if number % 5 == 4 else sorted(fleet.processes))
            print(f"kill {number + 1}/{KILLS}: {victim}, {len(driver.promised.accepted)} accepted", flush=True)
            if victim in servers.all():
                servers.all()[victim].kill()
                time.sleep(rng.uniform(0, 1))
                servers.all()[victim].start()
            else:
                fleet.processes[victim].kill()
                time.sleep(rng.uniform(0, 1))
                fleet.processes[victim].spawn()
            assert driver.failures == []
        fleet.wait_ready()
        until(lambda: driver.done or driver.failures, 300)
    finally:
        working.clear()
        busy.join(120)
        repeating.join(120)
    assert driver.failures == []
    living = driver.promised.accepted.keys() - driver.promised.forgotten
    images = _asked(client, asked, driver, sorted(living))
    check(fleet, images, COMPETITORS, driver.promised.excluded)


def _asked(client: Client, asked: Asked, driver: Driver, living: Sequence[str]) -> list[reference.Image]:
    lanes = driver.promised.accepted
    return [asked.image(image, client.picture(image).content, (TARGET, *COMPETITORS), lanes[image]) for image in living]


def _keep_working(driver: Driver, client: Client, working: threading.Event) -> None:
    """Works through every outage."""
    while working.is_set() and not driver.done and not driver.failures:
        driver.work(client)
        time.sleep(0.1)


def _repeat(fleet: Fleet, seed: int, working: threading.Event) -> None:
    """Publishes prediction records once more: some at once, some much later, in any order."""
    rng = random.Random(seed)
    settings = fleet.processes["selector-1"].settings
    topic = f"{settings['MADSEG_PREFIX']}.predictions"
    kept: list[Outgoing] = []
    while working.is_set():
        try:
            stream = open_stream(settings["MADSEG_STREAM"])
            consumer = stream.consume(topic, None)
            while working.is_set():
                read = consumer.poll(0.5, 50)
                kept += [Outgoing(topic, record.key, record.value, record.headers) for record in read]
                rng.shuffle(kept)
                again, kept = kept[:3], kept[3:60]
                stream.publish(again)
                time.sleep(0.2)
            stream.close()
        except Exception as error:  # noqa: BLE001 (Kafka is killed meanwhile)
            print(f"repeating goes on after {type(error).__name__}", flush=True)
            time.sleep(1)
