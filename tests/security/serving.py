"""A gRPC server whose answers wait until they may, for tests of what stands before it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from madseg.rpc import Server, Service
from madseg.security.admission import Admission
from madseg.security.guarding import Guard
from madseg.v1 import models_pb2, selector_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceServicer, ModelsServiceStub, add_ModelsServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import (
    SelectorServiceServicer,
    SelectorServiceStub,
    add_SelectorServiceServicer_to_server,
)


class Models(ModelsServiceServicer):
    """Answers once it may, and counts who is in."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.begun = threading.Semaphore(0)

    def GetModel(self, request: Any, context: Any) -> models_pb2.GetModelResponse:
        self.begun.release()
        assert self.may.wait(20)
        return models_pb2.GetModelResponse()

    def ListModels(self, request: Any, context: Any) -> models_pb2.ListModelsResponse:
        return models_pb2.ListModelsResponse()

    def SetRole(self, request: Any, context: Any) -> models_pb2.SetRoleResponse:
        return models_pb2.SetRoleResponse(model=models_pb2.Model(name=request.name))

    def AddModel(self, request_iterator: Any, context: Any) -> models_pb2.AddModelResponse:
        return models_pb2.AddModelResponse(findings=[str(sum(len(part.chunk) for part in request_iterator))])


class Rankings(SelectorServiceServicer):
    """Says one thing, and then nothing more."""

    async def WatchRanking(self, request: Any, context: Any) -> AsyncIterator[selector_pb2.WatchRankingResponse]:
        yield selector_pb2.WatchRankingResponse(revision=1)
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Shop:
    """A server and ways to ask it."""

    servicer: Models
    channel: grpc.Channel
    models: ModelsServiceStub
    selector: SelectorServiceStub

    def waiting(self, **fields: Any) -> Any:
        """A call that has begun and waits for its answer."""
        call = self.models.GetModel.future(models_pb2.GetModelRequest(**fields), timeout=20)
        assert self.servicer.begun.acquire(timeout=20)
        return call


@contextmanager
def shop(guarded: Guard, admission: Admission | None = None) -> Iterator[Shop]:
    """The server on a free port."""
    servicer = Models()  # type: ignore[abstract]
    services = [
        Service("madseg.v1.ModelsService", servicer, add_ModelsServiceServicer_to_server),
        Service("madseg.v1.SelectorService", Rankings(), add_SelectorServiceServicer_to_server),  # type: ignore[abstract]
    ]
    server = Server(services, "127.0.0.1:0", admission, guarded)
    server.start()
    try:
        with grpc.insecure_channel(server.reachable) as channel:
            yield Shop(servicer, channel, ModelsServiceStub(channel), SelectorServiceStub(channel))
    finally:
        servicer.may.set()
        server.stop()
