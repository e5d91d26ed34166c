"""The worker's loop: effect first, then commit; poison set aside, trouble waited out, nothing skipped."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from structlog.testing import capture_logs

from madseg.core.errors import Conflict, Poison, Unavailable
from madseg.events import Kind, event
from madseg.ports import Consumer, Outgoing, Record, Stream, Topic
from madseg.runtime import BACKOFF_SECONDS, Handler, Worker
from tests.contracts.fakes import FakeStream

TOPIC = Topic("fruit", 1)
DEAD = Topic("fruit.dead", 1)


class Basket(Handler):
    """Keeps what it was given; does to a record first what the record's value says."""

    def __init__(self, acts: dict[bytes, Callable[[], None]] | None = None) -> None:
        self.acts = acts or {}
        self.kept: list[str] = []
        self.skipped: list[str] = []
        self.batches: list[int] = []
        self.idled = 0
        self.idle_acts: list[Callable[[], None]] = []

    def handle(self, records: Sequence[Record]) -> None:
        for record in records:
            self.acts.get(record.value or b"", lambda: None)()
        self.kept += [record.key for record in records]
        self.batches.append(len(records))

    def skip(self, record: Record) -> None:
        self.skipped.append(record.key)

    def idle(self) -> None:
        self.idled += 1
        if self.idle_acts:
            self.idle_acts.pop()()


class Failing:
    """Raises an error a number of times."""

    def __init__(self, error: Exception, times: int = 1_000_000) -> None:
        self.error, self.left = error, times
        self.tried = threading.Event()

    def __call__(self) -> None:
        self.tried.set()
        if self.left:
            self.left -= 1
            raise self.error


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    """With a topic and its dead letters."""
    opened = FakeStream()
    opened.create(TOPIC)
    opened.create(DEAD)
    yield opened
    opened.close()


def publish(stream: Stream, *values: bytes) -> None:
    """Records with keys a, b, c, ..."""
    stream.publish([Outgoing(TOPIC.name, chr(97 + n), value, {"from": "tree"}) for n, value in enumerate(values)])


def worker(
    stream: Stream, handler: Handler, *, rereads: bool = False, backoff: Sequence[float] = BACKOFF_SECONDS
) -> Worker:
    """A worker on the topic."""
    group = None if rereads else "g"
    return Worker(
        "test", stream, lambda: stream.consume(TOPIC.name, group), handler, 10, rereads=rereads, backoff=backoff
    )


def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def committed(stream: FakeStream) -> int:
    """The offset that the group has committed."""
    return stream.log.committed.get((TOPIC.name, "g", 0), 0)


def letters(stream: FakeStream) -> list[Record]:
    """The dead letters."""
    return stream.log.topics[DEAD.name].partitions[0]


def test_records_reach_the_handler_and_are_committed(stream: FakeStream) -> None:
    """In order, once, and the worker has caught up."""
    publish(stream, b"1", b"2", b"3")
    basket = Basket()
    it = worker(stream, basket)
    it.start()
    assert it.caught_up.wait(10)
    until(lambda: committed(stream) == 3)
    it.stop()
    assert basket.kept == ["a", "b", "c"]
    assert (it.lag, it.dead_letters) == (0, 0)
    assert basket.idled


def test_poison_is_set_aside_and_the_rest_of_its_batch_goes_on(stream: FakeStream) -> None:
    """The letter is the record with the reason and its place; the handler is told to move past it."""
    publish(stream, b"1", b"bad", b"3")
    basket = Basket({b"bad": Failing(Poison("it is rotten"))})
    it = worker(stream, basket)
    it.start()
    until(lambda: committed(stream) == 3)
    it.stop()
    assert (basket.kept, basket.skipped, it.dead_letters) == (["a", "c"], ["b"], 1)
    (letter,) = letters(stream)
    assert (letter.key, letter.value) == ("b", b"bad")
    headers = dict(letter.headers)
    assert headers.pop("madseg-at").endswith("+00:00")
    assert headers == {
        "from": "tree",
        "madseg-error": "Poison: it is rotten",
        "madseg-topic": "fruit",
        "madseg-partition": "0",
        "madseg-offset": "1",
    }


