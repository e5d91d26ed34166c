"""Servers of two services that answer as they are told, and what a failed call says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.rpc import status_pb2

from madseg.rpc import Server, Service
from madseg.v1 import models_pb2, selector_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceServicer, add_ModelsServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import (
    SelectorServiceServicer,
    SelectorServiceStub,
    add_SelectorServiceServicer_to_server,
)

MODELS = "madseg.v1.ModelsService"
SELECTOR = "madseg.v1.SelectorService"


class Models(ModelsServiceServicer):
    """Answers by a function."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    def ListModels(self, request: Any, context: Any) -> models_pb2.ListModelsResponse:
        self._answer()
        return models_pb2.ListModelsResponse()

    def AddModel(self, request_iterator: Any, context: Any) -> models_pb2.AddModelResponse:
        for _ in request_iterator:
            pass
        self._answer()
        return models_pb2.AddModelResponse()


class Watched(SelectorServiceServicer):
    """A top every so often, and then an error if there is one."""

    def __init__(self, pause: float, error: Exception | None = None) -> None:
        self._pause, self._error = pause, error

    async def WatchRanking(self, request: Any, context: Any) -> AsyncIterator[selector_pb2.WatchRankingResponse]:
        for revision in range(1, 1_000_000):
            yield selector_pb2.WatchRankingResponse(revision=revision)
            if self._error is not None:
                raise self._error
            await asyncio.sleep(self._pause)


def models(answer: Callable[[], Any]) -> Service:
    """The Models service, of which one call of each kind answers."""
    return Service(MODELS, Models(answer), add_ModelsServiceServicer_to_server)  # type: ignore[abstract]


def refusing(error: Exception) -> Callable[[], Any]:
    """A function that raises."""

    def answer() -> None:
        raise error

    return answer


@contextmanager
def serving(answer: Callable[[], Any] = lambda: None) -> Iterator[tuple[Server, grpc.Channel]]:
    """A server of the Models service and a channel to it."""
    server = Server([models(answer)], "127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(server.reachable) as channel:
        yield server, channel
    server.stop()


@contextmanager
def watching(pause: float, error: Exception | None = None) -> Iterator[tuple[Server, SelectorServiceStub]]:
    """A server of the Selector service and a stub of it."""
    servicer = Watched(pause, error)  # type: ignore[abstract]
    server = Server([Service(SELECTOR, servicer, add_SelectorServiceServicer_to_server)], "127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(server.reachable) as channel:
        yield server, SelectorServiceStub(channel)
    server.stop()


def failed(call: Callable[[], Any]) -> grpc.Call:
    """How a call failed."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    assert isinstance(raised.value, grpc.Call)
    return raised.value


def details(call: grpc.Call) -> status_pb2.Status:
    """The google.rpc.Status of a failed call."""
    packed = dict(call.trailing_metadata() or ())["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    return status_pb2.Status.FromString(packed)
