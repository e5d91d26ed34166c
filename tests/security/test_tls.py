"""TLS of the servers: who is let in, files that are replaced while they run, and files that are no use."""

import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from structlog.testing import capture_logs

from madseg.client.channel import open_channel
from madseg.client.tls import Tls
from madseg.core.errors import Conflict, InvalidInput
from madseg.observing.metrics import REGISTRY
from madseg.rpc import Server
from madseg.security.tls import ServerTls, TlsSettings, open_tls, valid_until
from madseg.settings import load
from tests.security.authority import Authority, with_password

SERVES = health_pb2.HealthCheckResponse.SERVING
DAY = 86_400.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whom everybody believes."""
    return Authority(tmp_path)


@contextmanager
def serving(tls: ServerTls | None, health: str = "") -> Iterator[Server]:
    """A server without services of its own."""
    server = Server([], "127.0.0.1:0", tls=tls, health=health)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def asked(address: str, tls: Tls | None = None) -> int:
    """What the server at an address says of its health."""
    with open_channel(address, tls=tls) as channel:
        request = health_pb2.HealthCheckRequest()
        return int(health_pb2_grpc.HealthStub(channel).Check(request, timeout=20).status)


def refused(address: str, tls: Tls | None = None) -> str:
    """Why a connection doesn't come about."""
    with pytest.raises(grpc.RpcError) as raised:
        asked(address, tls)
    assert isinstance(raised.value, grpc.Call)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    return raised.value.details() or ""


def shown(server: Server, authority: Authority) -> int:
    """The number of the certificate that a new connection sees."""
    context = ssl.create_default_context(cafile=str(authority.file))
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        return int(str((connection.getpeercert() or {})["serialNumber"]), 16)


def test_a_server_is_believed_by_its_authority_alone(authority: Authority, tmp_path: Path) -> None:
    """Under a name that stands in its certificate; in the clear nobody gets through."""
    other = Authority(tmp_path / "other")
    with serving(ServerTls(*authority.sign("server"))) as server:
        assert asked(server.reachable, Tls(str(authority.file))) == SERVES
        assert asked(server.reachable, Tls(str(authority.file), name="localhost")) == SERVES
        assert "CERTIFICATE_VERIFY_FAILED" in refused(server.reachable, Tls(str(other.file)))
        assert "CERTIFICATE_VERIFY_FAILED" in refused(server.reachable, Tls("public"))
        assert "Hostname Verification" in refused(server.reachable, Tls(str(authority.file), name="else.where"))
        assert "Socket closed" in refused(server.reachable)


def test_reflection_answers_over_tls(authority: Authority) -> None:
    """As health does."""
    with (
        serving(ServerTls(*authority.sign("server"))) as server,
        open_channel(server.reachable, tls=Tls(str(authority.file))) as channel,
    ):
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request]), timeout=20)
        assert "grpc.health.v1.Health" in {item.name for item in answer.list_services_response.service}


def test_callers_may_have_to_show_a_certificate(authority: Authority, tmp_path: Path) -> None:
    """One that the authority of callers has signed, which need not be the servers'."""
    callers, others = Authority(tmp_path / "callers"), Authority(tmp_path / "others")
    with serving(ServerTls(*authority.sign("server"), callers.file)) as server:
        mine, theirs = callers.sign("labelling"), others.sign("labelling")
        assert asked(server.reachable, Tls(str(authority.file), *map(str, mine))) == SERVES
        refused(server.reachable, Tls(str(authority.file)))
        refused(server.reachable, Tls(str(authority.file), *map(str, theirs)))


def test_new_files_are_shown_without_a_restart(authority: Authority) -> None:
    """To the next connection; one that is open goes on."""
    with serving(ServerTls(*authority.sign("server"))) as server:
        before = shown(server, authority)
        with open_channel(server.reachable, tls=Tls(str(authority.file))) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
            authority.sign("server")
            after = shown(server, authority)
            assert stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status == SERVES
        assert before != after == shown(server, authority)


def test_connections_come_about_while_files_are_replaced(authority: Authority) -> None:
    """Whichever half of a renewal they come upon."""
    certificate, key = authority.sign("server")
    with serving(ServerTls(certificate, key, authority.file)) as server, ThreadPoolExecutor(3) as pool:
        mine = Tls(str(authority.file), *map(str, authority.sign("ada")))
        asking = [pool.submit(asked, server.reachable, mine) for _ in range(30)]
        for _ in range(5):
            authority.sign("server")
        assert {answer.result(60) for answer in asking} == {SERVES}


def test_new_callers_are_let_in_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    """When the file of their authority is replaced, and those of the former one no more."""
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    with serving(ServerTls(*authority.sign("server"), old.file)) as server:
        former, later = old.sign("a"), new.sign("a")
        new.file.replace(old.file)
        assert asked(server.reachable, Tls(str(authority.file), *map(str, later))) == SERVES
        refused(server.reachable, Tls(str(authority.file), *map(str, former)))


@pytest.mark.parametrize("damage", ["key of another", "no PEM", "away", "ended"])
def test_new_files_that_can_not_be_used_are_reported_once(authority: Authority, damage: str) -> None:
    """And those before are shown on, until there are good ones."""
    certificate, key = authority.sign("server")
    now = time()
    tls = ServerTls(certificate, key, clock=lambda: now)
    with serving(tls) as server:
        before = shown(server, authority)
        with capture_logs() as logs:
            if damage == "key of another":
                authority.sign("other")[1].replace(key)
            elif damage == "no PEM":
                certificate.write_text("renewing")
            elif damage == "away":
                key.unlink()
            else:
                authority.sign("server", days=2)
                now += 3 * DAY
            assert {shown(server, authority) for _ in range(3)} == {before}
        (kept,) = (log for log in logs if log["log_level"] == "error")
        assert kept["event"] == "certificate_kept"
        assert str(certificate) in kept["reason"] or str(key) in kept["reason"]
        authority.sign("server", days=30)
        assert shown(server, authority) != before


