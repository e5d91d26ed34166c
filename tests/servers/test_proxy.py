"""The faults that tests of outages rely on."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.servers.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    """Says back what it hears."""

    def handle(self) -> None:
        while heard := self.request.recv(1 << 16):
            self.request.sendall(heard)


class Echoes(socketserver.ThreadingTCPServer):
    """A thread per connection; none of them keeps the process."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what the tests make."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that says back what it hears."""
    with Echoes(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with Proxy(*server.server_address[:2]) as found:  # type: ignore[arg-type]
            yield found
        server.shutdown()


def connected(proxy: Proxy) -> socket.socket:
    """A connection that gives up after 10 seconds."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def heard(connection: socket.socket, count: int) -> bytes:
    """The next `count` bytes, or all until the end."""
    content = b""
    while len(content) < count and (chunk := connection.recv(count - len(content))):
        content += chunk
    return content


def test_everything_goes_through(proxy: Proxy) -> None:
    """In both directions, more than any buffer holds, and the end of it."""
    content = bytes(range(256)) * 40_000
    with connected(proxy) as connection:

        def send() -> None:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)

        sending = threading.Thread(target=send)
        sending.start()
        assert heard(connection, len(content) + 1) == content
        sending.join()
    assert proxy.accepted == 1


def test_latency_delays_and_loses_nothing(proxy: Proxy) -> None:
    """What is said one after the other is late together, not each in its turn."""
    with connected(proxy) as connection:
        proxy.latency = 0.3
        begun = time.monotonic()
        for _ in range(20):
            connection.sendall(b"x")
        assert heard(connection, 20) == b"x" * 20
        assert time.monotonic() - begun >= 0.3
        proxy.latency = 0.0
        connection.sendall(b"y")
        assert heard(connection, 1) == b"y"


def test_refusing_breaks_what_is_open_and_what_is_new(proxy: Proxy) -> None:
    """With a reset; afterwards the same address serves again."""
    with connected(proxy) as connection:
        connection.sendall(b"x")
        assert heard(connection, 1) == b"x"
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            heard(connection, 1)
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.restore()
    with connected(proxy) as connection:
        connection.sendall(b"y")
        assert heard(connection, 1) == b"y"


def test_dropping_breaks_only_what_is_open(proxy: Proxy) -> None:
    """New connections are served."""
    with connected(proxy) as connection:
        connection.sendall(b"x")
        heard(connection, 1)
        proxy.drop()
        with pytest.raises(ConnectionResetError):
            heard(connection, 1)
    with connected(proxy) as connection:
        connection.sendall(b"y")
        assert heard(connection, 1) == b"y"


def test_a_hang_holds_everything_back(proxy: Proxy) -> None:
    """On connections that are open and on new ones, until it is over."""
    with connected(proxy) as before:
        proxy.hang()
        before.sendall(b"x")
        with connected(proxy) as after:
            after.sendall(b"y")
            for connection in (before, after):
                connection.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    heard(connection, 1)
                connection.settimeout(10)
            proxy.restore()
            assert (heard(before, 1), heard(after, 1)) == (b"x", b"y")


def test_a_cut_comes_in_the_middle(proxy: Proxy) -> None:
    """After so many bytes of the server's and no more, on each connection."""
    proxy.cut(after=1000)
    for _ in range(2):
        with connected(proxy) as connection:
            connection.sendall(bytes(5000))
            assert heard(connection, 1000) == bytes(1000)
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
