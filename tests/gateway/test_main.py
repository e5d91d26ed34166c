"""The gateway put together."""

import time
from dataclasses import replace
from typing import Any

import grpc
import httpx
import pytest

from madseg.core.errors import InvalidInput, Unavailable
from madseg.core.messages import VersionRef
from madseg.gateway import store
from madseg.gateway.__main__ import Config, build
from madseg.gateway.chores import finishing
from madseg.gateway.forget import Forgetting, Receipt
from madseg.gateway.http_server import HttpServer
from madseg.gateway.neighbours import models_at, selector_at
from madseg.rpc import Server, Service
from madseg.settings import load
from madseg.v1 import intake_pb2, models_pb2, selector_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceStub
from madseg.v1.models_pb2_grpc import add_ModelsServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import add_SelectorServiceServicer_to_server
from tests.gateway.conftest import Parts
from tests.gateway.pictures import noise


def config(**given: Any) -> Config:
    """A configuration on free ports, in the names of the fixture."""
    base = load(
        Config, {}, prefix="t", partitions=2, grid="12x16", http="127.0.0.1:0", intake="127.0.0.1:0", insecure=True
    )
    return replace(base, **given)


def test_both_ways_in_are_one_gateway(parts: Parts) -> None:
    """What came over HTTP is a duplicate over gRPC."""
    built = build(config(), parts.stream, parts.database, parts.blobs)
    for part in built:
        part.start()
    try:
        *_, rpc, web, _ = built
        assert isinstance(rpc, Server)
        assert isinstance(web, HttpServer)
        answer = httpx.post(f"http://127.0.0.1:{web.port}/v1/images", content=noise(1), trust_env=False)
        assert answer.status_code == 201
        assert httpx.get(f"http://127.0.0.1:{web.port}/readyz", trust_env=False).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{web.port}/api/me", trust_env=False).json()["insecure"]
        assert httpx.get(f"http://127.0.0.1:{web.port}/", trust_env=False).status_code == 200
        with grpc.insecure_channel(f"127.0.0.1:{rpc.port}") as channel:
            request = intake_pb2.UploadImageRequest(image=intake_pb2.ImageUpload(content=noise(1)))
            assert IntakeServiceStub(channel).UploadImage(request).duplicate
    finally:
        for part in reversed(built):
            part.stop()


@pytest.mark.parametrize(
    "given", [{"random_lane": 1.5}, {"max_bytes": 0}, {"max_bytes": 1 << 30}, {"max_pixels": 0}, {"decoders": 0}]
)
def test_settings_have_bounds(parts: Parts, given: dict[str, object]) -> None:
    """Found at the start."""
    with pytest.raises(InvalidInput):
        build(config(**given), parts.stream, parts.database, parts.blobs)


@pytest.mark.parametrize("name", ["http", "intake"])
def test_insecure_is_for_one_machine(parts: Parts, name: str) -> None:
    """Found at the start."""
    with pytest.raises(InvalidInput, match="this machine alone"):
        build(config(**{name: "0.0.0.0:0"}), parts.stream, parts.database, parts.blobs)


def test_without_tokens_it_doesnt_start(parts: Parts) -> None:
    """It says how to make them."""
    with pytest.raises(InvalidInput, match="madseg access add"):
        build(config(insecure=False, tokens="nowhere"), parts.stream, parts.database, parts.blobs)


def test_open_bans_are_carried_out_by_themselves(parts: Parts) -> None:
    """As soon as the selector is back."""
    away = [Unavailable("away")]

    def selector(image: str, reason: str) -> Receipt:
        if away:
            raise away[0]
        return Receipt()

    verb = Forgetting(parts.stream, parts.database, parts.blobs, selector, parts.clock, "t")
    with pytest.raises(Unavailable):
        verb.forget("ab" * 16, "x")
    chores = finishing(verb, pause=0.05)
    chores.start()
    time.sleep(0.15)
    away.clear()
    deadline = time.monotonic() + 5
    while parts.intake().status().stored.forgotten != 1 or _open(parts):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    chores.stop()


def _open(parts: Parts) -> bool:
    with parts.database.snapshot() as tx:
        return bool(store.unfinished_bans(tx, 1))


class Neighbours:
    """The two calls that the gateway makes."""

    asked = 0

    def __getattr__(self, name: str) -> object:
        return lambda *_: None

    def ForgetImage(self, request: selector_pb2.SelectorServiceForgetImageRequest, _: object) -> object:
        return selector_pb2.SelectorServiceForgetImageResponse(gone=[request.image_id], later=[request.reason])

    def ListModels(self, request: models_pb2.ListModelsRequest, _: object) -> object:
        self.asked += 1
        versions = [models_pb2.ModelVersionInfo(version=1)]
        return models_pb2.ListModelsResponse(
            models=[
                models_pb2.Model(name="fcn", imported=True, versions=versions),
                models_pb2.Model(name="own", versions=versions),
            ]
        )


def test_the_neighbours_are_asked_over_grpc() -> None:
    """What is known to be imported is asked for once; a neighbour that is away is Unavailable."""
    found = Neighbours()
    server = Server(
        [
            Service("madseg.v1.SelectorService", found, add_SelectorServiceServicer_to_server),
            Service("madseg.v1.ModelsService", found, add_ModelsServiceServicer_to_server),
        ],
        "127.0.0.1:0",
    )
    server.start()
    address = f"127.0.0.1:{server.port}"
    try:
        assert Receipt(("ab",), ("why",)) == selector_at(address)("ab", "why")
        is_imported = models_at(address)
        assert [
            is_imported(VersionRef(name, number)) for name, number in (("fcn", 1), ("fcn", 1), ("fcn", 2), ("own", 1))
        ] == [True, True, False, False]
        assert found.asked == 3
    finally:
        server.stop()
    with pytest.raises(Unavailable, match=f"selector: nothing answers at {address}"):
        selector_at(address)("ab", "why")
