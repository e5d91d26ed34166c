"""Calls of a gRPC server are counted by method and code."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import grpc
import pytest

from madseg.core.errors import NotFound
from madseg.observing.tracing import trace_id
from madseg.rpc import Server, Service
from madseg.v1 import models_pb2, selector_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceServicer, ModelsServiceStub, add_ModelsServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import (
    SelectorServiceServicer,
    SelectorServiceStub,
    add_SelectorServiceServicer_to_server,
)
from tests.observing.scraping import Scraped, scrape
from tests.pipeline.running import until

LIST = "/madseg.v1.ModelsService/ListModels"
WATCH = "/madseg.v1.SelectorService/WatchRanking"


class Models(ModelsServiceServicer):
    """Answers by a function."""

    def __init__(self, answer: Callable[[], None]) -> None:
        self.answer = answer

    def ListModels(self, request: Any, context: Any) -> models_pb2.ListModelsResponse:
        self.answer()
        return models_pb2.ListModelsResponse()


class Rankings(SelectorServiceServicer):
    """Says one thing, and then nothing more."""

    async def WatchRanking(self, request: Any, context: Any) -> AsyncIterator[selector_pb2.WatchRankingResponse]:
        yield selector_pb2.WatchRankingResponse(revision=1)
        await asyncio.Event().wait()


@pytest.fixture
def models() -> Models:
    """What the server serves."""
    return Models(lambda: None)  # type: ignore[abstract]


@pytest.fixture
def channel(models: Models) -> Iterator[grpc.Channel]:
    """A channel to a server of both."""
    services = [
        Service("madseg.v1.ModelsService", models, add_ModelsServiceServicer_to_server),
        Service("madseg.v1.SelectorService", Rankings(), add_SelectorServiceServicer_to_server),  # type: ignore[abstract]
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(server.reachable) as opened:
        yield opened
    server.stop()


def test_calls_are_counted_by_their_code(page: str, channel: grpc.Channel, models: Models) -> None:
    """The one that the caller gets; what nobody foresaw is INTERNAL."""
    stub, before = ModelsServiceStub(channel), scrape(page)

    def missing() -> None:
        raise NotFound("nobody home")

    def broken() -> None:
        raise RuntimeError("a defect")

    for answer in (lambda: None, missing, broken, lambda: None):
        models.answer = answer
        with suppress(grpc.RpcError):
            stub.ListModels(models_pb2.ListModelsRequest(), timeout=20)

    def counted(found: Scraped, code: str) -> float:
        return found.since(before, "madseg_grpc_requests_total", method=LIST, code=code)

    until(lambda: sum(counted(scrape(page), code) for code in ("OK", "NOT_FOUND", "INTERNAL")) == 4)
    after = scrape(page)
    assert [counted(after, code) for code in ("OK", "NOT_FOUND", "INTERNAL")] == [2, 1, 1]
    assert after.since(before, "madseg_grpc_request_seconds_count", method=LIST) == 4


def test_an_open_stream_is_under_way_and_takes_no_time(page: str, channel: grpc.Channel) -> None:
    """One that is left is CANCELLED; how long somebody watched is no latency."""
    before = scrape(page)
    watching = SelectorServiceStub(channel).WatchRanking(selector_pb2.WatchRankingRequest(), timeout=60)
    next(watching)
    assert scrape(page).at("madseg_grpc_requests_in_flight", method=WATCH) == 1
    watching.cancel()
    until(lambda: scrape(page).at("madseg_grpc_requests_in_flight", method=WATCH) == 0)
    after = scrape(page)
    assert after.since(before, "madseg_grpc_requests_total", method=WATCH, code="CANCELLED") == 1
    assert after.at("madseg_grpc_request_seconds_count", method=WATCH) == 0


def test_a_call_stands_in_the_trace_of_its_caller(channel: grpc.Channel, models: Models) -> None:
    """By its metadata; one without any in none."""
    trace, seen = "4bf92f3577b34da6a3ce929d0e0e4736", []
    models.answer = lambda: seen.append(trace_id())
    stub = ModelsServiceStub(channel)
    traced = (("traceparent", f"00-{trace}-00f067aa0ba902b7-01"),)
    for metadata in (traced, (("traceparent", "nonsense"),), ()):
        stub.ListModels(models_pb2.ListModelsRequest(), timeout=20, metadata=metadata)
    assert seen == [trace, None, None]


def test_only_methods_that_there_are_become_labels(page: str, channel: grpc.Channel) -> None:
    """Anybody may ask for any name."""
    strange: Any = channel.unary_unary("/madseg.v1.ModelsService/Strange", lambda _: b"", lambda _: b"")
    with pytest.raises(grpc.RpcError):
        strange(None, timeout=20)
    assert not any("Strange" in method for method in scrape(page).labels("madseg_grpc_requests_total", "method"))
