"""A real Triton that is killed, stopped and started anew under requests, and whose versions come and go."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient

from deploy.local.triton import Triton
from madseg.adapters.inference import open_inference
from madseg.adapters.inference.shared_memory import FOLDER, PREFIX, Regions
from madseg.core.errors import Conflict, MadsegError, Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference
from madseg.simulation.stream import wild_scene
from tests.adapters.conftest import FullDisk
from tests.contracts.networks import GRID, NETWORKS, RED, TURNED_GREEN, write_configs, write_repository
from tests.pipeline.running import until
from tests.servers import triton as servers

SHIPPED = Path(__file__).parents[2] / "model_repository"
SECONDS = 60
PLAIN, SHARED = "", "?shared_memory=system"

SHARING = """
import sys
from madseg.adapters.inference import open_inference
from tests.contracts.networks import GRID, RED
inference = open_inference(sys.argv[1])
inference.load(RED, GRID)
print("there", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server of the test's own: what a killed one was at is no other test's trouble. With the shipped networks."""
    repository = tmp_path_factory.mktemp("triton") / "models"
    wanted = {RED, TURNED_GREEN}
    write_repository(repository, [network for network in NETWORKS if network.version in wanted])
    write_configs(repository)
    for folder in SHIPPED.iterdir():
        if folder.is_dir():
            shutil.copytree(folder, repository / folder.name)
    server = servers.started(repository)
    yield server
    server.kill()  # after what it went through, a stop takes all the time that it is given
    server.stop()


@pytest.fixture(params=[PLAIN, SHARED], ids=["plain", "shared-memory"])
def inference(request: pytest.FixtureRequest, triton: Triton) -> Iterator[Inference]:
    """With RED loaded on a server that runs."""
    triton.start()
    opened = open_inference(f"{triton.url}{request.param}")
    opened.load(RED, GRID)
    yield opened
    opened.close()


def picture(seed: int) -> NDArray[np.uint8]:
    """Noise."""
    return np.random.default_rng(seed).integers(0, 200, (GRID.height, GRID.width, 3), np.uint8)


class Asking:
    """Asks RED from four threads until it is left; what isn't answered now is asked again, as the worker does."""

    def __init__(self, inference: Inference) -> None:
        self._inference, self._over = inference, threading.Event()
        self.answered, self.again, self.failed = 0, 0, list[str]()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(4)]

    def _run(self, thread: int) -> None:
        number = 0
        while not self._over.is_set():
            shown = picture(1000 * thread + number)
            try:
                labels = self._inference.submit(RED, shown).result(SECONDS).labels
            except Unavailable:
                self.again += 1
                self._over.wait(0.05)
                continue
            except MadsegError as error:
                self.failed.append(str(error))
            else:
                if not np.array_equal(labels, shown[:, :, 0]):
                    self.failed.append(f"wrong labels of picture {number} of thread {thread}")
                self.answered += 1
            number += 1

    def more(self, count: int = 100, kept: Triton | None = None) -> None:
        """Waits for so many more answers. A server that is `kept` is started again when it ends, as a kubelet does."""
        wanted = self.answered + count

        def enough() -> bool:
            if kept is not None and not kept.running:
                kept.start()
            return self.answered >= wanted or bool(self.failed)

        until(enough, SECONDS)

    def miss(self) -> None:
        """Waits until one more is to come again."""
        before = self.again
        until(lambda: self.again > before, SECONDS)

    def __enter__(self) -> "Asking":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("options", [PLAIN, SHARED], ids=["plain", "shared-memory"])
def test_labels_equal_those_of_onnx_runtime_to_the_byte(triton: Triton, options: str) -> None:
    """On the shipped networks, many pictures at once, so that the server makes batches of them."""
    triton.start()
    scenes = [wild_scene(5, index).image for index in range(16)]
    here, there = open_inference(f"onnxruntime://{SHIPPED}", threads=2), open_inference(f"{triton.url}{options}")
    for name in ("unet", "dilated", "overview", "pyramid"):
        ref, grid = VersionRef(name, 1), Size(*scenes[0].shape[:2])
        expected: list[Future[Answer]] = []
        found: list[Future[Answer]] = []
        for inference, futures in ((here, expected), (there, found)):
            inference.load(ref, grid)
            futures += [inference.submit(ref, scene) for scene in scenes]
        for one, other in zip(expected, found, strict=True):
            assert one.result(SECONDS).labels.tobytes() == other.result(SECONDS).labels.tobytes()
            assert other.result().mean_entropy == pytest.approx(one.result().mean_entropy, rel=1e-5)
    here.close()
    there.close()


def test_killed_amid_requests_it_loses_and_garbles_nothing(triton: Triton, inference: Inference) -> None:
    """kill -9 and a start on the same port, twice: what was under way is to come again, and does."""
    with Asking(inference) as asking:
        for _ in range(2):
            asking.more()
            triton.kill()
            asking.miss()
            triton.start()
            asking.more()
    assert asking.failed == []


