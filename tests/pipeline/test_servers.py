"""The whole way on Kafka, Triton, PostgreSQL and S3 at once, each service in processes of its own."""

import os
import random
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.local.server import Lacking, Server
from deploy.local.triton import Triton
from madseg.adapters.streams import open_stream
from madseg.client import Client
from madseg.ports import Outgoing
from tests import reference
from tests.pipeline import expected
from tests.pipeline.conftest import environment
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.killing import Driver
from tests.pipeline.running import until
from tests.pipeline.world import COMPETITORS, RESERVE, TARGET, card, picture

SOAK = bool(os.environ.get("MADSEG_SOAK"))
KILLS = 100 if SOAK else 10
PICTURES_PER_KILL = 6
OUTAGE_SECONDS = 30 if SOAK else 4
SETTLE_SECONDS = 60.0

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def servers(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One of each, started."""
    folder = tmp_path_factory.mktemp("servers")
    shutil.copytree(made / "models", folder / "models")
    found = Servers.of(folder, folder / "models")
    try:
        for server in found.all().values():
            server.start()
        yield found
    except Lacking as lacking:
        pytest.skip(str(lacking))
    finally:
        for server in found.all().values():
            server.stop()
        shutil.rmtree(found.postgres.folder, ignore_errors=True)


@pytest.fixture
def fleet(servers: Servers, made: Path, tmp_path: Path) -> Iterator[Fleet]:
    """Three predictors and three selectors under a prefix of their own, not started."""
    settings = {
        **environment(made, servers.triton.repository.parent),
        **servers.urls(),
        "MADSEG_PREFIX": f"test{uuid.uuid4().hex[:8]}",
        "MADSEG_PARTITIONS": "6",
    }
    with Fleet(settings, tmp_path, predictors=3, selectors=3) as fleet:
        yield fleet


def test_every_selector_serves_the_rankings_of_the_reference(fleet: Fleet, asked: Asked) -> None:
    """And the cut of M; a competitor that comes late is replayed over what is there."""
    client = fleet.start()
    images = accept(client, asked, [picture(number) for number in range(60)], (TARGET, *COMPETITORS, RESERVE))
    _check(fleet, images, COMPETITORS)
    client.set_role(RESERVE, "competitor")
    _check(fleet, images, (*COMPETITORS, RESERVE))
    client.set_role(RESERVE, "retired")
    assert [process.terminate() for process in fleet.processes.values()] == [0] * len(fleet.processes)


def test_a_released_target_competes_over_all_images(servers: Servers, made: Path, asked: Asked, tmp_path: Path) -> None:
    """On a Triton of its own; the old contests answer meanwhile, and a rollback asks the version before again."""
    shutil.copytree(made / "models", tmp_path / "models")
    triton = Triton(tmp_path / "triton", tmp_path / "models")
    triton.start()
    settings = {
        **environment(made, tmp_path),
        **servers.urls(),
        "MADSEG_INFERENCE": triton.url,
        "MADSEG_PREFIX": f"test{uuid.uuid4().hex[:8]}",
        "MADSEG_PARTITIONS": "6",
    }
    try:
        with Fleet(settings, tmp_path, predictors=2, selectors=2) as fleet:
            client = fleet.start()
            pictures = [picture(8000 + number) for number in range(60)]
            images = accept(client, asked, pictures, (TARGET, *COMPETITORS, RESERVE))
            _check(fleet, images, COMPETITORS)
            before = expected.served_rankings(client, COMPETITORS)
            text = yaml.safe_dump({**card(RESERVE), "name": TARGET, "role": "target"})
            client.release_version(made / "networks" / f"{RESERVE}.onnx", text)
            fleet.processes["predictor-1"].kill()
            fleet.processes["selector-2"].kill()
            fleet.start()
            late = accept(client, asked, [picture(8100)], (TARGET, *COMPETITORS, RESERVE))
            after = [replace(item, maps={**item.maps, TARGET: item.maps[RESERVE]}) for item in (*images, *late)]
            _check(fleet, after, COMPETITORS)
            old = expected.served_rankings(client, COMPETITORS, f"{TARGET}/1")
            gone = {item.image_id for item in late}
            assert before == {key: [entry for entry in old[key] if entry[1] not in gone] for key in old}
            assert client.rollback_version(TARGET).model.serving == (1,)
    finally:
        triton.stop()


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
    _check(fleet, images, COMPETITORS, driver.promised.excluded)


@pytest.mark.parametrize("name", ["kafka", "triton", "postgres", "s3"])
def test_an_outage_loses_nothing_and_ends_by_itself(name: str, fleet: Fleet, servers: Servers, asked: Asked) -> None:
    """The server is stopped in mid-stream; intake says 503 where it must, and takes the same picture later."""
    client = fleet.start()
    images = accept(client, asked, [picture(5000 + number) for number in range(12)])
    before = _resident(fleet)
    server = servers.all()[name]
    server.kill()
    try:
        ends = time.monotonic() + OUTAGE_SECONDS
        late, refused = [picture(5100 + number) for number in range(12)], 0
        while time.monotonic() < ends:
            answers = [_post(fleet.http, content) for content in late[:2]]
            refused += sum(status == 503 for status, _ in answers)
            assert all(retry for status, retry in answers if status == 503)
            assert {status for status, _ in answers} <= {200, 201, 503}
    finally:
        server.start()
    # Triton is behind the stream: intake goes on without it.
    assert (refused > 0) == (name != "triton")
    for content in late:
        until(lambda: _post(fleet.http, content)[0] in {200, 201}, 60, every=0.2)  # noqa: B023
    images += accept(client, asked, late)
    _check(fleet, images, COMPETITORS)
    assert all(_resident(fleet)[process] < held + (256 << 20) for process, held in before.items())


@pytest.mark.parametrize("name", ["kafka", "triton", "postgres", "s3"])
def test_a_server_that_stands_still_again_and_again_only_delays(
    name: str, fleet: Fleet, servers: Servers, asked: Asked
) -> None:
    """Two seconds of every answer: slower, and not one failed prediction."""
    client = fleet.start()
    server, pictures = servers.all()[name], [picture(6000 + number) for number in range(12 if SOAK else 4)]
    slow = threading.Event()
    slow.set()
    standing = threading.Thread(target=_stand_still, args=(server, slow))
    standing.start()
    try:
        for content in pictures:
            until(lambda: _post(fleet.http, content)[0] in {200, 201}, 120, every=0.2)  # noqa: B023
    finally:
        slow.clear()
        standing.join(30)
    _check(fleet, accept(client, asked, pictures), COMPETITORS)
    assert all(count.failed == 0 for count in client.selector_status().versions)


def _check(
    fleet: Fleet, images: Sequence[reference.Image], competitors: Sequence[str], excluded: Iterable[str] = ()
) -> None:
    """Every selector gives the reference's rankings, and one of them its M."""
    client, by = fleet.client(), expected.rules(excluded)
    settled(client, images, SETTLE_SECONDS)
    assert client.selector_status().images == client.intake_status().accepted == len(images)
    wanted = expected.rankings(images, by, competitors)
    for name in fleet.selectors:
        assert expected.served_rankings(fleet.client(name), competitors) == wanted
    assert expected.served_candidates(client, 4) == expected.candidates(images, by, competitors, 4)


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


def _stand_still(server: Server, slow: threading.Event) -> None:
    while slow.is_set():
        server.signal(signal.SIGSTOP)
        time.sleep(2)
        server.signal(signal.SIGCONT)
        time.sleep(0.1)


def _post(http: str, content: bytes) -> tuple[int, str]:
    """Status and Retry-After of an upload."""
    request = urllib.request.Request(f"{http}/v1/images", content, {"Content-Type": "image/png"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Retry-After", "")


def _resident(fleet: Fleet) -> dict[str, int]:
    return {name: process.resident() for name, process in fleet.processes.items()}
