"""A gRPC server with health and reflection, on a thread and loop of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from madseg.core.errors import Conflict
from madseg.observing.calls import Watched
from madseg.rpc.alive import USUAL, Alive
from madseg.rpc.statuses import code_of
from madseg.rpc.translating import Translate
from madseg.security.admission import Admission
from madseg.security.gate import Gate
from madseg.security.guarding import Guard, Guarding, guard
from madseg.security.tls import ServerTls

MAX_MESSAGE_BYTES = 72 << 20
"""Largest message in either direction: an upload of 64 MiB and its fields."""

GRACE_SECONDS = 5.0
"""How long calls under way may go on after a stop."""


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
        alive: Alive = USUAL,
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
                interceptors=[Watched(), Translate(self._stopping), Gate(pool, self._admission, self._guard, code_of)],
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
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), *USUAL.options])
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    _listen(server, address, None, "MADSEG_HEALTH")
    await server.start()
    return server