def test_a_defect_is_set_aside_and_logged_as_one(stream: FakeStream) -> None:
    """With its traceback, which poison doesn't have."""
    publish(stream, b"1", b"bad", b"worse")
    basket = Basket({b"bad": Failing(ZeroDivisionError("zero pips")), b"worse": Failing(Poison("no fruit"))})
    it = worker(stream, basket)
    with capture_logs() as logs:
        it.start()
        until(lambda: committed(stream) == 3)
        it.stop()
    defects = [item for item in logs if item["event"] == "record_failed"]
    assert [item["offset"] for item in defects] == [1]
    assert isinstance(defects[0]["exc_info"], ZeroDivisionError)
    assert [letter.headers["madseg-error"] for letter in letters(stream)] == [
        "ZeroDivisionError: zero pips",
        "Poison: no fruit",
    ]


def test_a_letter_that_would_be_too_large_leaves_the_value_out(stream: FakeStream) -> None:
    """The place and the reason are what counts: the record itself is still where it was."""
    huge = b"x" * 999_950
    publish(stream, huge)
    basket = Basket({huge: Failing(Poison("too much"))})
    it = worker(stream, basket)
    it.start()
    until(lambda: committed(stream) == 1)
    it.stop()
    (letter,) = letters(stream)
    assert (letter.value, letter.headers["madseg-value"]) == (b"", "left out: 999950 bytes")


def test_what_is_unavailable_is_tried_again_and_nothing_is_skipped(stream: FakeStream) -> None:
    """Three failures, then the effect; no dead letter."""
    publish(stream, b"1", b"slow")
    basket = Basket({b"slow": Failing(Unavailable("the kitchen is closed"), 3)})
    it = worker(stream, basket)
    with capture_logs() as logs:
        it.start()
        until(lambda: committed(stream) == 2)
        it.stop()
    assert basket.kept == ["a", "b"]
    assert [item["retry_in_s"] for item in logs if item["event"] == "unavailable"] == [0.1, 0.2, 0.5]
    assert letters(stream) == []


@pytest.mark.timeout(60)
def test_a_stop_while_something_is_unavailable_commits_nothing(stream: FakeStream) -> None:
    """It returns at once, and the next life does the work."""
    publish(stream, b"1", b"slow")
    closed = Failing(Unavailable("the kitchen is closed"))
    it = worker(stream, Basket({b"slow": closed}))
    it.start()
    assert closed.tried.wait(10)
    it.stop()
    assert (committed(stream), letters(stream)) == (0, [])
    basket = Basket()
    after = worker(stream, basket)
    after.start()
    until(lambda: committed(stream) == 2)
    after.stop()
    assert basket.kept == ["a", "b"]


def test_a_stop_while_the_dead_letters_are_unavailable_skips_nothing() -> None:
    """Poison that could not be set aside is met again by the next life."""

    class NoLetters(FakeStream):
        def publish(self, records: Sequence[Outgoing]) -> None:
            if records[0].topic == DEAD.name:
                tried.set()
                raise Unavailable("the post office is closed")
            super().publish(records)

    tried = threading.Event()
    stream = NoLetters()
    stream.create(TOPIC)
    stream.create(DEAD)
    publish(stream, b"bad")
    basket = Basket({b"bad": Failing(Poison("rotten"))})
    it = worker(stream, basket)
    it.start()
    assert tried.wait(10)
    it.stop()
    assert (committed(stream), basket.skipped) == (0, [])
    stream.close()


def test_a_defect_between_batches_does_not_end_the_work(stream: FakeStream) -> None:
    """It is logged, and the consumer opened anew from what is committed."""
    basket = Basket()
    basket.idle_acts = [Failing(ZeroDivisionError("nothing to divide"))]
    it = worker(stream, basket, backoff=[0.01])
    with capture_logs() as logs:
        it.start()
        until(lambda: not basket.idle_acts)
        publish(stream, b"1")
        until(lambda: committed(stream) == 1)
        it.stop()
    assert basket.kept == ["a"]
    assert [item["worker"] for item in logs if item["event"] == "worker_failed"] == ["test"]


