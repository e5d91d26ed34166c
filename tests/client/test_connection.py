"""Deadlines, retries, addresses, and servers that aren't there."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from grpc import intercept_channel

from deploy.local.server import free_port
from madseg.client import Client, Endpoints, InvalidArgument, ServerError, TooMany, Unavailable, Upload
from madseg.client.channel import open_channel
from madseg.client.endpoints import from_environment, from_file
from madseg.client.patience import Patient
from madseg.v1.selector_pb2 import ListContestsRequest
from madseg.v1.selector_pb2_grpc import SelectorServiceStub
from tests.client.running import Running


def free_address() -> str:
    """Where nothing listens."""
    return f"127.0.0.1:{free_port()}"


def test_reads_are_retried_while_the_server_asks_for_it(services: Running) -> None:
    """Two answers of Unavailable cost time, not the call."""
    services.intake.failures = 2
    assert services.client.intake_status().accepted == 12345
    assert services.intake.failures == 0


def test_a_server_that_stays_unavailable_says_why(services: Running) -> None:
    """After five tries its own sentence is raised."""
    services.intake.failures = 100
    with pytest.raises(Unavailable, match="the database is restarting") as caught:
        services.client.intake_status()
    assert (caught.value.answered, services.intake.failures) == (True, 95)


def test_reads_come_again_when_a_busy_server_says_so(services: Running) -> None:
    """As often as it takes, after the pause that it asks for."""
    services.intake.busy = 7
    begun = time.monotonic()
    assert services.client.intake_status().accepted == 12345
    assert services.intake.busy == 0
    assert time.monotonic() - begun >= 7 * services.intake.busy_seconds


def test_what_may_not_be_done_twice_is_not_made_again(services: Running) -> None:
    """The error says when there is room."""
    services.intake.busy = 2
    with pytest.raises(TooMany, match="as many calls as it takes at once") as caught:
        services.client.requeue(["1"])
    assert (caught.value.retry_after, caught.value.service, services.intake.busy) == (0.05, "intake", 1)


def test_nobody_waits_for_room_beyond_the_deadline(services: Running) -> None:
    """A pause that doesn't fit into it isn't begun."""
    services.intake.busy, services.intake.busy_seconds = 100, 60.0
    begun = time.monotonic()
    with pytest.raises(TooMany) as caught:
        services.client.intake_status()
    assert (caught.value.retry_after, services.intake.busy) == (60.0, 99)
    assert time.monotonic() - begun < 8


def test_nobody_there_names_the_address() -> None:
    """The message says where and who was asked."""
    address = free_address()
    with (
        Client(selector=address) as client,
        pytest.raises(Unavailable, match=f"nothing answers at {address}") as caught,
    ):
        client.contests()
    assert (caught.value.answered, caught.value.service, caught.value.address) == (False, "selector", address)


def test_an_address_that_was_never_given_is_unavailable() -> None:
    """Only when it is asked."""
    with Client() as client, pytest.raises(Unavailable, match="no address of the models is known"):
        client.models()


def test_a_closed_client_stays_closed(services: Running) -> None:
    """A call after the end says so."""
    services.client.close()
    services.client.close()
    with pytest.raises(Unavailable, match="was closed"):
        services.client.contests()


def test_what_was_begun_before_the_end_says_so_too(services: Running) -> None:
    """Pages and streams that are asked for once the client is closed: gRPC itself would end the process."""
    client = services.client
    begun = (client.images(), client.watch("ours", "theirs", "target", "bus"), client.upload_many([Upload(b"x")]))
    client.intake_status()
    client.close()
    for answers in begun:
        with pytest.raises(Unavailable, match="was closed"):
            next(answers)


def test_a_stub_of_a_closed_channel_calls_nobody(services: Running) -> None:
    """Interceptors ask for its methods at each call."""
    channel = open_channel(services.address)
    stub = SelectorServiceStub(intercept_channel(channel, Patient(frozenset())))
    channel.close()
    with pytest.raises(ValueError, match="was closed"):
        stub.ListContests(ListContestsRequest())


@pytest.mark.parametrize("token", [None, "ada"])
def test_calls_that_the_end_meets_say_so(services: Running, token: str | None) -> None:
    """Whether they wait for an answer, for the next one of a stream, or just begin."""
    services.selector.slow_seconds = 60
    for _ in range(6):
        with Client(services.address, services.address) as client:
            shown = client.with_token(token)
            shown.contests()
            started, ended = threading.Barrier(3), list[str]()

            def until_closed(ask: Callable[[], object], started: threading.Barrier = started) -> None:
                started.wait(10)
                while True:
                    ask()

            def listen(client: Client = shown) -> None:
                for _ in client.watch("ours", "theirs", "target", "bus"):
                    pass

            def told(ask: Callable[[], object], ended: list[str] = ended) -> None:
                with pytest.raises(Unavailable) as caught:
                    until_closed(ask)
                ended.append(str(caught.value))

            threads = [threading.Thread(target=told, args=(ask,)) for ask in (shown.contests, listen)]
            for thread in threads:
                thread.start()
            started.wait(10)
            time.sleep(0.005)
        for thread in threads:
            thread.join(10)
        assert ended == ["the connection to the selector was closed"] * 2


def test_a_defect_of_the_server_is_a_server_error(services: Running) -> None:
    """It comes with the number under which the server's log knows it."""
    services.selector.missing = 5  # type: ignore[assignment]
    with pytest.raises(ServerError, match=r"internal error [0-9a-f]{32}"):
        list(services.client.list_missing())


