"""From accepted images to prediction records: each image one record, each version an answer or a reason."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from madseg.core.errors import MadsegError, Poison, Unavailable
from madseg.core.label_map import decode
from madseg.core.messages import Prediction, PredictionFailure, VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Record, Topic
from madseg.predictor.predict import PUBLISH_EVERY, Asking, Predict, decode_canonical
from tests.contracts.fakes import FakeBlobs, FakeInference, FakeStream
from tests.predictor.announced import GRID, IMAGES, PREDICTIONS, accepted, image_records, pixels, png, published

BRIGHT, DARK = VersionRef("bright", 1), VersionRef("dark", 2)


def bright(picture: NDArray[np.uint8]) -> Answer:
    """Labels as bright as the picture."""
    return Answer(picture[:, :, 0].copy(), 0.5)


def dark(picture: NDArray[np.uint8]) -> Answer:
    """Labels as dark as the picture is bright."""
    return Answer(255 - picture[:, :, 0], None)


class Slow(FakeInference):
    """Answers some versions never; counts what is under way."""

    def __init__(self, silent: set[VersionRef]) -> None:
        super().__init__({BRIGHT: bright, DARK: dark})
        self._silent = silent

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        return Working() if version in self._silent else super().submit(version, picture)


class Working(Future[Answer]):
    """The network is at it."""

    def __init__(self) -> None:
        super().__init__()
        self.set_running_or_notify_cancel()


class Predictor:
    """The handler with everything around it."""

    def __init__(self, inference: FakeInference | None = None, window: int = 3, seconds: float = 5) -> None:
        self.stream, self.blobs = FakeStream(), FakeBlobs()
        self.stream.create(Topic(PREDICTIONS))
        self.inference = inference or FakeInference({BRIGHT: bright, DARK: dark})
        for ref in self.inference.networks:
            self.inference.load(ref, GRID)
        self.asked: dict[VersionRef, str | None] = dict.fromkeys(self.inference.networks)
        self.ask = Asking(self.stream, self.blobs, self.inference, PREDICTIONS, GRID, window, seconds)
        self.handler = Predict(self.ask, lambda: self.asked)

    def handle(self, *numbers: int) -> None:
        """Images as bright as their numbers."""
        self.handler.handle(image_records([accepted(self.blobs, number) for number in numbers]))


def failing(error: Exception, when: Callable[[int], bool]) -> Callable[[NDArray[np.uint8]], Answer]:
    """A network that fails on pictures of some brightness."""

    def answer(picture: NDArray[np.uint8]) -> Answer:
        if when(int(picture[0, 0, 0])):
            raise error
        return bright(picture)

    return answer


@pytest.mark.parametrize("window", [0, 1, 3, 100])
def test_each_image_becomes_one_record_in_order(window: int) -> None:
    """With its facts, and what every version says of it."""
    it = Predictor(window=window)
    numbers = list(range(1, PUBLISH_EVERY * 2 + 4))
    random.Random(1).shuffle(numbers)
    it.handle(*numbers)
    found = published(it.stream)
    assert [accepted(it.blobs, number).image for number in numbers] == [event.image for event in found]
    for number, event in zip(numbers, found, strict=True):
        first, second = event.outcomes
        assert isinstance(first, Prediction)
        assert isinstance(second, Prediction)
        assert (first.version, first.mean_entropy, second.version, second.mean_entropy) == (BRIGHT, 0.5, DARK, None)
        assert np.array_equal(pixels(number)[:, :, 0], decode(first.label_map).dense())
        assert np.array_equal(255 - pixels(number)[:, :, 0], decode(second.label_map).dense())


def test_no_more_than_the_window_is_under_way() -> None:
    """However many records a batch has."""
    waiting: list[Future[Answer]] = []
    most: list[int] = []

    class Lazy(FakeInference):
        def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
            future = _Now(lambda: waiting.remove(future), bright(picture))
            waiting.append(future)
            most.append(len(waiting))
            return future

    it = Predictor(Lazy({BRIGHT: bright}), window=4)
    it.handle(*range(1, 30))
    assert (max(most), waiting) == (4, [])


class _Now(Future[Answer]):
    """Answered when it is asked for."""

    def __init__(self, asked: Callable[[], None], answer: Answer) -> None:
        super().__init__()
        self._asked, self._answer = asked, answer

    def result(self, timeout: float | None = None) -> Answer:
        self._asked()
        return self._answer


def test_a_version_that_fails_leaves_a_reason_and_the_others_answer() -> None:
    """For that image alone."""
    it = Predictor(FakeInference({BRIGHT: failing(MadsegError("it burnt out"), lambda n: n == 2), DARK: dark}))
    it.handle(1, 2, 3)
    outcomes = {event.image.perceptual_hash: event.outcomes for event in published(it.stream)}
    assert PredictionFailure(BRIGHT, "it burnt out") == outcomes[2][0]
    assert all(isinstance(outcome, Prediction) for outcome in (*outcomes[1], outcomes[2][1], *outcomes[3]))


def test_a_version_that_does_not_answer_in_time_has_failed() -> None:
    """After the seconds that were set."""
    it = Predictor(Slow({DARK}), seconds=0.01)
    it.handle(1)
    (event,) = published(it.stream)
    assert event.outcomes[1] == PredictionFailure(DARK, "no answer within 0.01 s")
    assert isinstance(event.outcomes[0], Prediction)


class Queued(FakeInference):
    """One picture after the other, behind something else that takes a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__({BRIGHT: bright, DARK: dark})
        self.pool = ThreadPoolExecutor(1)
        self.pool.submit(time.sleep, seconds)

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        return self.pool.submit(lambda: super(Queued, self).submit(version, picture).result())


