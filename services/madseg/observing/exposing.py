"""Gives the figures of this process to whoever scrapes them: plain HTTP, on an address of its own.

A page of its own, so that no gateway shows figures to the public, and services without a web server have one too.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from wsgiref.simple_server import WSGIServer

from prometheus_client import disable_created_metrics, start_http_server

from madseg.core.errors import Conflict, InvalidInput
from madseg.observing.metrics import REGISTRY


@dataclass
class _Serving:
    server: WSGIServer
    thread: threading.Thread


class Exposed:
    """A part of a process. `address` is `host:port`; port 0 takes a free one, which `url` tells after `start`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._serving: _Serving | None = None

    @property
    def url(self) -> str:
        """Where the figures are, once it has started."""
        if self._serving is None:
            return ""
        return f"http://{self._address.rpartition(':')[0]}:{self._serving.server.server_port}/metrics"

    def start(self) -> None:
        """Raises Conflict where the address is taken, InvalidInput where it is none."""
        host, _, port = self._address.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise InvalidInput(f"MADSEG_METRICS must be host:port, got {self._address!r}", field="metrics")
        disable_created_metrics()  # type: ignore[no-untyped-call]
        try:
            server, thread = start_http_server(int(port), host.strip("[]"), REGISTRY)
        except OSError as error:
            raise Conflict(
                f"figures can't be given out on {self._address}: {error.strerror}; set MADSEG_METRICS to another one, "
                "port 0 takes a free one"
            ) from error
        self._serving = _Serving(server, thread)

    def stop(self) -> None:
        if self._serving is not None:
            self._serving.server.shutdown()
            self._serving.server.server_close()
            self._serving.thread.join()
            self._serving = None


def exposed(address: str) -> Sequence[Exposed]:
    """The part that gives out the figures; none for ""."""
    return [Exposed(address)] if address else []
