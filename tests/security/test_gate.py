"""A gRPC server takes on so many calls, no more, and loses none of them; whoever calls too often waits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from madseg.core.errors import InvalidInput
from madseg.security.access import Everybody, Role, Tokens, add_token
from madseg.security.admission import Admission
from madseg.security.crowd import crowd
from madseg.security.gate import host_of
from madseg.security.guarding import Guard, Guarding, beside, guard
from madseg.security.rates import Rates
from madseg.v1 import models_pb2, selector_pb2
from tests.observing.scraping import scrape
from tests.pipeline.running import until
from tests.security.serving import Shop, shop

PLENTY = 1 << 20


def few(calls: int = 99, streams: int = 99, size: int = PLENTY) -> Guard:
    """Room for a few."""
    return Guard(crowd(calls, streams, size), Rates(0, 1))


def refused(call: Any) -> grpc.StatusCode:
    """With which code."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    assert isinstance(error.value, grpc.Call)
    return error.value.code()


def listed(at: Shop, token: str | None = None) -> None:
    """One short call."""
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    at.models.ListModels(models_pb2.ListModelsRequest(), timeout=20, metadata=metadata)


def test_calls_above_the_number_are_refused_and_those_within_it_answered(page: str) -> None:
    """Nothing that was taken on is lost; the next one is taken as soon as one is done."""
    before = scrape(page)
    with shop(few(calls=2)) as at:
        held = [at.waiting(), at.waiting()]
        assert refused(lambda: listed(at)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        at.servicer.may.set()
        assert [call.result() for call in held] == [models_pb2.GetModelResponse()] * 2
        listed(at)
    assert scrape(page).since(before, "madseg_calls_refused_total", reason="calls") == 1


def test_a_call_that_waits_for_a_thread_has_its_place() -> None:
    """More than the pool has threads are taken on, and no more than there is room for."""
    with shop(few(calls=24)) as at:
        calls = [at.models.GetModel.future(models_pb2.GetModelRequest(), timeout=20) for _ in range(40)]
        until(lambda: sum(call.done() for call in calls) == 16)
        at.servicer.may.set()
        codes = [call.code() for call in calls]
    assert (codes.count(grpc.StatusCode.OK), codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED)) == (24, 16)


