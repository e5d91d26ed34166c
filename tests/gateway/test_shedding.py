"""With more senders than a gateway takes on, it refuses some, answers the others, and loses nothing it accepted."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from madseg.client import Client, TooMany
from madseg.core.taxonomy import VOC
from madseg.gateway.accept import Intake
from madseg.gateway.forget import Forgetting, Receipt
from madseg.gateway.grpc_api import IntakeApi
from madseg.gateway.http_api import create_app
from madseg.gateway.http_server import HttpServer
from madseg.gateway.import_predictions import ImportPredictions
from madseg.gateway.upload import ImageUpload
from madseg.gateway.web.callers import Door
from madseg.rpc import Server, Service
from madseg.security.access import Role, Tokens, add_token
from madseg.security.crowd import AGAIN_SECONDS, crowd
from madseg.security.guarding import Guard, Guarding, beside
from madseg.security.rates import Rates
from madseg.v1.intake_pb2_grpc import add_IntakeServiceServicer_to_server
from tests.gateway.conftest import POLICY, Parts
from tests.gateway.failing import Tapped
from tests.gateway.pictures import noise
from tests.observing.conftest import page
from tests.observing.scraping import scrape
from tests.pipeline.running import until

__all__ = ["page"]

AT_ONCE, SENDERS, EACH = 3, 12, 6
"""Uploads that are taken on at once, and four times as many senders."""

HANGING = 48
"""Uploads that wait at once: more than the threads that everything else has."""


def guarded() -> Guard:
    """Room for a few calls."""
    return Guard(crowd(AT_ONCE, 9, 1 << 26), Rates(0, 1))


def slow(parts: Parts) -> Intake:
    """An intake whose stream takes its time."""
    stream = Tapped(parts.stream, lambda: time.sleep(0.01))
    return Intake(stream, parts.database, parts.blobs, POLICY, parts.clock, "t")


@pytest.fixture
def url(parts: Parts) -> Iterator[str]:
    """Of its HTTP server."""
    server = HttpServer(create_app(slow(parts), lambda: None, guarded=guarded()), "127.0.0.1:0")
    server.start()
    yield server.url
    server.stop()


def all_sent(send: Callable[[bytes], str | None]) -> tuple[set[str], int]:
    """Has many senders send pictures until all are in: the ids, and how many calls were shed. A sender gets None for
    one of those."""
    shed = []

    def sender(number: int) -> list[str]:
        found = []
        for picture in range(EACH):
            while (image := send(noise(number * EACH + picture))) is None:
                shed.append(number)
                time.sleep(0.02)
            found.append(image)
        return found

    with ThreadPoolExecutor(SENDERS) as pool:
        return {image for found in pool.map(sender, range(SENDERS)) for image in found}, len(shed)


def is_all_there(parts: Parts, accepted: set[str]) -> bool:
    """Every accepted picture is in, once, and nothing else."""
    kept = [image for _, image in parts.intake().page(0, 1000)]
    return sorted(accepted) == sorted(kept) == sorted(record.key for record in parts.records("t.images"))


def test_over_http_some_are_told_to_come_again_and_nothing_is_lost(url: str, parts: Parts, page: str) -> None:
    """With 503 and Retry-After; the state of health is told all the while."""
    before = scrape(page)
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:

        def send(picture: bytes) -> str | None:
            answer = client.post("/v1/images", content=picture)
            if answer.status_code == 503:
                assert (answer.headers["retry-after"], answer.json()["type"]) == ("1", "urn:madseg:Busy")
                assert client.get("/healthz").status_code == 200
                return None
            assert answer.status_code == 201
            return str(answer.json()["image_id"])

        accepted, shed = all_sent(send)
    assert len(accepted) == SENDERS * EACH
    assert shed > 0
    assert scrape(page).since(before, "madseg_calls_refused_total", reason="calls") == shed
    assert is_all_there(parts, accepted)


def test_uploads_that_wait_keep_nobody_else_waiting(parts: Parts) -> None:
    """Many hang at a stream that is away: pictures, and whether the process is alive, are told as ever."""
    image, may = parts.intake().upload(ImageUpload(noise(0))).image_id, threading.Event()
    intake = parts.intake(stream=Tapped(parts.stream, lambda: assert_set(may)))
    server = HttpServer(create_app(intake, lambda: None), "127.0.0.1:0")
    server.start()
    with (
        httpx.Client(
            base_url=server.url, trust_env=False, timeout=30, limits=httpx.Limits(max_connections=99)
        ) as client,
        ThreadPoolExecutor(HANGING) as pool,
    ):
        held = [pool.submit(client.post, "/v1/images", content=noise(n + 1)) for n in range(HANGING)]
        try:
            until(lambda: len(parts.files()) >= 2 * HANGING)
            for path in ("/healthz", f"/v1/images/{image}", f"/v1/images/{image}/picture"):
                assert client.get(path, timeout=5).status_code == 200
        finally:
            may.set()
        assert {answer.result().status_code for answer in held} == {201}
    server.stop()


def assert_set(event: threading.Event) -> None:
    """Waits until it is set."""
    assert event.wait(20)


def test_over_grpc_some_are_told_to_come_again_and_nothing_is_lost(parts: Parts) -> None:
    """An upload isn't made again by itself: the client says when it may."""
    intake = slow(parts)
    forgetting = Forgetting(parts.stream, parts.database, parts.blobs, lambda *_: Receipt(()), parts.clock, "t")
    imports = ImportPredictions(parts.stream, parts.database, POLICY, VOC, lambda _: False, parts.clock, "t")
    service = Service(
        "madseg.v1.IntakeService", IntakeApi(intake, imports, forgetting), add_IntakeServiceServicer_to_server
    )
    server = Server([service], "127.0.0.1:0", None, guarded())
    server.start()
    waits: set[float] = set()
    with Client(server.reachable, timeout=20) as client:

        def send(picture: bytes) -> str | None:
            try:
                return client.upload(picture).image_id
            except TooMany as error:
                waits.add(error.retry_after)
                return None

        accepted, shed = all_sent(send)
        # A question that changes nothing waits by itself until there is room.
        assert client.intake_status().accepted == len(accepted) == SENDERS * EACH
    server.stop()
    assert shed > 0
    assert waits == {AGAIN_SECONDS}
    assert is_all_there(parts, accepted)


