"""What goes wrong is named, everything else goes on, and nothing ranks that wasn't predicted."""

import json
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from madseg.adapters.inference import open_inference
from madseg.client import Client, ContestState, Refused, Unavailable, Upload
from madseg.core.errors import MadsegError
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Inference, Outgoing
from tests import reference
from tests.pipeline import expected
from tests.pipeline.driving import accept, request_missing, settled
from tests.pipeline.expected import Asked
from tests.pipeline.inside import Inside
from tests.pipeline.letters import NOT_PROTOBUF, TOPICS, dead_letters, predictions, publish
from tests.pipeline.running import Up, launched, until
from tests.pipeline.world import COMPETITORS, GRID, TARGET, picture


def check_rankings(client: Client, images: list[reference.Image]) -> None:
    """The rankings are those of the reference."""
    wanted = expected.rankings(images, expected.rules(), COMPETITORS)
    assert wanted == expected.served_rankings(client, COMPETITORS)


def refused(up: Up, **settings: str) -> str:
    """What a process says that refuses to start on the state; it must do so soon."""
    log = up.state.with_suffix(".second.log")
    begun = time.monotonic()
    process = launched(up.state, {**up.settings, **settings}, log)
    try:
        assert process.wait(30) == 1
    finally:
        process.kill()
    print(f"refused after {time.monotonic() - begun:.1f} s")
    return log.read_text().splitlines()[-1]


def test_a_second_process_on_the_same_state_is_refused(up: Up, asked: Asked) -> None:
    """It names the state and the first process, which goes on unharmed."""
    client = up.start()
    images = accept(client, asked, [picture(0)])
    told = refused(up)
    assert told == (
        f"madseg: error: {up.state} is in use by process {up.pid}: stop that one, or give this one a state of its own"
    )
    images += accept(client, asked, [picture(1)])
    settled(client, images)
    check_rankings(client, images)
    assert json.loads(up.endpoints.read_text())["selector"]


@pytest.mark.parametrize("service", ["MADSEG_SELECTOR", "MADSEG_HTTP"])
def test_a_port_that_is_taken_is_named(up: Up, tmp_path: Path, service: str) -> None:
    """A process that can't listen says where, and ends."""
    with taken_port() as address:
        told = refused(up, **{service: address})
    assert f"can't listen on {address}" in told
    assert f"set {service} to another one" in told
    assert not up.endpoints.exists()


def test_an_unknown_setting_is_refused_by_name(up: Up) -> None:
    """A misspelt variable does not go unnoticed."""
    told = refused(up, MADSEG_TAXONOMIE="voc")
    assert told.startswith("madseg: error: MADSEG_TAXONOMIE is no setting of madseg; there are MADSEG_")


def test_records_that_are_no_protobuf_go_to_the_dead_letters_once(up: Up, asked: Asked) -> None:
    """On every topic, with reason and place; the rest goes on, and a restart doesn't bury them again."""
    publish(up.state, [Outgoing(topic.name, f"key of {topic.name}", NOT_PROTOBUF) for topic in TOPICS])
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(6)])
    settled(client, images)
    check_rankings(client, images)
    assert client.selector_status().dead_letters == 1
    assert up.terminate() == 0
    letters = dead_letters(up.state)
    for topic, found in letters.items():
        # The models are read by the predictor and by the selector, which may both meet it first.
        assert len(found) == 1 or (topic == "madseg.models" and len(found) == 2)
        for letter in found:
            assert (letter.key, letter.value) == (f"key of {topic}", NOT_PROTOBUF)
            assert letter.headers["madseg-error"].startswith("Poison: not a ")
            assert letter.headers["madseg-topic"] == topic
            assert letter.headers["madseg-offset"] == "0"
            assert letter.headers["madseg-partition"].isdigit()
    client = up.start()
    images += accept(client, asked, [picture(6)])
    settled(client, images)
    check_rankings(client, images)
    assert up.terminate() == 0
    assert {topic: len(found) for topic, found in letters.items()} == {
        topic: len(found) for topic, found in dead_letters(up.state).items()
    }


