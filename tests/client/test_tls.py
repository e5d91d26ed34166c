"""A client over TLS: whom it believes, what it shows, and files that are replaced while it runs."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from madseg.client import Client, Endpoints, InvalidArgument, Tls, Unavailable
from madseg.client.channel import open_channel
from madseg.client.endpoints import from_environment, from_file
from madseg.rpc import Server, Service
from madseg.security.tls import ServerTls
from madseg.v1 import selector_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceStub, add_SelectorServiceServicer_to_server
from tests.security.authority import Authority, with_password


class Doorman:
    """Notes under which name callers come by their certificates, and which tokens they show."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> object:
        return lambda *_: None  # the calls that nobody makes here

    def ListContests(self, request: object, context: Any) -> selector_pb2.ListContestsResponse:
        name = context.auth_context().get("x509_common_name", [b""])[0].decode()
        self.came.append((name, dict(context.invocation_metadata()).get("authorization", "")))
        return selector_pb2.ListContestsResponse()

    async def WatchRanking(self, request: object, context: Any) -> AsyncIterator[selector_pb2.WatchRankingResponse]:
        for revision in range(1, 4):
            yield selector_pb2.WatchRankingResponse(revision=revision)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Of servers and callers."""
    return Authority(tmp_path)


@contextmanager
def serving(tls: ServerTls | None) -> Iterator[tuple[Doorman, str]]:
    """A selector, and where it is."""
    doorman = Doorman()
    service = Service("madseg.v1.SelectorService", doorman, add_SelectorServiceServicer_to_server)
    server = Server([service], "127.0.0.1:0", tls=tls)
    server.start()
    try:
        yield doorman, server.reachable
    finally:
        server.stop()


def test_a_client_shows_its_certificate_and_its_token(authority: Authority) -> None:
    """Both, over calls and streams."""
    tls = Tls(str(authority.file), *map(str, authority.sign("ada")))
    with serving(ServerTls(*authority.sign("server"), authority.file)) as (doorman, address):
        with Client(selector=address, token="mine", tls=tls) as client:
            client.contests()
            client.with_token("yours").contests()
            assert [page.revision for page in client.watch("a", "b", "target", "c")] == [1, 2, 3]
        assert doorman.came == [("ada", "Bearer mine"), ("ada", "Bearer yours")]


def test_replaced_files_are_shown_by_the_next_call(authority: Authority) -> None:
    """A stream under way goes on over the connection that it has."""
    certificate, key = authority.sign("ada", into="mine")
    tls = Tls(str(authority.file), str(certificate), str(key))
    with serving(ServerTls(*authority.sign("server"), authority.file)) as (doorman, address):
        with Client(selector=address, tls=tls) as client:
            client.contests()
            watched = client.watch("a", "b", "target", "c")
            first = next(watched)
            authority.sign("berta", into="mine")
            client.contests()
            assert [first.revision, *(page.revision for page in watched)] == [1, 2, 3]
            authority.sign("cleo", into="mine")
            client.contests()
        assert [name for name, _ in doorman.came] == ["ada", "berta", "cleo"]


def test_a_closed_channel_calls_nobody(authority: Authority) -> None:
    """gRPC's own would end the process."""
    channel = open_channel("127.0.0.1:1", tls=Tls(str(authority.file)))
    stub = SelectorServiceStub(channel)
    channel.close()
    with pytest.raises(ValueError, match="was closed"):
        stub.ListContests(selector_pb2.ListContestsRequest())


