"""Serves a web application on a thread of its own."""

import asyncio
import errno
import socket
import threading

import uvicorn
from fastapi import FastAPI

from madseg.core.errors import Conflict, InvalidInput
from madseg.security.tls import ServerTls

GRACE_SECONDS = 5
"""How long requests under way may go on after a stop."""

IDLE_SECONDS = 30
"""How long a connection without a request is kept."""


class HttpServer:
    """A part of a process. `address` is `host:port`; port 0 takes a free one, which `port` tells after `start`.

    Without `tls` it is in the clear.
    """

    def __init__(self, app: FastAPI, address: str, tls: ServerTls | None = None) -> None:
        self._app, self._address, self._tls = app, address, tls
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens; after `start`."""
        return f"{'https' if self._tls else 'http'}://{self._address.rpartition(':')[0]}:{self.port}"

    def start(self) -> None:
        """Raises Conflict where the address is taken, InvalidInput where it is none."""
        listening = _listen(self._address)
        self.port = listening.getsockname()[1]
        tls = self._tls
        config = uvicorn.Config(
            self._app,
            ssl_context_factory=None if tls is None else lambda *_: tls.http(),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), name="http", daemon=True)
        # The socket listens already: calls that come before the loop runs wait in its queue.
        self._thread.start()

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise InvalidInput(f"an address must be host:port, got {address!r}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        why = "it is taken" if isinstance(error, OSError) and error.errno == errno.EADDRINUSE else str(error)
        raise Conflict(
            f"HTTP can't listen on {address}: {why}; set MADSEG_HTTP to another one, port 0 takes a free one"
        ) from error