def test_label_maps_that_do_not_fit_are_failures_and_never_rank(up: Up, asked: Asked) -> None:
    """A label outside the taxonomy, another size: recorded with the reason, for that version of that image alone."""
    height, width = GRID.height, GRID.width
    good = np.ones((height, width), np.uint8)
    outside, small = np.full((height, width), 9, np.uint8), np.ones((height, width - 1), np.uint8)
    first, second = "1" * 32, "2" * 32
    publish(up.state, predictions(first, {TARGET: good, "beta": outside, "delta": good * 2, "gamma": good}))
    publish(up.state, predictions(second, {TARGET: small, "beta": good, "delta": good, "gamma": good}))
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(5)])
    images.append(reference.Image(first, {TARGET: good, "delta": good * 2, "gamma": good}))
    images.append(reference.Image(second, {"beta": good, "delta": good, "gamma": good}))
    settled(client, images)
    check_rankings(client, images)
    said = {str(item.version): item.failure for item in client.explain(first).outcomes}
    assert said["beta/1"] == "label 9 is outside taxonomy 'colours' of 4 classes"
    assert said["alpha/1"] is None
    said = {str(item.version): item.failure for item in client.explain(second).outcomes}
    assert said["alpha/1"] == f"the label map is {height}x{width - 1}, the grid {GRID}"
    assert {(item.compared, item.failed) for item in client.contests() if item.state is ContestState.COMPLETE} == {
        (5, 2),
        (6, 1),
    }
    assert sorted([first, second]) == list(client.list_missing(include_failed=True))


class Stubborn(Inference):
    """Asks another one, but `silent` models don't answer and `broken` ones fail, about bright pictures."""

    def __init__(self, inner: Inference) -> None:
        self._inner = inner
        self.silent: set[str] = set()
        self.broken: set[str] = set()

    def load(self, version: VersionRef, grid: Size) -> None:
        self._inner.load(version, grid)

    def unload(self, version: VersionRef) -> None:
        self._inner.unload(version)

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        self._inner.keep(model, numbers)

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        if is_bright(picture) and version.model in self.silent | self.broken:
            future: Future[Answer] = Future()
            future.set_running_or_notify_cancel()
            if version.model in self.broken:
                future.set_exception(MadsegError(f"{version} failed: it has no memory of its own"))
            return future
        return self._inner.submit(version, picture)

    def describe(self) -> str:
        return self._inner.describe()

    def close(self) -> None:
        self._inner.close()


def is_bright(picture: NDArray[np.uint8]) -> bool:
    """True for about half of the pictures."""
    return bool(picture.mean() > 110)


def test_a_network_that_does_not_answer_fails_and_is_healed_by_asking_again(
    settings: dict[str, str], tmp_path: Path, asked: Asked
) -> None:
    """Silence and failure are recorded, contests complete without them, and asking again fills the holes."""
    inference = Stubborn(open_inference(f"onnxruntime:{settings['MADSEG_REPOSITORY']}", 1))
    inference.silent, inference.broken = {"beta"}, {"delta"}
    with Inside(tmp_path / "state", {**settings, "MADSEG_ANSWER_SECONDS": "0.2"}, inference) as client:
        images = accept(client, asked, [picture(seed) for seed in range(12)])
        settled(client, images)
        failed = sorted(image.image_id for image in images if is_bright(pixels_of(client, image.image_id)))
        assert 2 < len(failed) < 10
        assert failed == list(client.list_missing(include_failed=True))
        assert list(client.list_missing()) == []
        holes = [
            image
            if image.image_id not in failed
            else reference.Image(
                image.image_id,
                {name: image.maps[name] for name in (TARGET, "gamma")},
                image.perceptual_hash,
                image.random_lane,
            )
            for image in images
        ]
        check_rankings(client, holes)
        said = {item.version.model: item.failure for item in client.explain(failed[0]).outcomes}
        assert said == {
            "alpha": None,
            "beta": "no answer within 0.2 s",
            "delta": "delta/1 failed: it has no memory of its own",
            "gamma": None,
        }
        inference.silent, inference.broken = set(), set()
        assert request_missing(client, failed_too=True) == len(failed)
        until(lambda: not list(client.list_missing(include_failed=True)))
        settled(client, images)
        check_rankings(client, images)