def test_endpoints_come_from_a_file(tmp_path: Path) -> None:
    """The file that `madseg up` writes."""
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps({"intake": "a:1", "selector": "b:2", "http": "http://c:3"}))
    assert from_file(path) == Endpoints("a:1", "b:2", None, "http://c:3")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Services that it doesn't name come from the file."""
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps({"intake": "a:1", "selector": "b:2"}))
    assert from_environment({"MADSEG_SELECTOR": "x:9", "MADSEG_STATE": str(tmp_path)}) == Endpoints(
        "a:1", "x:9", None, None
    )
    assert from_environment({"MADSEG_STATE": str(tmp_path / "none")}) == Endpoints()


@pytest.mark.parametrize("text", ["[]", "{", '{"intake": 7}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    path = tmp_path / "endpoints.json"
    path.write_text(text)
    with pytest.raises(InvalidArgument, match=r"endpoints\.json"):
        Client.from_endpoints(path)


def test_a_missing_file_says_what_writes_it(tmp_path: Path) -> None:
    """`madseg up` does."""
    with pytest.raises(InvalidArgument, match="is `madseg up` running"):
        Client.from_endpoints(tmp_path / "endpoints.json")


def test_a_timeout_must_be_above_zero() -> None:
    """A deadline that has passed is none."""
    with pytest.raises(InvalidArgument, match="above 0"):
        Client(timeout=0)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf")])
def test_so_must_that_of_a_call(services: Running, timeout: float) -> None:
    """0 doesn't mean the default, nor anything else that is no deadline."""
    client, key = services.client, ("ours", "theirs", "target", "bus")
    asked: tuple[Callable[[], object], ...] = (
        lambda: client.cut_candidates(timeout=timeout),
        lambda: client.add_model(__file__, "name: net", timeout=timeout),
        lambda: next(client.watch(*key, timeout=timeout)),
        lambda: client.upload_many([], timeout=timeout),
    )
    for ask in asked:
        with pytest.raises(InvalidArgument, match="timeout must be above 0") as caught:
            ask()
        assert caught.value.field == "timeout"


def test_the_client_imports_grpc_and_protobuf_alone() -> None:
    """Nothing else of the distribution's dependencies is loaded."""
    code = (
        "import sys, madseg.client; "
        "print([name for name in ('numpy', 'numba', 'typer', 'rich', 'google.rpc', 'structlog', 'madseg.core') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
