"""How Triton is asked: tries, deadlines, bounds, lost versions. Its answers are scripted, the connection is real."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray

from madseg.adapters.inference import open_inference
from madseg.adapters.inference.triton_options import Options, parse_options
from madseg.core.errors import InvalidInput, MadsegError, NotFound, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference
from tests.adapters.scripted_triton import ScriptedTriton
from tests.pipeline.running import until
from tests.servers.proxy import Proxy

GRID = Size(4, 5)
RED, OTHER = VersionRef("red", 3), VersionRef("other", 1)
SECONDS = 30
DEAD = "Failed to process the request(s) for model 'red', message: Stub process 'red_3_0_0' is not healthy."


@pytest.fixture
def triton() -> Iterator[ScriptedTriton]:
    """One that has both versions."""
    server = ScriptedTriton(GRID, RED, OTHER)
    yield server
    server.stop()


@pytest.fixture
def inference(triton: ScriptedTriton) -> Iterator[Inference]:
    """With both versions loaded."""
    opened = open_inference(triton.url)
    for version in (RED, OTHER):
        opened.load(version, GRID)
    yield opened
    opened.close()


def picture(value: int = 7) -> NDArray[np.uint8]:
    """A flat one."""
    return np.full((GRID.height, GRID.width, 3), value, np.uint8)


def refuse(triton: ScriptedTriton, times: int, code: grpc.StatusCode, words: str) -> None:
    """From now on the first requests are refused."""

    def infer(_request: object, context: grpc.ServicerContext) -> None:
        if triton.calls["infer"] <= times:
            context.abort(code, words)

    triton.infer = infer


def hang(triton: ScriptedTriton, value: int) -> threading.Event:
    """From now on pictures of this brightness wait until the event is set."""
    free = threading.Event()

    def infer(request: Any, _context: object) -> None:
        if request.raw_input_contents[0][0] == value:
            free.wait(SECONDS)

    triton.infer = infer
    return free


def test_requests_name_the_version(triton: ScriptedTriton, inference: Inference) -> None:
    """Without it Triton takes the newest."""
    assert inference.submit(RED, picture(9)).result(SECONDS).labels.tolist() == [[9] * 5] * 4
    assert triton.versions == ["red/3"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_server_that_is_away_for_a_moment_is_asked_again(
    triton: ScriptedTriton, inference: Inference, times: int
) -> None:
    """Twice more."""
    refuse(triton, times, grpc.StatusCode.UNAVAILABLE, "Server is stopping")
    inference.submit(RED, picture()).result(SECONDS)
    assert triton.calls["infer"] == times + 1


@pytest.mark.parametrize(
    ("code", "words", "error", "tries"),
    [
        (grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size", Unavailable, 3),
        (
            grpc.StatusCode.INTERNAL,
            "onnx runtime error: Failed to allocate memory for requested buffer",
            Unavailable,
            3,
        ),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota", Unavailable, 3),
        (grpc.StatusCode.INVALID_ARGUMENT, "unexpected shape for input 'image'", InvalidInput, 1),
        (grpc.StatusCode.INTERNAL, "onnx runtime error: indices element out of data bounds", MadsegError, 1),
        (grpc.StatusCode.UNKNOWN, "what", MadsegError, 1),
    ],
)
def test_what_can_t_be_retried_fails_at_once(
    triton: ScriptedTriton, inference: Inference, code: grpc.StatusCode, words: str, error: type, tries: int
) -> None:
    """Only Unavailable brings the batch back; the rest becomes a recorded failure, in the server's words."""
    refuse(triton, 99, code, words)
    with pytest.raises(MadsegError, match=r"red/3 on Triton at .*" + words) as raised:
        inference.submit(RED, picture()).result(SECONDS)
    assert raised.type is error
    assert triton.calls["infer"] == tries


def test_a_picture_without_answer_among_prompt_ones_has_failed(triton: ScriptedTriton) -> None:
    """After a second try: it is the picture."""
    inference = open_inference(triton.url, answer_seconds=5)
    inference.load(RED, GRID)
    free = hang(triton, 99)
    failing = inference.submit(RED, picture(99))
    while not failing.done():
        inference.submit(RED, picture()).exception(SECONDS)
    with pytest.raises(MadsegError, match="red/3 didn't answer within 2 s, twice, and others promptly") as raised:
        failing.result()
    assert raised.type is MadsegError
    free.set()
    inference.close()


def test_a_picture_without_answer_where_nothing_is_answered_is_asked_again_later(triton: ScriptedTriton) -> None:
    """A server that hangs or is overloaded is no picture's fault; nor do other versions' answers show otherwise."""
    inference = open_inference(triton.url, answer_seconds=1)
    for version in (RED, OTHER):
        inference.load(version, GRID)
    free = hang(triton, 99)
    waiting = [inference.submit(RED, picture(99)) for _ in range(5)]
    while not all(future.done() for future in waiting):
        inference.submit(OTHER, picture()).exception(SECONDS)
    for future in waiting:
        with pytest.raises(Unavailable, match=r"overloaded or hangs, nothing came in 0\.4 s"):
            future.result()
    free.set()
    inference.close()