def test_a_picture_that_waits_for_its_turn_is_nobodys_failure() -> None:
    """The seconds count from when the network is at it."""
    inference = Queued(1.0)
    it = Predictor(inference, seconds=0.2)
    it.handle(1, 2)
    inference.pool.shutdown()
    assert all(isinstance(outcome, Prediction) for event in published(it.stream) for outcome in event.outcomes)


class Stopped(Working):
    """Its process was stopped for longer than a wait: the answer was there when it went on."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def result(self, timeout: float | None = None) -> Answer:
        self.waits.append(timeout)
        if len(self.waits) == 1:
            raise TimeoutError
        return Answer(pixels(1)[:, :, 0].copy(), None)


def test_a_process_that_was_stopped_does_not_blame_the_network() -> None:
    """The wait has two halves: a pause of any length eats up one of them."""
    stopped = Stopped()

    class Stopping(FakeInference):
        def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
            return stopped

    it = Predictor(Stopping({BRIGHT: bright}), seconds=8)
    it.handle(1)
    assert isinstance(published(it.stream)[0].outcomes[0], Prediction)
    assert stopped.waits == [4, 4]


def test_a_version_that_was_let_go_of_meanwhile_is_no_failure() -> None:
    """The image is asked about again, by then of those that serve."""
    it = Predictor()
    it.inference.unload(DARK)
    with pytest.raises(Unavailable, match="dark/2 is not loaded"):
        it.handle(1)
    assert published(it.stream) == []
    it.asked = {BRIGHT: None}
    it.handle(1)
    assert [outcome.version for outcome in published(it.stream)[0].outcomes] == [BRIGHT]


def test_a_version_that_could_not_be_loaded_is_not_asked() -> None:
    """Its reason stands in for the answer."""
    it = Predictor()
    it.asked = {BRIGHT: None, DARK: "not loaded: it is no network"}
    it.handle(1)
    assert published(it.stream)[0].outcomes[1] == PredictionFailure(DARK, "not loaded: it is no network")
    assert it.inference.asked == [BRIGHT]


def test_without_versions_the_image_is_published_all_the_same() -> None:
    """So that it is known and can be queued."""
    it = Predictor()
    it.asked = {}
    it.handle(1)
    assert [event.outcomes for event in published(it.stream)] == [()]


def test_a_label_map_that_no_record_carries_is_a_failure() -> None:
    """Noise on a large grid."""
    grid = Size(1200, 800)
    noise = np.random.default_rng(1).integers(0, 2, (grid.height, grid.width), np.uint8)
    noise[:, ::2] = 2
    inference = FakeInference({BRIGHT: lambda _: Answer(noise, None)})
    inference.load(BRIGHT, grid)
    stream, blobs = FakeStream(), FakeBlobs()
    stream.create(Topic(PREDICTIONS))
    handler = Predict(Asking(stream, blobs, inference, PREDICTIONS, grid, 1, 5), lambda: {BRIGHT: None})
    handler.handle(image_records([accepted(blobs, 1, png(pixels(1, grid)))]))
    (event,) = published(stream)
    (failure,) = event.outcomes
    assert isinstance(failure, PredictionFailure)
    assert failure.reason.startswith("its label map takes ")


def test_a_picture_that_is_gone_or_broken_fails_every_version() -> None:
    """By reason, and the next image goes on."""
    it = Predictor()
    gone, small = accepted(it.blobs, 1), accepted(it.blobs, 2, png(pixels(2, Size(3, 3))))
    it.blobs.delete(gone.canonical_uri)
    it.handler.handle(image_records([gone, small, accepted(it.blobs, 3, b"no picture"), accepted(it.blobs, 4)]))
    reasons = [
        {outcome.reason for outcome in event.outcomes if isinstance(outcome, PredictionFailure)}
        for event in published(it.stream)
    ]
    assert [len(found) for found in reasons] == [1, 1, 1, 0]
    for found, said in zip(reasons, ("there is no", "it is 3x3, the grid 6x8", "cannot identify"), strict=False):
        assert said in found.pop()


def test_a_damaged_picture_is_always_a_value_error() -> None:
    """Whichever bytes are damaged or missing."""
    rng = random.Random(3)
    whole = png(np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8))
    for _ in range(1500):
        damaged = bytearray(whole[: rng.randint(1, len(whole))])
        for _ in range(rng.randint(0, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            assert decode_canonical(bytes(damaged), GRID).shape == (6, 8, 3)
        except ValueError as error:
            said = str(error)
            assert said is not None


def test_tombstones_are_passed_over() -> None:
    """A forgotten image is not asked about."""
    it = Predictor()
    records = image_records([accepted(it.blobs, 1)])
    it.handler.handle([Record(IMAGES, 0, 0, "f" * 32, None, {}), *records])
    assert [event.image.perceptual_hash for event in published(it.stream)] == [1]


def test_a_record_that_is_no_image_is_poison() -> None:
    """For the worker to set aside."""
    it = Predictor()
    with pytest.raises(Poison):
        it.handler.handle([Record(IMAGES, 0, 0, "f" * 32, b"\xff\xff", {})])
    assert published(it.stream) == []


def test_where_the_server_is_gone_nothing_is_lost_and_little_repeated() -> None:
    """The batch is tried again: every image is published, the others of a small batch not twice."""
    error = Unavailable("the server is gone")
    down = {2: 2, 5: 1}

    def is_down(number: int) -> bool:
        down[number] = down.get(number, 0) - 1
        return down[number] >= 0

    it = Predictor(FakeInference({BRIGHT: failing(error, is_down)}))
    records = image_records([accepted(it.blobs, number) for number in range(1, 8)])
    for _ in range(3):
        with pytest.raises(Unavailable):
            it.handler.handle(records)
        assert published(it.stream) == []
    it.handler.handle(records)
    assert list(range(1, 8)) == [event.image.perceptual_hash for event in published(it.stream)]
