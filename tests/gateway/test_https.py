"""The web server over TLS: for browsers, which have no certificates, and with files that are replaced."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from madseg.gateway.http_server import HttpServer
from madseg.security.tls import ServerTls
from tests.security.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whom the browser believes."""
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Iterator[HttpServer]:
    """It tells by what its page was asked for; services would have to show it a certificate over gRPC."""
    app = FastAPI()

    @app.get("/")
    async def scheme(request: Request) -> str:
        return request.url.scheme

    found = HttpServer(app, "127.0.0.1:0", ServerTls(*authority.sign("server"), authority.file))
    found.start()
    yield found
    found.stop()


def believing(authority: Authority) -> ssl.SSLContext:
    """A browser's."""
    return ssl.create_default_context(cafile=str(authority.file))


def shown(server: HttpServer, authority: Authority) -> str:
    """The number of the certificate that a new connection sees."""
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw,
        believing(authority).wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        return str((connection.getpeercert() or {})["serialNumber"])


def test_pages_come_over_https(server: HttpServer, authority: Authority, tmp_path: Path) -> None:
    """To whoever believes the authority; and not in the clear."""
    assert server.url == f"https://127.0.0.1:{server.port}"
    answer = httpx.get(server.url, verify=believing(authority), trust_env=False, timeout=20)
    assert (answer.status_code, answer.json()) == (200, "https")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(server.url, verify=believing(Authority(tmp_path / "other")), trust_env=False, timeout=20)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.url.replace("https", "http"), trust_env=False, timeout=20)


def test_new_files_are_shown_without_a_restart(server: HttpServer, authority: Authority) -> None:
    """To the next connection; one that is open goes on, and files that are no use change nothing."""
    before = shown(server, authority)
    with httpx.Client(base_url=server.url, verify=believing(authority), trust_env=False, timeout=20) as client:
        assert client.get("/").json() == "https"
        certificate, _ = authority.sign("server")
        after = shown(server, authority)
        assert client.get("/").json() == "https"
    assert before != after
    certificate.write_text("renewing")
    assert shown(server, authority) == after