def test_files_that_can_not_be_used_are_reported_and_those_before_used_on(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, until there are good ones."""
    certificate, key = authority.sign("ada", into="mine")
    tls = Tls(str(authority.file), str(certificate), str(key))
    with serving(ServerTls(*authority.sign("server"), authority.file)) as (doorman, address):
        with Client(selector=address, tls=tls) as client, caplog.at_level(logging.WARNING, "madseg.client"):
            client.contests()
            authority.sign("other")[1].replace(key)
            client.contests()
            client.contests()
            authority.sign("berta", into="mine")
            client.contests()
        assert [name for name, _ in doorman.came] == ["ada", "ada", "ada", "berta"]
    (said,) = caplog.messages
    assert "mine.pem can't be used with the key" in said
    assert said.endswith("key values mismatch; those before are used on")


def test_who_is_not_believed_is_named_with_the_reason(authority: Authority, tmp_path: Path) -> None:
    """So that nobody looks for a server that is there."""
    other = Authority(tmp_path / "other")
    cases = [
        (ServerTls(*authority.sign("server")), Tls(str(other.file)), "isn't signed by our authority, or has ended"),
        (
            ServerTls(*authority.sign("elsewhere", "DNS:else.where")),
            Tls(str(authority.file)),
            "made out to another name",
        ),
        (ServerTls(*authority.sign("server"), authority.file), Tls(str(authority.file)), "a certificate of ours"),
        (ServerTls(*authority.sign("server")), None, "one does that wants TLS"),
        (None, Tls(str(authority.file)), "it speaks in the clear, and we speak TLS"),
    ]
    for of_server, of_client, said in cases:
        with (
            serving(of_server) as (_, address),
            Client(selector=address, tls=of_client) as client,
            pytest.raises(Unavailable, match=f"the selector at {address} can't be spoken to: .*{said}") as caught,
        ):
            client.contests()
        assert caught.value.answered


def test_a_name_may_be_expected_that_is_not_in_the_address(authority: Authority) -> None:
    """Behind a forwarded port."""
    with (
        serving(ServerTls(*authority.sign("server", "DNS:selector"))) as (_, address),
        Client(selector=address, tls=Tls(str(authority.file), name="selector")) as client,
    ):
        assert list(client.contests()) == []


def _absent(authority: Authority) -> Tls:
    return Tls(str(authority.folder / "none.pem"))


def _no_authority(authority: Authority) -> Tls:
    return Tls(str(authority.sign("ada")[1]))


def _mismatched(authority: Authority) -> Tls:
    return Tls(str(authority.file), str(authority.sign("ada")[0]), str(authority.sign("eve")[1]))


def _locked(authority: Authority) -> Tls:
    certificate, key = authority.sign("ada")
    return Tls(str(authority.file), str(certificate), str(with_password(key)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_absent, r"none\.pem can't be read: No such file"),
        (_no_authority, r"there is no authority in .*ada\.key: no certificate or crl found"),
        (_mismatched, r"ada\.pem can't be used with the key .*eve\.key: key values mismatch"),
        (_locked, r"can't be used with the key .*ada\.locked: it is no PEM, or has a password"),
        (lambda _: Tls("a", "b"), "certificate and its key are given together"),
        (lambda _: Tls("a", "b", "-----BEGIN PRIVATE KEY-----"), "key is the path of a file, not what is in it$"),
        (lambda _: Tls(""), "TLS needs the file of an authority, or 'public'"),
        (lambda _: Tls.given(name="selector"), "TLS needs the file of an authority"),
    ],
)
def test_files_that_can_not_be_used_are_refused(
    authority: Authority, make: Callable[[Authority], Tls], said: str
) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidArgument, match=said):
        Client(tls=make(authority))


def test_files_come_from_the_environment_and_from_what_up_wrote(tmp_path: Path) -> None:
    """The environment wins, one by one."""
    path = tmp_path / "endpoints.json"
    written = {"selector": "b:2", "tls_authority": "/ca.pem", "tls_certificate": "/c.pem", "tls_key": "/c.key"}
    path.write_text(json.dumps(written))
    assert from_file(path).tls == Tls("/ca.pem", "/c.pem", "/c.key")
    environment = {"MADSEG_STATE": str(tmp_path), "MADSEG_TLS_AUTHORITY": "public", "MADSEG_TLS_NAME": "madseg"}
    assert from_environment(environment).tls == Tls("public", "/c.pem", "/c.key", "madseg")
    assert from_environment({"MADSEG_STATE": str(tmp_path / "none")}).tls is None
    assert Endpoints().tls is None
