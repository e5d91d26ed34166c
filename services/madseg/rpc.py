"""The one gRPC edge of all services: server, health, reflection, and the translation of errors to status codes.

Unary methods are plain functions and run in a thread pool; streaming ones are coroutines on the server's loop,
so that a watcher costs no thread.
"""

import asyncio
import inspect
import math
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import grpc
import structlog
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from madseg.core.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    InvalidInput,
    MadsegError,
    NotFound,
    NotReady,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from madseg.observing.calls import Watched
from madseg.security.access import Access
from madseg.security.admission import Admission
from madseg.security.entrance import AccessSettings
from madseg.security.gate import KINDS, Gate
from madseg.security.guarding import Guard, Guarding, guard
from madseg.security.tls import ServerTls, TlsSettings, open_tls

A = TypeVar("A")

log = structlog.get_logger("madseg.rpc")

MAX_MESSAGE_BYTES = 72 << 20
"""Largest message in either direction: an upload of 64 MiB and its fields."""

MAX_SENTENCE_BYTES = 1000
"""Of an error's sentence. It stands in the status up to three times, and peers refuse more than 8 KiB of metadata."""

GRACE_SECONDS = 5.0
"""How long calls under way may go on after a stop."""

LAST_ANSWER_SECONDS = 0.5
"""How long a stop waits for a stream's next answer; then the stream ends, as it may have none for hours."""

PIECE_SECONDS = 30.0
"""How long the next piece of an upload may take, as over HTTP."""


class TooSlow(MadsegError):
    """An upload whose next piece doesn't come. Nothing of it was kept."""


@dataclass(frozen=True)
class Alive:
    """How a server finds out that a peer is gone that says nothing, in seconds.

    One that was silent for `after` is pinged, and hung up on where it doesn't answer `within`: else a watcher whose
    machine died would keep its place for two hours. Peers may ping once in `pings`, also between calls; ours do every
    five minutes, as gRPC's own servers take it.
    """

    after: float = 60.0
    within: float = 20.0
    pings: float = 10.0

    @property
    def options(self) -> list[tuple[str, int]]:
        """As gRPC names them."""
        return [
            ("grpc.keepalive_time_ms", int(self.after * 1000)),
            ("grpc.keepalive_timeout_ms", int(self.within * 1000)),
            ("grpc.http2.ping_timeout_ms", int(self.within * 1000)),  # or it waits a minute all the same
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),  # any number: silence is when they are needed
            ("grpc.http2.min_ping_interval_without_data_ms", int(self.pings * 1000)),
        ]


