"""From requests to prediction records: just the versions named, as long as they take part, behind what comes in."""

import threading

import pytest

from madseg.core.errors import Poison, Unavailable
from madseg.core.messages import Prediction, PredictionFailure, PredictionRequested, VersionRef
from madseg.core.preprocess import picture_keys
from madseg.ports import Outgoing, Record, Topic
from madseg.predictor.replay import Replay, Yielding
from madseg.wire import encode_request
from tests.contracts.fakes import FakeStream
from tests.predictor.announced import accepted, pixels, png, published
from tests.predictor.test_predict import BRIGHT, DARK, Predictor

REQUESTS = "madseg.requests"
GONE = VersionRef("gone", 1)


class Replayer(Predictor):
    """The handler of requests with everything around it."""

    def __init__(self) -> None:
        super().__init__()
        self.known = True
        self.replay = Replay(self.ask, self.blobs, lambda: self.asked, lambda: self.known)

    def request(self, number: int, *versions: VersionRef, picture: bool = True) -> PredictionRequested:
        """A request for an image as bright as its number, whose picture is where pictures are."""
        image = accepted(self.blobs, number).image
        if picture:
            self.blobs.put(picture_keys(image.image_id)[1], png(pixels(number)))
        return PredictionRequested(image, versions)

    def answer(self, *events: PredictionRequested) -> None:
        """Handles the requests as records."""
        self.replay.handle(records(*events))


def records(*events: PredictionRequested) -> list[Record]:
    """Requests on their topic."""
    return [Record(REQUESTS, 0, n, event.image.image_id, encode_request(event), {}) for n, event in enumerate(events)]


def test_just_the_versions_named_are_asked() -> None:
    """Of each image by its own request, with the facts of the request."""
    it = Replayer()
    events = [it.request(1, DARK), it.request(2, BRIGHT), it.request(3, BRIGHT, DARK)]
    it.answer(*events)
    found = published(it.stream)
    assert [event.image for event in events] == [event.image for event in found]
    assert [[outcome.version for outcome in event.outcomes] for event in found] == [[DARK], [BRIGHT], [BRIGHT, DARK]]
    assert all(isinstance(outcome, Prediction) for event in found for outcome in event.outcomes)
    assert it.inference.asked == [DARK, BRIGHT, BRIGHT, DARK]


def test_a_version_that_takes_part_no_longer_is_passed_over() -> None:
    """Without a failure, and without a record where nobody else is asked."""
    it = Replayer()
    it.answer(it.request(1, GONE), it.request(2, GONE, DARK))
    (event,) = published(it.stream)
    assert [outcome.version for outcome in event.outcomes] == [DARK]


def test_a_version_that_is_not_known_yet_is_waited_for() -> None:
    """The request may be faster than the news of the version: it is no reason to pass it over."""
    it = Replayer()
    it.known = False
    event = it.request(1, GONE)
    with pytest.raises(Unavailable, match="isn't known yet"):
        it.answer(event)
    it.known, it.asked = True, {GONE: None}
    it.inference.networks[GONE] = it.inference.networks[BRIGHT]
    it.inference.load(GONE, next(iter(it.inference.loaded.values())))
    it.answer(event)
    assert [outcome.version for found in published(it.stream) for outcome in found.outcomes] == [GONE]


def test_a_version_that_can_not_be_loaded_is_waited_for() -> None:
    """It does not fail over the whole history for that; nothing of the batch is published."""
    it = Replayer()
    it.asked = {BRIGHT: None, DARK: "not loaded: it is a poem"}
    with pytest.raises(Unavailable, match="dark/2 is not loaded: it is a poem"):
        it.answer(it.request(1, BRIGHT), it.request(2, DARK))
    assert published(it.stream) == []
    it.asked = {BRIGHT: None, DARK: None}
    it.answer(it.request(1, BRIGHT), it.request(2, DARK))
    assert len(published(it.stream)) == 2


def test_an_image_without_a_picture_is_a_failure() -> None:
    """One that is known by imported label maps alone: its contests can be complete all the same."""
    it = Replayer()
    it.answer(it.request(1, DARK, picture=False))
    (event,) = published(it.stream)
    (outcome,) = event.outcomes
    assert isinstance(outcome, PredictionFailure)
    assert outcome.reason.startswith("the canonical picture can't be read")


def test_a_record_that_is_no_request_is_poison() -> None:
    """For the worker to set aside."""
    with pytest.raises(Poison):
        Replayer().replay.handle([Record(REQUESTS, 0, 0, "f" * 32, b"\xff\xff", {})])


def test_a_replay_gives_way_to_what_comes_in() -> None:
    """While something waits, no record is handed out; as soon as nothing does, one is."""
    stream = FakeStream()
    stream.create(Topic(REQUESTS))
    stream.publish([Outgoing(REQUESTS, "a", b"1"), Outgoing(REQUESTS, "a", b"2")])
    busy = threading.Event()
    consumer = Yielding(stream.consume(REQUESTS, "replay"), busy.is_set)
    assert [record.value for record in consumer.poll(0, 1)] == [b"1"]
    busy.set()
    assert consumer.poll(0.05, 1) == []
    assert consumer.lag() == 1
    timer = threading.Timer(0.05, busy.clear)
    timer.start()
    assert [record.value for record in consumer.poll(30, 1)] == [b"2"]
    timer.join()
    consumer.commit(0, 2)
    consumer.close()
    assert stream.waiting(REQUESTS, "replay") == 0