def test_files_are_looked_at_when_figures_are_read(authority: Authority) -> None:
    """So that a certificate's end is known although nobody connects."""
    certificate, key = authority.sign("server", days=5)
    tls = ServerTls(certificate, key)
    labels = {"file": str(certificate)}
    assert REGISTRY.get_sample_value("madseg_tls_certificate_end_timestamp_seconds", labels) == tls.current().ends
    assert abs(tls.current().ends - time() - 5 * DAY) < 600
    authority.sign("server", days=50)
    ends = REGISTRY.get_sample_value("madseg_tls_certificate_end_timestamp_seconds", labels)
    assert ends == valid_until(certificate.read_bytes())
    assert ends is not None
    assert abs(ends - time() - 50 * DAY) < 600


def _absent(authority: Authority) -> tuple[Path, Path]:
    return authority.folder / "none.pem", authority.sign("server")[1]


def _unreadable(authority: Authority) -> tuple[Path, Path]:
    (authority.folder / "folder").mkdir()
    return authority.sign("server")[0], authority.folder / "folder"


def _mismatched(authority: Authority) -> tuple[Path, Path]:
    return authority.sign("server")[0], authority.sign("other")[1]


def _no_pem(authority: Authority) -> tuple[Path, Path]:
    certificate, key = authority.sign("server")
    certificate.write_bytes(ssl.PEM_cert_to_DER_cert(certificate.read_text()))
    return certificate, key


def _locked(authority: Authority) -> tuple[Path, Path]:
    certificate, key = authority.sign("server")
    return certificate, with_password(key)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_absent, r"none\.pem, which TLS needs, can't be read: No such file"),
        (_unreadable, r"folder, which TLS needs, can't be read: Is a directory"),
        (_mismatched, r"server\.pem can't be used with the key .*other\.key: key values mismatch"),
        (_no_pem, r"server\.pem can't be used with the key .*: it is no PEM, or has a password"),
        (_locked, r"can't be used with the key .*server\.locked: it is no PEM, or has a password"),
    ],
)
def test_files_that_can_not_be_used_stop_the_start(
    authority: Authority, make: Callable[[Authority], tuple[Path, Path]], said: str
) -> None:
    """With their names."""
    with pytest.raises(InvalidInput, match=said):
        ServerTls(*make(authority))


def test_a_certificate_that_has_ended_stops_the_start(authority: Authority) -> None:
    """With the day."""
    certificate, key = authority.sign("server", days=2)
    ServerTls(certificate, key, clock=lambda: time() + DAY)
    with pytest.raises(InvalidInput, match=r"server\.pem has ended on 2\d\d\d-\d\d-\d\d .*: renew it"):
        ServerTls(certificate, key, clock=lambda: time() + 3 * DAY)


@pytest.mark.parametrize("which", ["tls_authority", "tls_client_authority"])
def test_a_file_without_an_authority_stops_the_start(authority: Authority, which: str) -> None:
    """The servers', and the callers'."""
    certificate, key = map(str, authority.sign("server"))
    files = {"tls_authority": str(authority.file), "tls_certificate": certificate, "tls_key": key}
    for file, said in ((key, "there is no authority in"), (f"{key}.not", "can't be read: No such file")):
        with pytest.raises(InvalidInput, match=said):
            open_tls(TlsSettings(**{**files, which: file}))
    assert open_tls(TlsSettings(**{**files, "tls_authority": "public"})) is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CERTIFICATE": "a"}, "MADSEG_TLS_CERTIFICATE takes MADSEG_TLS_KEY too"),
        ({"CERTIFICATE": "a", "KEY": "b"}, "MADSEG_TLS_CERTIFICATE takes MADSEG_TLS_AUTHORITY too"),
        ({"KEY": "b"}, "MADSEG_TLS_KEY is set without MADSEG_TLS_CERTIFICATE"),
        ({"AUTHORITY": "c"}, "MADSEG_TLS_AUTHORITY is set without MADSEG_TLS_CERTIFICATE"),
        ({"CLIENT_AUTHORITY": "d"}, "MADSEG_TLS_CLIENT_AUTHORITY is set without MADSEG_TLS_CERTIFICATE"),
        ({"KEY": "-----BEGIN PRIVATE KEY-----"}, "MADSEG_TLS_KEY is the path of a file, not what is in it$"),
    ],
)
def test_half_of_the_settings_are_refused(given: dict[str, str], said: str) -> None:
    """A service that is meant to encrypt never speaks in the clear."""
    with pytest.raises(InvalidInput, match=said):
        load(TlsSettings, {f"MADSEG_TLS_{name}": value for name, value in given.items()})


def test_without_a_certificate_there_is_no_tls() -> None:
    """As before."""
    assert open_tls(TlsSettings()) is None
    with serving(None) as server:
        assert asked(server.reachable) == SERVES


def test_probes_are_answered_in_the_clear_at_an_address_of_their_own(authority: Authority) -> None:
    """Health, and nothing else; it says no with the server."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Conflict, match=f"can't listen on {address}"), serving(None, address):
            pass
    with serving(ServerTls(*authority.sign("server")), address) as server:
        assert asked(address) == SERVES
        with open_channel(address) as channel, pytest.raises(grpc.RpcError) as raised:
            reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([]), timeout=20).next()
        assert isinstance(raised.value, grpc.Call)
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
        server.stop()
        assert refused(address)
