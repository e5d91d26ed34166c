"""The gRPC edge: every error has its status, its reason and its field; streams end when the server does."""

import ast
import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from structlog.testing import capture_logs

from madseg.client.connection import KEEPALIVE_MS
from madseg.core.errors import (
    AlreadyExists,
    Busy,
    Conflict,
    InvalidImage,
    InvalidInput,
    MadsegError,
    NotFound,
    NotReady,
    TooMany,
    Unavailable,
)
from madseg.rpc import Alive, Server, ServerSettings, Service
from madseg.rpc import serving as of_settings
from madseg.security.access import Everybody
from madseg.security.guarding import Guarding, guard
from madseg.settings import setting
from madseg.v1 import models_pb2, selector_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceServicer, ModelsServiceStub, add_ModelsServiceServicer_to_server
from madseg.v1.selector_pb2_grpc import (
    SelectorServiceServicer,
    SelectorServiceStub,
    add_SelectorServiceServicer_to_server,
)
from tests.servers.proxy import Proxy

MODELS = "madseg.v1.ModelsService"
SELECTOR = "madseg.v1.SelectorService"


@dataclass(frozen=True)
class Config(ServerSettings):
    """A service that also asks another one."""

    models: str = setting("MADSEG_MODELS", "127.0.0.1:0", "Address of the Models gRPC server")
    selector: str = setting("MADSEG_SELECTOR", "127.0.0.1:7003", "Address of the selector's gRPC server")


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


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("no such shelf"), grpc.StatusCode.INVALID_ARGUMENT),
        (InvalidImage("no picture"), grpc.StatusCode.INVALID_ARGUMENT),
        (NotFound("nobody home"), grpc.StatusCode.NOT_FOUND),
        (AlreadyExists("twice"), grpc.StatusCode.ALREADY_EXISTS),
        (NotReady("still baking"), grpc.StatusCode.FAILED_PRECONDITION),
        (Conflict("not yours"), grpc.StatusCode.FAILED_PRECONDITION),
        (TooMany("one at a time", retry_after=2.5), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (Busy("a queue already", retry_after=1), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (Unavailable("closed"), grpc.StatusCode.UNAVAILABLE),
        (MadsegError("something else"), grpc.StatusCode.UNKNOWN),
    ],
)
def test_each_error_has_its_status(error: MadsegError, code: grpc.StatusCode) -> None:
    """With its sentence, and an ErrorInfo of its kind."""
    with serving(refusing(error)) as (_, channel):
        stub = ModelsServiceStub(channel)
        for call in (
            lambda: stub.ListModels(models_pb2.ListModelsRequest(), timeout=10),
            lambda: stub.AddModel(iter([models_pb2.AddModelRequest()]), timeout=10),
        ):
            refusal = failed(call)
            assert (refusal.code(), refusal.details()) == (code, str(error))
            status = details(refusal)
            info = error_details_pb2.ErrorInfo()
            assert status.details[0].Unpack(info)
            assert (info.reason, info.domain) == (type(error).__name__, "madseg")
            assert (status.code, status.message) == (code.value[0], str(error))


def test_the_reference_lists_every_reason() -> None:
    """Of errors that calls end with: not those of training, nor what an adapter or its caller takes on itself."""
    root = Path(__file__).parents[1]
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in sorted((root / "services" / "madseg").rglob("*.py"))
        if "client" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    errors = {"MadsegError"}
    while more := {name for name, above in bases.items() if above & errors} - errors:
        errors |= more
    told = (root / "docs" / "api.md").read_text().partition("\n## ")[0]
    inside = {"Diverged", "Stopped", "Misplaced"}
    assert sorted(name for name in errors - inside if f"`{name}`" not in told) == []


def test_the_field_at_fault_is_named() -> None:
    """In a BadRequest."""
    with serving(refusing(InvalidInput("too many pies", field="pies"))) as (_, channel):
        status = details(failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest())))
    bad = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(bad)
    assert [(item.field, item.description) for item in bad.field_violations] == [("pies", "too many pies")]


def test_what_is_too_much_says_when_to_come_again() -> None:
    """In a RetryInfo."""
    with serving(refusing(TooMany("one at a time", retry_after=2.5))) as (_, channel):
        status = details(failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest())))
    again = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(again)
    assert again.retry_delay.ToMilliseconds() == 2500


@pytest.mark.parametrize("letter", ["x", "é", "💥", "\n", "\ud800"])
def test_a_long_sentence_is_cut_and_still_arrives(letter: str) -> None:
    """Peers refuse much metadata, and errors show what callers sent."""
    with serving(refusing(InvalidInput(f"no shelf {letter * 50_000}", field="shelf"))) as (_, channel):
        refusal = failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest()))
    assert refusal.code() is grpc.StatusCode.INVALID_ARGUMENT
    shown = letter.encode(errors="backslashreplace").decode()
    assert (refusal.details() or "").startswith(f"no shelf {shown * 100}")
    assert (refusal.details() or "").endswith("…")


