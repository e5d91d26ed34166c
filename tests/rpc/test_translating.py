"""Errors come at their place in a stream, streams end when the server does, and garbled requests are refused."""

import threading
import time
from typing import Any

import grpc
import pytest

from madseg.core.errors import NotFound
from madseg.v1 import selector_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceStub
from tests.rpc.speaking import MODELS, SELECTOR, failed, serving, watching


def test_errors_of_a_stream_come_after_its_answers() -> None:
    """Translated like any other."""
    with watching(0, NotFound("no such ranking")) as (_, stub):
        call = stub.WatchRanking(selector_pb2.WatchRankingRequest(), timeout=10)
        assert next(call).revision == 1
        refusal = failed(lambda: next(call))
    assert (refusal.code(), refusal.details()) == (grpc.StatusCode.NOT_FOUND, "no such ranking")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pause", [3600, 0.001], ids=["silent", "busy"])
def test_streams_end_soon_when_the_server_stops(pause: float) -> None:
    """Whether nothing happens in them or too much: the caller is told to come back."""
    heard: list[int] = []
    said: list[grpc.Call] = []

    def watch(stub: SelectorServiceStub) -> None:
        try:
            for answer in stub.WatchRanking(selector_pb2.WatchRankingRequest()):
                heard.append(answer.revision)
        except grpc.RpcError as error:
            assert isinstance(error, grpc.Call)  # noqa: PT017 (seen by the main thread)
            said.append(error)

    with watching(pause) as (server, stub):
        thread = threading.Thread(target=watch, args=(stub,))
        thread.start()
        deadline = time.monotonic() + 10
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
        server.stop()
        thread.join(10)
    assert [call.code() for call in said] == [grpc.StatusCode.UNAVAILABLE]
    assert heard == list(range(1, len(heard) + 1))


def test_a_request_that_is_no_message_is_named_so() -> None:
    """Whatever kind of method takes it, and also in the middle of a stream."""
    with serving() as (_, channel), watching(0.01) as (server, _), grpc.insecure_channel(server.reachable) as other:
        one: Any = channel.unary_unary(f"/{MODELS}/ListModels")
        many: Any = channel.stream_unary(f"/{MODELS}/AddModel")
        watch: Any = other.unary_stream(f"/{SELECTOR}/WatchRanking")
        for refused in (
            failed(lambda: one(b"\x12", timeout=10)),
            failed(lambda: many(iter([b"", b"\x12"]), timeout=10)),
            failed(lambda: list(watch(b"\x12", timeout=10))),
        ):
            assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "no message of the type" in refused.details()
