"""A TCP proxy that breaks on command: what stands between a client and its server when a network or a server fails.

    with Proxy("127.0.0.1", server.port()) as proxy:
        client = open_blobs(f"s3://bucket?endpoint=http://{proxy.address}")
        proxy.latency = 2.0     # whatever the server says arrives two seconds later
        proxy.refuse()          # the server is gone: connections break, new ones are refused
        proxy.hang()            # the server stands still: connections stay, nothing goes through
        proxy.cut(1000)         # every connection breaks after 1000 more bytes of the server's
        proxy.restore()         # all is well again

The faults hold for connections that are open as well as for new ones.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

CHUNK_BYTES = 1 << 16
"""Read at once from either side."""

WAITING_CHUNKS = 256
"""Held for one connection while they are late; then the sender has to wait, as on a real network."""


@dataclass(eq=False)
class _Connection:
    """`left` is how many bytes of the server's still go through; None is no limit."""

    task: "asyncio.Task[None]"
    client: asyncio.StreamWriter
    left: int | None
    server: asyncio.StreamWriter | None = None

    def close(self) -> None:
        """Ends it in order: what is written still arrives."""
        for writer in filter(None, (self.client, self.server)):
            writer.close()

    def reset(self) -> None:
        """Breaks it as a killed peer does."""
        for writer in filter(None, (self.client, self.server)):
            with suppress(OSError):  # it broke by itself meanwhile
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes everything on to `host:port`, on a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.latency = 0.0
        """Seconds that whatever the server says is under way; may be changed at any time."""
        self.accepted = 0
        """Connections taken since the start."""
        self.port = 0
        self._limit: int | None = None
        self._connections: set[_Connection] = set()
        self._listening: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def refuse(self) -> None:
        """The server is gone: open connections are reset, new ones refused."""
        self._do(self._refuse)

    def drop(self) -> None:
        """Resets the connections that are open; new ones are served."""
        self._do(self._drop)

    def hang(self) -> None:
        """The server stands still: connections are taken and kept, and nothing goes through any more."""
        self._do(self._hang)

    def cut(self, after: int) -> None:
        """Resets each connection, those that are open and new ones, once `after` more bytes came from the server."""
        self._do(lambda: self._cut(after))

    def restore(self) -> None:
        """Ends every fault but `latency`. What a hang held back goes through."""
        self._do(self._restore)

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        await self._drop()

    async def _drop(self) -> None:
        broken = list(self._connections)
        for connection in broken:
            connection.reset()
            connection.task.cancel()
        await asyncio.gather(*(connection.task for connection in broken), return_exceptions=True)

    async def _hang(self) -> None:
        self._flowing.clear()

    async def _cut(self, after: int) -> None:
        self._limit = after
        for connection in self._connections:
            connection.left = after

    async def _restore(self) -> None:
        self._limit = None
        for connection in self._connections:
            connection.left = None
        self._flowing.set()
        if self._listening is None:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._listening.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions of one connection, until both have ended or one breaks."""
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(task, writer, self._limit)
        self._connections.add(connection)
        self.accepted += 1
        with suppress(asyncio.CancelledError):  # a reset; asyncio would report it
            await self._pass_on(connection, reader)
        self._connections.discard(connection)

    async def _pass_on(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        try:
            await self._flowing.wait()
            from_server, connection.server = await asyncio.open_connection(*self._target)
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING_CHUNKS)
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._ask(reader, connection.server))
                directions.create_task(self._hear(from_server, late))
                directions.create_task(self._answer(late, connection))
            connection.close()
        except* OSError:
            connection.reset()

    async def _ask(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._flowing.wait()
            server.write(chunk)
            await server.drain()
        server.write_eof()

    async def _hear(self, reader: asyncio.StreamReader, late: "asyncio.Queue[tuple[float, bytes]]") -> None:
        """What the server says and when it is due; no bytes are its end."""
        chunk = b"-"
        while chunk:
            chunk = await reader.read(CHUNK_BYTES)
            await late.put((self._loop.time() + self.latency, chunk))

    async def _answer(self, late: "asyncio.Queue[tuple[float, bytes]]", connection: _Connection) -> None:
        while True:
            due, chunk = await late.get()
            await asyncio.sleep(due - self._loop.time())
            await self._flowing.wait()
            if not chunk:
                return connection.client.write_eof()
            connection.client.write(chunk[: connection.left])
            await connection.client.drain()
            if connection.left is not None:
                connection.left -= len(chunk)
                if connection.left <= 0:
                    raise ConnectionResetError

    def _do(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs on the proxy's thread and returns when it has taken hold."""
        done: Future[None] = asyncio.run_coroutine_threadsafe(act(), self._loop)
        done.result(timeout=10)
