"""Peers that are gone without a word are found out, and those that ask whether we live are not hung up on."""

import time
from contextlib import suppress

import grpc
import pytest

from madseg.client.connection import KEEPALIVE_MS
from madseg.rpc import Alive, Server, Service
from madseg.security.guarding import Guarding, guard
from madseg.v1 import selector_pb2
from madseg.v1.selector_pb2_grpc import SelectorServiceStub, add_SelectorServiceServicer_to_server
from tests.rpc.speaking import SELECTOR, Watched, failed
from tests.servers.proxy import Proxy


@pytest.mark.timeout(60)
def test_a_watcher_that_vanished_gives_its_place_back() -> None:
    """Without a word: its machine died, or the network between."""
    service = Service(SELECTOR, Watched(3600), add_SelectorServiceServicer_to_server)  # type: ignore[abstract]
    server = Server(
        [service], "127.0.0.1:0", guarded=guard(Guarding(max_streams=1)), alive=Alive(after=0.5, within=0.5)
    )
    server.start()
    request = selector_pb2.WatchRankingRequest()
    with (
        Proxy("127.0.0.1", server.port) as proxy,
        grpc.insecure_channel(proxy.address) as gone,
        grpc.insecure_channel(server.reachable) as channel,
    ):
        watched = SelectorServiceStub(gone).WatchRanking(request)
        assert next(watched).revision == 1
        refused = failed(lambda: next(SelectorServiceStub(channel).WatchRanking(request, timeout=10)))
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        proxy.hang()
        assert _let_in(SelectorServiceStub(channel), within=30)
        watched.cancel()
    server.stop()


def _let_in(stub: SelectorServiceStub, within: float) -> bool:
    """Whether a watcher finds a place, within seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with suppress(grpc.RpcError):
            return bool(next(stub.WatchRanking(selector_pb2.WatchRankingRequest(), timeout=10)).revision)
        time.sleep(0.1)
    return False


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("pings", "taken"), [(0.1, True), (300.0, False)], ids=["fair", "too many"])
def test_clients_may_ping_at_a_fair_rate(pings: float, taken: bool) -> None:
    """Oftener than the server allows, it hangs up on them."""
    servicer = Watched(3600)  # type: ignore[abstract]
    service = Service(SELECTOR, servicer, add_SelectorServiceServicer_to_server)
    server = Server([service], "127.0.0.1:0", alive=Alive(pings=pings))
    server.start()
    options = [("grpc.keepalive_time_ms", 300), ("grpc.http2.max_pings_without_data", 0)]
    with grpc.insecure_channel(server.reachable, options) as channel:
        call = SelectorServiceStub(channel).WatchRanking(selector_pb2.WatchRankingRequest(), timeout=5)
        assert next(call).revision == 1
        ended = failed(lambda: next(call)).code()
    server.stop()
    assert (ended is grpc.StatusCode.DEADLINE_EXCEEDED) == taken


def test_our_own_client_pings_less_often_than_the_server_takes() -> None:
    """Or it would be hung up on."""
    assert Alive().pings * 1000 < KEEPALIVE_MS