def test_a_place_is_kept_until_the_work_has_ended() -> None:
    """Whoever hangs up doesn't make room for another while the server still works."""
    with shop(few(calls=1)) as at:
        at.waiting().cancel()
        assert refused(lambda: listed(at)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        at.servicer.may.set()
        until(lambda: _answers(at))


def test_health_is_told_however_busy_it_is() -> None:
    """A busy server isn't a dead one."""
    with shop(few(calls=1)) as at:
        at.waiting()
        answer = health_pb2_grpc.HealthStub(at.channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_streams_and_calls_take_no_room_from_each_other(page: str) -> None:
    """Watchers can't starve questions, nor questions watchers; a watcher that leaves makes room."""
    before = scrape(page)

    def watch() -> Any:
        call = at.selector.WatchRanking(selector_pb2.WatchRankingRequest(), timeout=20)
        assert next(call).revision == 1
        return call

    with shop(few(calls=1, streams=1)) as at:
        watching = watch()
        assert refused(watch) is grpc.StatusCode.RESOURCE_EXHAUSTED
        listed(at)
        watching.cancel()
        at.waiting()
        until(lambda: refused_or_not(watch) is None)
    assert scrape(page).since(before, "madseg_calls_refused_total", reason="streams") >= 1


def test_the_bytes_of_all_requests_together_are_bounded(page: str) -> None:
    """Of one and of many."""
    before = scrape(page)
    with shop(few(size=1000)) as at:
        at.waiting(name="x" * 600)
        second = models_pb2.GetModelRequest(name="y" * 600)
        assert refused(lambda: at.models.GetModel(second, timeout=20)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        small = iter([models_pb2.AddModelRequest(chunk=b"a" * 300)] * 20)
        assert at.models.AddModel(small, timeout=20).findings == ["6000"]
        large = iter([models_pb2.AddModelRequest(chunk=b"a" * 500)])
        assert refused(lambda: at.models.AddModel(large, timeout=20)) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert scrape(page).since(before, "madseg_calls_refused_total", reason="bytes") == 2


def test_whoever_may_not_is_refused_before_the_request_is_read(tmp_path: Path) -> None:
    """Be it garbled, or as large as it may be."""
    add_token(tmp_path / "tokens.json", "ada", [Role.READER])
    with shop(few(), Admission(Tokens(tmp_path / "tokens.json"))) as at:
        garbled: Any = at.channel.unary_unary("/madseg.v1.ModelsService/GetModel")
        assert refused(lambda: garbled(b"\x12", timeout=20)) is grpc.StatusCode.UNAUTHENTICATED
        assert refused(lambda: garbled(b"\n" + bytes(8 << 20), timeout=20)) is grpc.StatusCode.UNAUTHENTICATED
        many: Any = at.channel.stream_unary("/madseg.v1.ModelsService/AddModel")
        endless = iter(lambda: bytes(1 << 20), None)
        assert refused(lambda: many(endless, timeout=20)) is grpc.StatusCode.UNAUTHENTICATED


def test_a_caller_that_calls_too_often_waits_and_others_do_not(page: str, tmp_path: Path) -> None:
    """By name; those that nobody knows by where they come from, whatever they show."""
    file, before = tmp_path / "tokens.json", scrape(page)
    ada, ben = (add_token(file, name, [Role.READER]) for name in ("ada", "ben"))
    rates = Guard(crowd(99, 99, PLENTY), Rates(0.001, 2))
    with shop(rates, Admission(Tokens(file))) as at:
        for token in (ada, ben):
            for _ in range(2):
                listed(at, token)
            assert refused(lambda token=token: listed(at, token)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        codes = [refused(lambda shown=shown: listed(at, shown)) for shown in ("guess", None, "again")]
    denied = grpc.StatusCode.UNAUTHENTICATED
    assert codes == [denied, denied, grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert scrape(page).since(before, "madseg_calls_refused_total", reason="rate") == 3


def test_without_tokens_callers_are_told_by_where_they_come_from() -> None:
    """Unless they give a name."""
    with shop(Guard(crowd(99, 99, PLENTY), Rates(0.001, 1)), Admission(Everybody())) as at:
        listed(at)
        assert refused(lambda: listed(at)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        listed(at, "ada")


@pytest.mark.parametrize(
    ("peer", "host"),
    [("ipv4:10.0.0.7:51234", "10.0.0.7"), ("ipv6:%5B::1%5D:51234", "%5B::1%5D"), ("unix:", "unix:")],
)
def test_a_peer_is_known_by_its_address(peer: str, host: str) -> None:
    """Not by its port, which is another for each connection."""
    assert host_of(peer) == host


@pytest.mark.parametrize("field", ["max_calls", "max_streams", "max_held", "call_burst"])
def test_limits_that_can_not_be_are_refused(field: str) -> None:
    """By the name of their variable."""
    with pytest.raises(InvalidInput, match=r"MADSEG_\w+ must be at least 1, got 0"):
        guard(replace(Guarding(), **{field: 0}))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="MADSEG_CALL_RATE must be 0"):
        guard(Guarding(call_rate=-1))


def test_two_servers_of_a_process_share_what_is_scarce() -> None:
    """Memory and rates; each has its calls."""
    first = guard(Guarding(max_calls=1))
    second = beside(first, Guarding(max_calls=1))
    first.crowd.calls.take()
    second.crowd.calls.take()
    assert (second.crowd.bytes, second.rates) == (first.crowd.bytes, first.rates)


def refused_or_not(call: Any) -> grpc.StatusCode | None:
    """The code of a refusal; None for an answer."""
    try:
        call()
    except grpc.RpcError as error:
        assert isinstance(error, grpc.Call)  # noqa: PT017 (what it was is the result)
        return error.code()
    return None


def _answers(at: Shop) -> bool:
    return refused_or_not(lambda: listed(at)) is None