def test_a_defect_is_internal_with_a_number_that_the_log_has() -> None:
    """And nothing of what it was reaches the caller."""
    with capture_logs() as logs, serving(refusing(ZeroDivisionError("secret"))) as (_, channel):
        refusal = failed(lambda: ModelsServiceStub(channel).ListModels(models_pb2.ListModelsRequest()))
    assert refusal.code() is grpc.StatusCode.INTERNAL
    (entry,) = (item for item in logs if item["event"] == "rpc_failed")
    assert refusal.details() == f"internal error {entry['incident']}: see the server's log"
    assert isinstance(entry["exc_info"], ZeroDivisionError)
    assert entry["method"] == f"/{MODELS}/ListModels"


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


@pytest.mark.timeout(60)
def test_a_watcher_that_vanished_gives_its_place_back() -> None:
    """Without a word: its machine died, or the network between."""
    service = Service(SELECTOR, Watched(3600), add_SelectorServiceServicer_to_server)  # type: ignore[abstract]
    server = Server(
        [service], "127.0.0.1:0", guarded=guard(Guarding(max_streams=1)), alive=Alive(after=0.5, within=0.5)
    )
    server.start()
    request = selector_pb2.WatchRankingRequest()
    with (
        Proxy("127.0.0.1", server.port) as proxy,
        grpc.insecure_channel(proxy.address) as gone,
        grpc.insecure_channel(server.reachable) as channel,
    ):
        watched = SelectorServiceStub(gone).WatchRanking(request)
        assert next(watched).revision == 1
        refused = failed(lambda: next(SelectorServiceStub(channel).WatchRanking(request, timeout=10)))
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        proxy.hang()
        assert _let_in(SelectorServiceStub(channel), within=30)
        watched.cancel()
    server.stop()


def _let_in(stub: SelectorServiceStub, within: float) -> bool:
    """Whether a watcher finds a place, within seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with suppress(grpc.RpcError):
            return bool(next(stub.WatchRanking(selector_pb2.WatchRankingRequest(), timeout=10)).revision)
        time.sleep(0.1)
    return False


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("pings", "taken"), [(0.1, True), (300.0, False)], ids=["fair", "too many"])
def test_clients_may_ping_at_a_fair_rate(pings: float, taken: bool) -> None:
    """Oftener than the server allows, it hangs up on them."""
    servicer = Watched(3600)  # type: ignore[abstract]
    service = Service(SELECTOR, servicer, add_SelectorServiceServicer_to_server)
    server = Server([service], "127.0.0.1:0", alive=Alive(pings=pings))
    server.start()
    options = [("grpc.keepalive_time_ms", 300), ("grpc.http2.max_pings_without_data", 0)]
    with grpc.insecure_channel(server.reachable, options) as channel:
        call = SelectorServiceStub(channel).WatchRanking(selector_pb2.WatchRankingRequest(), timeout=5)
        assert next(call).revision == 1
        ended = failed(lambda: next(call)).code()
    server.stop()
    assert (ended is grpc.StatusCode.DEADLINE_EXCEEDED) == taken


def test_our_own_client_pings_less_often_than_the_server_takes() -> None:
    """Or it would be hung up on."""
    assert Alive().pings * 1000 < KEEPALIVE_MS


def test_a_port_that_is_taken_is_a_conflict_that_names_it() -> None:
    """Two servers never share an address."""
    with serving() as (server, _):
        second = Server([models(lambda: None)], server.reachable)
        with pytest.raises(Conflict, match=f"gRPC can't listen on {server.reachable}: it is taken"):
            second.start()
        second.stop()


def test_a_service_whose_port_is_taken_names_the_setting() -> None:
    """Its own, of all addresses that it knows, or that of the probes."""
    with serving() as (server, _):
        for config, named in (
            (Config(models=server.reachable), "MADSEG_MODELS"),
            (Config(health=server.reachable), "MADSEG_HEALTH"),
        ):
            second = of_settings([models(lambda: None)], config.models, Everybody(), config)
            with pytest.raises(Conflict, match=f"set {named} to another one, port 0 takes a free one"):
                second.start()
            second.stop()


def test_health_and_reflection_know_the_services() -> None:
    """What probes and tools ask."""
    with serving() as (server, channel):
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", MODELS):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        (listed,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked, timeout=10)
        assert MODELS in {service.name for service in listed.list_services_response.service}
        assert server.names == [MODELS]


def test_a_server_that_can_not_be_built_says_so() -> None:
    """Instead of leaving whoever starts it waiting."""
    server = Server([Service(MODELS, object(), add_ModelsServiceServicer_to_server)], "127.0.0.1:0")
    with pytest.raises(AttributeError, match="has no attribute"):
        server.start()


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