def test_a_server_that_is_slow_for_a_while_loses_nothing(triton: ScriptedTriton) -> None:
    """An answer that is late the first time and comes the second time counts."""
    inference = open_inference(triton.url, answer_seconds=10)
    inference.load(RED, GRID)
    free = hang(triton, 99)
    slow = inference.submit(RED, picture(99))
    triton.wait_for("infer", 2)
    free.set()
    assert slow.result(SECONDS).labels[0, 0] == 99
    inference.close()


def test_connections_that_the_server_ends_cost_no_picture() -> None:
    """Every pod of several gets its share so; what was under way for too long is asked once more, on another one."""
    triton = ScriptedTriton(GRID, RED, age=200)
    inference = open_inference(triton.url)
    inference.load(RED, GRID)
    free = threading.Event()

    def infer(_request: object, _context: object) -> None:
        if triton.calls["infer"] == 1:
            free.wait(SECONDS)

    triton.infer = infer
    assert inference.submit(RED, picture(9)).result(SECONDS).labels[0, 0] == 9
    assert triton.calls["infer"] == 2
    while len(triton.connections) < 5:
        assert inference.submit(RED, picture()).result(SECONDS).labels[0, 0] == 7
    assert triton.calls["load"] == 0
    free.set()
    inference.close()
    triton.stop()


def test_no_more_than_the_bound_is_under_way(triton: ScriptedTriton) -> None:
    """`submit` waits until something was answered: so a slow server slows its callers."""
    inference = open_inference(f"{triton.url}?concurrency=2")
    inference.load(RED, GRID)
    free, futures = hang(triton, 99), list[Future[Answer]]()
    callers = threading.Thread(target=lambda: futures.extend(inference.submit(RED, picture(99)) for _ in range(6)))
    callers.start()
    triton.wait_for("infer", 2)
    callers.join(0.2)
    assert callers.is_alive()
    assert (len(futures), triton.calls["infer"]) == (2, 2)
    free.set()
    callers.join()
    assert [future.result(SECONDS).labels[0, 0] for future in futures] == [99] * 6
    inference.close()


def test_a_version_that_the_server_has_lost_is_loaded_anew(triton: ScriptedTriton, inference: Inference) -> None:
    """Requests are to come again meanwhile; none fails for good."""
    triton.ready = {OTHER}
    with pytest.raises(Unavailable, match=r"red/3 .* is not found"):
        inference.submit(RED, picture()).result(SECONDS)
    triton.wait_for("load", 1)
    assert inference.submit(RED, picture()).result(SECONDS).labels[0, 0] == 7
    assert (triton.calls["load"], triton.calls["unload"]) == (1, 0)


def test_a_version_that_was_let_go_of_is_not_loaded_anew(triton: ScriptedTriton, inference: Inference) -> None:
    """It went on purpose; and closing doesn't wait."""
    triton.ready = {OTHER}
    with pytest.raises(Unavailable):
        inference.submit(RED, picture()).result(SECONDS)
    inference.unload(RED)
    with pytest.raises(NotFound, match="red/3 is not loaded"):
        inference.submit(RED, picture()).result(SECONDS)
    inference.close()
    assert triton.calls["load"] == 0


def test_a_version_whose_process_is_taken_for_dead_is_started_anew(
    triton: ScriptedTriton, inference: Inference
) -> None:
    """Triton calls it ready, and from then on gives its answers to the wrong requests: none of them counts."""
    free = threading.Event()

    def infer(request: Any, context: grpc.ServicerContext) -> None:
        if triton.calls["load"]:
            return
        if request.raw_input_contents[0][0] == 99:
            free.wait(SECONDS)
        else:
            context.abort(grpc.StatusCode.INTERNAL, DEAD)

    triton.infer = infer
    meanwhile = inference.submit(RED, picture(99))
    triton.wait_for("infer", 1)
    with pytest.raises(Unavailable, match="is not healthy"):
        inference.submit(RED, picture()).result(SECONDS)
    free.set()
    with pytest.raises(Unavailable):
        meanwhile.result(SECONDS)
    triton.wait_for("load", 1)
    until(lambda: inference.submit(RED, picture()).exception(SECONDS) is None, SECONDS)
    inference.close()
    assert (triton.calls["unload"], triton.calls["load"]) == (1, 1)


def test_a_server_that_loads_by_itself_is_waited_for(triton: ScriptedTriton) -> None:
    """In poll mode: not ready is a matter of time."""
    triton.ready, triton.refusal = {OTHER}, "explicit model load / unload is not allowed if polling is enabled"
    inference = open_inference(triton.url)
    with pytest.raises(Unavailable, match="red/3 is not ready yet"):
        inference.load(RED, GRID)
    inference.keep("other", ())
    triton.ready.add(RED)
    inference.load(RED, GRID)
    assert inference.submit(RED, picture()).result(SECONDS).labels[0, 0] == 7
    inference.close()