def test_what_is_no_records_fault_sets_none_aside(stream: FakeStream) -> None:
    """A database that belongs to somebody else is logged until it is put right."""
    publish(stream, b"1", b"2")
    foreign = Failing(Conflict("not our database"), 3)
    basket = Basket({b"2": foreign})
    it = worker(stream, basket, backoff=[0.01])
    with capture_logs() as logs:
        it.start()
        until(lambda: committed(stream) == 2)
        it.stop()
    assert basket.kept == ["a", "b"]
    assert (letters(stream), len([item for item in logs if item["event"] == "worker_failed"])) == ([], 3)


def test_who_reads_anew_at_every_start_buries_once(stream: FakeStream) -> None:
    """The second life finds the letters of the first."""
    publish(stream, b"1", b"bad")
    for _ in range(2):
        basket = Basket({b"bad": Failing(Poison("rotten"))})
        it = worker(stream, basket, rereads=True)
        it.start()
        assert it.caught_up.wait(10)
        until(lambda basket=basket: basket.skipped)  # type: ignore[misc]
        it.stop()
        assert (basket.kept, basket.skipped) == (["a"], ["b"])
    assert len(letters(stream)) == 1


def test_who_reads_anew_in_one_life_buries_once(stream: FakeStream) -> None:
    """A consumer that is opened anew meets what this life has buried."""
    publish(stream, b"1", b"bad")
    basket = Basket({b"bad": Failing(Poison("rotten"))})
    basket.idle_acts = [Failing(ZeroDivisionError("nothing to divide")) for _ in range(3)]
    it = worker(stream, basket, rereads=True, backoff=[0.01])
    it.start()
    until(lambda: len(basket.skipped) == 4)
    it.stop()
    assert (len(letters(stream)), it.dead_letters) == (1, 1)


def test_what_follows_from_a_record_stands_in_its_trace(stream: FakeStream) -> None:
    """Each event in that of the record with its key, over a batch of several."""
    trace = {key: f"00-{key * 32}-{'1' * 16}-01" for key in "abc"}
    stream.publish([Outgoing(TOPIC.name, key, b"1", {"traceparent": trace[key]}) for key in "abc"])
    stream.create(Topic("juice", 1))

    class Press(Basket):
        def handle(self, records: Sequence[Record]) -> None:
            super().handle(records)
            stream.publish([event(Kind("juice.pressed", "press"), "juice", key, b"") for key in self.kept])

    press = Press()
    it = worker(stream, press)
    it.start()
    until(lambda: committed(stream) == 3)
    it.stop()
    assert press.batches == [3]
    pressed = stream.log.topics["juice"].partitions[0]
    assert [trace[key][:35] for key in "abc"] == [record.headers["traceparent"][:35] for record in pressed]
    assert not {*trace.values()} & {record.headers["traceparent"] for record in pressed}


def test_a_worker_is_as_alive_as_what_reads_for_it(stream: FakeStream) -> None:
    """A reader that stands still makes the age of the last poll grow, however often the worker comes round."""

    class Frozen(Consumer):
        def __init__(self, inner: Consumer) -> None:
            self.inner = inner

        def poll(self, timeout: float, limit: int) -> list[Record]:
            return self.inner.poll(timeout, limit)

        def commit(self, partition: int, offset: int) -> None:
            self.inner.commit(partition, offset)

        def lag(self) -> int:
            return self.inner.lag()

        @property
        def last_poll(self) -> float:
            return 17.0

        def close(self) -> None:
            self.inner.close()

    it = Worker("test", stream, lambda: Frozen(stream.consume(TOPIC.name, "g")), Basket(), 10)
    it.start()
    until(lambda: it.last_poll == 17.0)
    it.stop()
    assert it.last_poll > 17.0
