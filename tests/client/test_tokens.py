"""Which token a call shows."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from madseg.client import Client, Forbidden, Unauthenticated, Unavailable
from madseg.client.endpoints import token
from madseg.core import errors
from madseg.rpc import Server, Service
from madseg.v1 import selector_pb2
from madseg.v1.selector_pb2_grpc import add_SelectorServiceServicer_to_server


class Doorman:
    """Notes what callers show; refuses the token `none` and lets `no` do nothing."""

    def __init__(self) -> None:
        self.shown: list[str | None] = []

    def __getattr__(self, name: str) -> object:
        return lambda *_: None  # the calls that nobody makes here

    def ListContests(self, request: object, context: Any) -> selector_pb2.ListContestsResponse:
        shown = dict(context.invocation_metadata()).get("authorization")
        self.shown.append(shown)
        if shown == "Bearer none":
            raise errors.Unauthenticated("nobody has this token")
        if shown == "Bearer no":
            raise errors.Forbidden("no has no role for this")
        return selector_pb2.ListContestsResponse()

    async def WatchRanking(self, request: object, context: Any) -> AsyncIterator[selector_pb2.WatchRankingResponse]:
        self.shown.append(dict(context.invocation_metadata()).get("authorization"))
        yield selector_pb2.WatchRankingResponse(revision=1)


def test_calls_and_streams_show_the_token() -> None:
    """Each client its own, over one connection that closes with the first client."""
    doorman = Doorman()
    server = Server(
        [Service("madseg.v1.SelectorService", doorman, add_SelectorServiceServicer_to_server)], "127.0.0.1:0"
    )
    server.start()
    try:
        with Client(selector=server.reachable, token="mine") as client:
            ada, nobody = client.with_token("ada"), client.with_token(None)
            for asking in (client, ada, nobody):
                asking.contests()
            assert [page.revision for page in ada.watch("a", "b", "target", "c")] == [1]
            assert doorman.shown == ["Bearer mine", "Bearer ada", None, "Bearer ada"]
            ada.close()
            client.contests()
            with pytest.raises(Unauthenticated, match="nobody has this token"):
                client.with_token("none").contests()
            with pytest.raises(Forbidden, match="no has no role"):
                ada.with_token("no").contests()
        with pytest.raises(Unavailable, match="was closed"):
            nobody.contests()
    finally:
        server.stop()


def test_where_everybody_is_taken_no_token_is_shown(tmp_path: Path) -> None:
    """It would be taken for a name, and be seen; one that is given by a variable is meant as one."""
    (tmp_path / "operator.token").write_text("secret\n")
    environment = {"MADSEG_STATE": str(tmp_path)}
    assert token(environment) == "secret"
    (tmp_path / "endpoints.json").write_text('{"access": "everybody"}')
    assert token(environment) is None
    assert token({**environment, "MADSEG_TOKEN": "ada"}) == "ada"