def test_pictures_beyond_grpc_s_usual_limit_pass() -> None:
    """4 MB; canonical grids may be larger."""
    grid = Size(1500, 1000)
    triton = ScriptedTriton(grid, RED)
    inference = open_inference(triton.url)
    inference.load(RED, grid)
    large = np.full((grid.height, grid.width, 3), 3, np.uint8)
    assert inference.submit(RED, large).result(SECONDS).labels.sum() == 3 * 1_500_000
    inference.close()
    triton.stop()


def test_a_network_with_two_seconds_of_latency_only_delays(triton: ScriptedTriton) -> None:
    """From the first connection on."""
    with Proxy("127.0.0.1", triton.port) as proxy:
        proxy.latency = 2.0
        inference = open_inference(f"triton://{proxy.address}")
        inference.load(RED, GRID)
        futures = [inference.submit(RED, picture(value)) for value in range(40)]
        assert [future.result(SECONDS).labels[0, 0] for future in futures] == list(range(40))
        assert triton.calls["infer"] == 40
        inference.close()


@pytest.mark.parametrize("fault", ["refuse", "hang", "cut"])
def test_a_network_that_breaks_is_unavailable_until_it_is_there_again(triton: ScriptedTriton, fault: str) -> None:
    """Whatever way it breaks, and without a new start; nothing fails for good."""
    with Proxy("127.0.0.1", triton.port) as proxy:
        inference = open_inference(f"triton://{proxy.address}", answer_seconds=1)
        inference.load(RED, GRID)
        free = hang(triton, 99)
        waiting = [inference.submit(RED, picture(99)) for _ in range(5)]
        triton.wait_for("infer", 5)
        if fault == "cut":
            proxy.cut(10)
        else:
            getattr(proxy, fault)()
        free.set()
        for future in waiting:
            with pytest.raises(Unavailable):
                future.result(SECONDS)
        proxy.restore()
        until(lambda: inference.submit(RED, picture()).exception(SECONDS) is None, SECONDS)
        inference.close()


def test_the_connection_is_encrypted_on_request(tmp_path: Path) -> None:
    """With the certificates of a file; a server that isn't vouched for by them is not talked to."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate: apt-get install openssl")
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "ca.pem"]
    subprocess.run(["openssl", *make.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    certificate = tmp_path / "ca.pem"
    triton = ScriptedTriton(GRID, RED, key=(tmp_path / "key.pem").read_bytes(), certificate=certificate.read_bytes())
    trusting = open_inference(f"triton://localhost:{triton.port}?tls={certificate}")
    trusting.load(RED, GRID)
    assert trusting.submit(RED, picture()).result(SECONDS).labels[0, 0] == 7
    for options in ("?tls=system", ""):
        other = open_inference(f"triton://localhost:{triton.port}{options}")
        with pytest.raises(Unavailable):
            other.load(RED, GRID)
        other.close()
    trusting.close()
    triton.stop()


def test_a_server_that_is_away_at_the_start_is_unavailable() -> None:
    """Which the worker tries again; the start-up line says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        inference = open_inference(f"triton://{address}")
        with pytest.raises(Unavailable, match=f"Triton at {address}"):
            inference.load(RED, GRID)
        assert inference.describe().startswith(f"Triton at {address}, which doesn't answer yet: ")
        inference.close()


def test_the_start_up_line_says_version_and_what_is_ready(inference: Inference, triton: ScriptedTriton) -> None:
    """And whether memory is shared."""
    assert inference.describe() == f"Triton 2.51.0 at 127.0.0.1:{triton.port}, ready: other/1, red/3"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("triton://gpu:8001", Options("gpu:8001")),
        ("triton://[::1]:8001", Options("[::1]:8001")),
        ("triton://gpu:8001?shared_memory=system&concurrency=4", Options("gpu:8001", 4, shared_memory=True)),
        ("triton://gpu:443?tls=/etc/ca.pem&shared_memory=none", Options("gpu:443", tls="/etc/ca.pem")),
    ],
)
def test_urls(url: str, options: Options) -> None:
    """Address and options."""
    assert parse_options(url) == options


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("triton://gpu", "must be triton://host:port"),
        ("triton:gpu:8001", "must be triton://host:port"),
        ("triton://gpu:8001/models", "must be triton://host:port"),
        ("triton://gpu:port", "must be triton://host:port"),
        ("triton://gpu:8001?speed=1", "no option speed: concurrency, shared_memory and tls"),
        ("triton://gpu:8001?shared_memory=cuda", "shared_memory must be none or system, got 'cuda'"),
        ("triton://gpu:8001?concurrency=0", "concurrency must be 1..1024, got '0'"),
        ("triton://gpu:8001?tls=/none.pem", "the certificates /none.pem can't be read: No such file"),
        ("tritons://gpu:8001", "use onnxruntime:model_repository or triton://host:8001"),
    ],
)
def test_urls_that_can_t_be(url: str, message: str) -> None:
    """With the reason."""
    with pytest.raises(InvalidInput, match=message):
        open_inference(url)