_CODES: tuple[tuple[type[MadsegError], grpc.StatusCode], ...] = (
    (InvalidInput, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (AlreadyExists, grpc.StatusCode.ALREADY_EXISTS),
    (NotReady, grpc.StatusCode.FAILED_PRECONDITION),
    (Conflict, grpc.StatusCode.FAILED_PRECONDITION),
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (Forbidden, grpc.StatusCode.PERMISSION_DENIED),
    (TooMany, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (TooSlow, grpc.StatusCode.ABORTED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
)


@dataclass(frozen=True)
class Service:
    """A servicer, its full name (`madseg.v1.SelectorService`) and the generated function that adds it to a server."""

    name: str
    servicer: object
    add: Callable[..., None]


class Server:
    """A gRPC server with health and reflection, on a thread and loop of its own.

    `address` is `host:port`; port 0 takes a free one, which `port` tells after `start`. `admission` says whose calls
    are taken; without it everybody's are, for a server inside of a test. `guarded` says how many, by default as the
    settings do. Health and reflection are open to all. Without `tls` it is in the clear. `health` is an address at
    which health alone is answered in the clear, for probes that know no TLS; none by default. `setting` is what names
    `address`, for whoever finds it taken. `alive` says when peers count as gone.
    """

    def __init__(
        self,
        services: Sequence[Service],
        address: str,
        admission: Admission | None = None,
        guarded: Guard | None = None,
        threads: int = 16,
        *,
        tls: ServerTls | None = None,
        health: str = "",
        setting: str = "its setting",
        alive: Alive = Alive(),
    ) -> None:
        self._guard = guarded or guard(Guarding())
        self._services, self._address, self._threads, self._admission = services, address, threads, admission
        self._tls, self._health, self._setting, self._alive = tls, health, setting, alive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="grpc", daemon=True)
        self._ready: Future[int] = Future()
        self._stopping = asyncio.Event()
        self.port = 0

    @property
    def names(self) -> list[str]:
        """Full names of the services it serves."""
        return [service.name for service in self._services]

    @property
    def reachable(self) -> str:
        """`host:port` where it listens; after `start`."""
        return f"{self._address.rpartition(':')[0]}:{self.port}"

    def start(self) -> None:
        """Raises Conflict where the address is taken."""
        self._thread.start()
        self.port = self._ready.result()

    def stop(self) -> None:
        if self._thread.is_alive() and self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself meanwhile
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)  # or whoever starts it would wait for ever

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="rpc") as pool:
            server = grpc.aio.server(
                pool,
                interceptors=[Watched(), _Translate(self._stopping), Gate(pool, self._admission, self._guard, _code)],
                options=[
                    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
                    ("grpc.so_reuseport", 0),
                    *self._alive.options,
                ],
            )
            health_servicer = health.aio.HealthServicer()
            health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
            for service in self._services:
                service.add(service.servicer, server)
            reflection.enable_server_reflection([*self.names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
            credentials = self._tls.grpc() if self._tls else None
            try:
                port = _listen(server, self._address, credentials, self._setting)
                probed = await _answering_probes(health_servicer, self._health)
            except Conflict as error:
                self._ready.set_exception(error)
                return
            await server.start()
            self._ready.set_result(port)
            for name in ("", *self.names):
                await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
            await self._stopping.wait()
            await health_servicer.enter_graceful_shutdown()
            await server.stop(GRACE_SECONDS)
            if probed is not None:
                await probed.stop(None)


@dataclass(frozen=True)
class ServerSettings(Guarding, TlsSettings, AccessSettings):
    """Settings of every process that answers calls."""


def serving(services: Sequence[Service], address: str, access: Access, config: ServerSettings) -> Server:
    """A server as the settings have it, which takes the calls of those who may.

    Raises:
        InvalidInput: a limit that can't be, or files that can't be used.
    """
    admission, tls = Admission(access), open_tls(config)
    setting = " or ".join(item.metadata["variable"] for item in fields(config) if getattr(config, item.name) == address)
    return Server(services, address, admission, guard(config), tls=tls, health=config.health, setting=setting)


def _listen(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None, setting: str) -> int:
    """Raises Conflict where the address is taken; gRPC doesn't say what is the matter with it."""
    try:
        if credentials is not None:
            return server.add_secure_port(address, credentials)
        return server.add_insecure_port(address)
    except RuntimeError as error:
        raise Conflict(
            f"gRPC can't listen on {address}: it is taken, or none of this machine's; set {setting} to another one, "
            "port 0 takes a free one"
        ) from error


async def _answering_probes(servicer: Any, address: str) -> grpc.aio.Server | None:
    """A server of health alone; None for no address. Raises Conflict where the address is taken."""
    if not address:
        return None
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), *Alive().options])
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    _listen(server, address, None, "MADSEG_HEALTH")
    await server.start()
    return server


class _Translate(grpc.aio.ServerInterceptor):
    """Errors of `madseg.core.errors` become status codes with details; any other becomes INTERNAL with an id.

    Streams end with UNAVAILABLE when the server stops.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        if handler is None or not details.method.startswith("/madseg."):
            return handler
        for kind in KINDS:
            behaviour = getattr(handler, kind)
            if behaviour is not None:
                guarded = _guarded(behaviour, details.method, self._stopping)
                return handler._replace(request_deserializer=_reader(handler.request_deserializer), **{kind: guarded})
        return handler


def _guarded(behaviour: Callable[..., Any], method: str, stopping: asyncio.Event) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(behaviour):

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                async for response in _until(behaviour(_read(request), context), stopping):
                    yield response
            except Exception as error:
                await context.abort(*_status(error, method))

        return stream
    if inspect.iscoroutinefunction(behaviour):

        async def coroutine(request: Any, context: Any) -> Any:
            try:
                return await behaviour(_read(request), context)
            except Exception as error:
                await context.abort(*_status(error, method))

        return coroutine
    if inspect.isgeneratorfunction(behaviour):

        def generate(request: Any, context: Any) -> Iterator[Any]:
            try:
                yield from behaviour(_read(request), context)
            except Exception as error:
                context.abort(*_status(error, method))

        return generate

    def call(request: Any, context: Any) -> Any:
        try:
            return behaviour(_read(request), context)
        except Exception as error:
            context.abort(*_status(error, method))

    return call


_GARBLED = object()
"""Stands for a request that is no message of its method's type: gRPC itself would answer UNKNOWN."""