def test_a_request_that_is_slow_to_come_has_its_place(url: str) -> None:
    """And leaves it when it is done, or when whoever sent it is gone."""
    may = threading.Event()

    def body() -> Iterator[bytes]:
        yield noise(1)[:10]
        may.wait(20)
        yield noise(1)[10:]

    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        held = [pool.submit(client.post, "/v1/images", content=body()) for _ in range(AT_ONCE)]
        until(lambda: client.get("/openapi.json").status_code == 503)
        may.set()
        assert {answer.result().status_code for answer in held} <= {200, 201}
        assert client.get("/openapi.json").status_code == 200


def test_a_caller_that_asks_too_often_gets_429(parts: Parts, tmp_path: Path) -> None:
    """By name, over all servers of the gateway; strangers by their address."""
    tokens = {name: add_token(tmp_path / "tokens.json", name, [Role.SOURCE]) for name in ("ada", "ben")}
    limited = Guard(crowd(9, 9, 1 << 26), Rates(0.001, 2))
    door = Door(Tokens(tmp_path / "tokens.json"), insecure=False, rates=limited.rates)
    app = create_app(parts.intake(), lambda: None, door=door, guarded=beside(limited, Guarding()))
    server = HttpServer(app, "127.0.0.1:0")
    server.start()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:

        def ask(token: str | None) -> httpx.Response:
            shown = {"authorization": f"Bearer {token}"} if token else {}
            return client.get("/v1/images/" + "0" * 32, headers=shown)

        assert [ask(tokens["ada"]).status_code for _ in range(3)] == [404, 404, 429]
        assert [ask(None).status_code for _ in range(3)] == [401, 401, 429]
        limited.rates.take("ben")
        limited.rates.take("ben")
        refused = ask(tokens["ben"])
    server.stop()
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:madseg:TooMany")
    assert 0 < int(refused.headers["retry-after"]) <= 1000
