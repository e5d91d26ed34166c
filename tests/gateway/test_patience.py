"""A request whose body doesn't come keeps its place for a while, and not for ever."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from starlette.types import Message

from madseg.gateway.http_api import create_app
from madseg.gateway.http_patience import SLOWEST, Patient, TooSlow
from madseg.gateway.http_server import HttpServer
from madseg.security.crowd import crowd
from madseg.security.guarding import Guard
from madseg.security.rates import Rates
from tests.gateway.conftest import Parts
from tests.gateway.pictures import noise
from tests.pipeline.running import until

SECONDS = 0.4
"""How long a piece may take here."""


def received(pieces: int, size: int, pause: float) -> int:
    """The bytes that come in so many pieces, after a pause each."""
    left = pieces

    async def receive() -> Message:
        nonlocal left
        await asyncio.sleep(pause)
        left -= 1
        return {"type": "http.request", "body": bytes(size), "more_body": left > 0}

    async def read() -> int:
        patient, size = Patient(receive, SECONDS), 0
        while True:
            message = await patient()
            size += len(message["body"])
            if not message["more_body"]:
                return size

    return asyncio.run(read())


def test_a_body_that_comes_slowly_is_read() -> None:
    """However long all of it takes."""
    assert received(8, SLOWEST, SECONDS / 4) == 8 * SLOWEST


def test_a_body_that_stops_is_given_up() -> None:
    """Whatever came before."""
    with pytest.raises(TooSlow, match="took too long to come: send it again"):
        received(2, 100 * SLOWEST, 3 * SECONDS)


def test_a_body_that_trickles_is_given_up() -> None:
    """A byte now and then would keep the place for ever."""
    with pytest.raises(TooSlow):
        received(1000, 1, SECONDS / 4)


def test_who_waits_for_the_end_of_a_connection_may_wait() -> None:
    """The body is there: nothing more has to come."""

    async def heard() -> Message:
        messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await asyncio.sleep(3 * SECONDS)
            return {"type": "http.disconnect"}

        patient = Patient(receive, SECONDS)
        await patient()
        return await patient()

    assert asyncio.run(heard()) == {"type": "http.disconnect"}


@contextmanager
def silent(server: HttpServer) -> Iterator[socket.socket]:
    """A connection that begins to send a picture, and no more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n\xff")
        yield connection


def test_places_of_requests_that_do_not_come_are_free_again(parts: Parts) -> None:
    """Each is told so, and its connection is closed."""
    guarded = Guard(crowd(3, 9, 1 << 26), Rates(0, 1))
    server = HttpServer(create_app(parts.intake(), lambda: None, guarded=guarded, patience=SECONDS), "127.0.0.1:0")
    server.start()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client, ExitStack() as stack:
        held = [stack.enter_context(silent(server)) for _ in range(3)]
        until(lambda: client.get("/openapi.json").status_code == 503)
        answers = [connection.makefile("rb").read() for connection in held]
        assert client.post("/v1/images", content=noise(1)).status_code == 201
    server.stop()
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in head.lower()
        assert b"send it again" in body