def test_stopped_in_order_it_loses_nothing(triton: Triton, inference: Inference) -> None:
    """SIGTERM drains; afterwards requests are to come again."""
    with Asking(inference) as asking:
        asking.more()
        triton.stop()
        triton.start()
        asking.more()
    assert asking.failed == []


@pytest.mark.parametrize("seconds", [30, 5], ids=["within its time", "beyond its time"])
@pytest.mark.parametrize("options", [PLAIN, SHARED], ids=["plain", "shared-memory"])
def test_frozen_for_seconds_it_only_delays(triton: Triton, options: str, seconds: float) -> None:
    """SIGSTOP for six seconds, as a machine that swaps: no request fails, nor takes longer than it may."""
    triton.start()
    inference = open_inference(f"{triton.url}{options}", answer_seconds=seconds)
    inference.load(RED, GRID)
    with Asking(inference) as asking:
        asking.more()
        triton.signal(signal.SIGSTOP)
        threading.Event().wait(6)
        triton.signal(signal.SIGCONT)
        asking.more()
    assert asking.failed == []
    assert bool(asking.again) == (seconds < 6)
    inference.close()


def test_a_killed_process_of_a_version_is_replaced(triton: Triton, inference: Inference) -> None:
    """Triton itself goes on calling it ready and answers nothing.

    Seldom, of a hundred kills about once, it dies: the process had a lock in the memory that they share.
    """
    with Asking(inference) as asking:
        asking.more()
        os.kill(_process_of(triton, RED), signal.SIGKILL)
        asking.miss()
        asking.more(kept=triton)
    assert asking.failed == []


def test_a_version_goes_when_its_configuration_says_so(triton: Triton, inference: Inference) -> None:
    """With the requests that it has got answered; one that comes too late is to be asked again, elsewhere."""
    inference.load(TURNED_GREEN, GRID)
    config = triton.repository / "red" / "config.pbtxt"
    before = config.read_text()
    futures = [inference.submit(RED, picture(seed)) for seed in range(50)]
    config.write_text(before.replace("[ 1, 2 ]", "[ 2 ]"))
    inference.keep("red", (2,))
    answered = 0
    for seed, future in enumerate(futures):
        with suppress(Unavailable):
            assert np.array_equal(future.result(SECONDS).labels, picture(seed)[:, :, 0])
            answered += 1
    assert answered > 0
    assert "red/2" in inference.describe()
    assert "red/1" not in inference.describe()
    config.write_text(before)
    inference.load(RED, GRID)


def test_nothing_stays_in_shared_memory(triton: Triton) -> None:
    """Neither after a close nor after a kill -9 of the process that shared it, once another one has started."""
    triton.start()
    inference = open_inference(f"{triton.url}{SHARED}")
    inference.load(RED, GRID)
    inference.submit(RED, picture(1)).result(SECONDS)
    assert len(_regions()) >= 1
    inference.close()
    before = _regions()
    with subprocess.Popen(
        [sys.executable, "-c", SHARING, f"{triton.url}{SHARED}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"there\n"
        left = _regions() - before
        assert len(left) == 1
        alive = open_inference(f"{triton.url}{SHARED}")
        alive.load(RED, GRID)
        assert left < _regions()  # a living process's is left alone
        alive.close()
        other.kill()
    inference = open_inference(f"{triton.url}{SHARED}")
    inference.load(RED, GRID)
    assert left & _regions() == set()
    inference.close()


def test_memory_that_the_server_can_t_open_is_found_at_once(triton: Triton, tmp_path: Path) -> None:
    """As where it runs on another machine; the message says what to do."""
    triton.start()
    with InferenceServerClient(triton.url.removeprefix("triton://")) as client:
        regions = Regions(client, tmp_path)
        with pytest.raises(Conflict, match="leave shared_memory=system out of the URL"):
            regions.take(GRID)
        regions.close()
    assert list(tmp_path.iterdir()) == []


def test_memory_that_isn_t_there_is_unavailable(tmp_path: Path, full_disk: FullDisk) -> None:
    """Not a crash when it is first written to."""
    with InferenceServerClient("127.0.0.1:1") as nobody:
        regions = Regions(nobody, tmp_path)
        with full_disk(100), pytest.raises(Unavailable, match="no 192 bytes of shared memory"):
            regions.take(GRID)
        regions.close()
    assert list(tmp_path.iterdir()) == []


def _regions() -> set[str]:
    return {path.name for path in FOLDER.glob(f"{PREFIX}*")}


def _process_of(triton: Triton, version: VersionRef) -> int:
    """The process that runs a version on this server."""
    file = triton.repository / version.model / str(version.version) / "model.onnx"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if str(file).encode() in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
    raise AssertionError(f"no process runs {version}")