def test_a_terminated_process_drains_and_ends(up: Up, asked: Asked) -> None:
    """In mid-stream, with a watcher: exit code 0 within 10 s, and the next life finds everything that was answered."""
    client = up.start()
    accepted: list[str] = []
    tops: list[object] = []

    def send() -> None:
        with suppress(Exception):
            for result in client.upload_many(Upload(picture(seed)) for seed in range(100_000)):
                assert not isinstance(result, Refused)
                accepted.append(result.image_id)

    def watch() -> None:
        with suppress(Exception):
            tops.extend(client.watch(TARGET, "beta", "target", "red"))

    until(client.contests)
    threads = [threading.Thread(target=act, daemon=True) for act in (send, watch)]
    for thread in threads:
        thread.start()
    until(lambda: len(accepted) >= 20 and tops)
    begun = time.monotonic()
    assert up.terminate() == 0
    seconds = time.monotonic() - begun
    print(f"ended after {seconds:.1f} s, {len(accepted)} pictures in")
    for thread in threads:
        thread.join(10)
    assert seconds < 10
    assert not up.endpoints.exists()
    client = up.start()
    assert set(accepted) <= set(client.images())
    until(lambda: not client.find_unknown(accepted[:1000]))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "madseg-test", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a tmpfs needs root and mount(8): run the tests as root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path, settings: dict[str, str], asked: Asked) -> None:
    """Senders are told to come back, the process stays, and once there is space everything goes on."""
    with Up(small_disk / "state", settings) as up:
        up.log = Path(settings["MADSEG_REPOSITORY"]).parent / "up.log"
        client = up.start()
        images = accept(client, asked, [picture(seed) for seed in range(10)])
        settled(client, images)
        ballast = small_disk / "ballast"
        fill(ballast)
        told, sent = send_until_refused(client, asked, images, 10)
        assert "no space" in told.lower() or "full" in told.lower() or "i/o error" in told.lower(), told
        assert up.running
        ballast.unlink()
        images += retried(client, asked, range(sent, sent + 10))
        settled(client, images)
        check_rankings(client, images)
        assert sorted(image.image_id for image in images) == sorted(client.images())


def test_files_that_can_not_grow_lose_nothing(up: Up, asked: Asked) -> None:
    """As on a full disk, where even the log can't be written."""
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(10)])
    settled(client, images)
    limit = resource.prlimit(up.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(up.pid, resource.RLIMIT_FSIZE, (4096, limit[1]))
    told, sent = send_until_refused(client, asked, images, 10)
    assert str(up.state) in told
    assert up.running
    resource.prlimit(up.pid, resource.RLIMIT_FSIZE, limit)
    images += retried(client, asked, range(sent, sent + 10))
    settled(client, images)
    check_rankings(client, images)
    assert sorted(image.image_id for image in images) == sorted(client.images())


def fill(ballast: Path) -> None:
    """Takes all space that is left."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def send_until_refused(client: Client, asked: Asked, images: list[reference.Image], first: int) -> tuple[str, int]:
    """What a sender is told when there is no space, and the number of the picture; those before it are in `images`."""
    for number in range(first, first + 2000):
        try:
            images += accept(client, asked, [picture(number)])
        except Unavailable as error:
            if error.answered:
                return str(error), number
            raise
    raise AssertionError("the disk never was full")


def retried(client: Client, asked: Asked, numbers: range) -> list[reference.Image]:
    """Pictures sent as a sender does it that was told to come back."""
    found: list[reference.Image] = []

    def sent(number: int) -> bool:
        try:
            found.extend(accept(client, asked, [picture(number)]))
        except Unavailable:
            return False
        return True

    for number in numbers:
        until(lambda number=number: sent(number), 30, every=0.2)  # type: ignore[misc]
    return found


def pixels_of(client: Client, image_id: str) -> NDArray[np.uint8]:
    """The canonical picture of an image."""
    return expected.pixels(client.picture(image_id).content)


@contextmanager
def taken_port() -> Iterator[str]:
    """An address where somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