def _reader(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return _GARBLED

    return read


def _read(request: Any) -> Any:
    """The request, or the stream of them.

    Raises:
        InvalidInput: it can't be read; a stream raises it when it comes to such a one.
    """
    if isinstance(request, AsyncIterator):
        return _read_each(request)
    if isinstance(request, Iterator):
        return map(_read, request)
    if request is _GARBLED:
        raise InvalidInput("the request is cut off, or no message of the type that this method takes")
    return request


async def _read_each(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _read(request)


async def paced(requests: AsyncIterator[A], seconds: float = PIECE_SECONDS) -> AsyncIterator[A]:
    """The pieces of an upload as they come.

    Raises:
        TooSlow: the next one takes longer than `seconds`.
    """
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(requests)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise TooSlow(
                f"no piece of the upload came for {seconds:g} seconds: send it again from the start"
            ) from error
        yield piece


async def _until(answers: AsyncIterator[Any], stopping: asyncio.Event) -> AsyncIterator[Any]:
    """The answers until the server stops.

    Raises:
        Unavailable: it stops.
    """
    stopped = asyncio.ensure_future(stopping.wait())
    answer = asyncio.ensure_future(anext(answers))
    try:
        while True:
            await asyncio.wait({answer, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({answer}, timeout=LAST_ANSWER_SECONDS)
            if answer.done():
                yield answer.result()
            if stopping.is_set():
                raise Unavailable("the server stops: ask again in a moment")
            answer = asyncio.ensure_future(anext(answers))
    except StopAsyncIteration:
        return
    finally:
        stopped.cancel()
        answer.cancel()


def _status(error: Exception, method: str) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Code, message and trailing metadata for an error."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, MadsegError):
        incident = uuid.uuid4().hex
        log.error("rpc_failed", method=method, incident=incident, exc_info=error)
        return grpc.StatusCode.INTERNAL, f"internal error {incident}: see the server's log", ()
    code = grpc.StatusCode[_code(error)]
    sentence = _shortened(str(error))
    return code, sentence, (("grpc-status-details-bin", _details(error, code, sentence).SerializeToString()),)


def _code(error: BaseException) -> str:
    """The name of the code that an error becomes."""
    if not isinstance(error, MadsegError):
        return grpc.StatusCode.INTERNAL.name
    return next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.UNKNOWN).name


def _shortened(sentence: str) -> str:
    """At most `MAX_SENTENCE_BYTES`: errors show what the caller sent, which may be long."""
    data = sentence.encode(errors="backslashreplace")
    if len(data) <= MAX_SENTENCE_BYTES:
        return data.decode()
    return data[:MAX_SENTENCE_BYTES].decode(errors="ignore") + "…"


def _details(error: MadsegError, code: grpc.StatusCode, sentence: str) -> status_pb2.Status:
    """google.rpc.Status with an ErrorInfo, a BadRequest where a field is at fault, and when to come again."""
    status = status_pb2.Status(code=code.value[0], message=sentence)
    info = error_details_pb2.ErrorInfo(reason=type(error).__name__, domain="madseg")
    details: list[Message] = [info]
    if isinstance(error, InvalidInput) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=sentence)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if isinstance(error, TooMany):
        details.append(error_details_pb2.RetryInfo(retry_delay=_duration(error.retry_after)))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _duration(seconds: float) -> duration_pb2.Duration:
    found = duration_pb2.Duration()
    found.FromMilliseconds(math.ceil(seconds * 1000))
    return found
