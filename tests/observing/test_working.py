"""What workers and chores show."""

import threading

import pytest

from madseg.core.errors import Poison, Unavailable
from madseg.runtime import Repeated
from tests.contracts.fakes import FakeStream
from tests.observing.scraping import scrape
from tests.pipeline.running import until
from tests.runtime.test_worker import DEAD, TOPIC, Basket, Failing, committed, publish, worker


@pytest.fixture
def stream() -> FakeStream:
    """With a topic and its dead letters."""
    opened = FakeStream()
    opened.create(TOPIC)
    opened.create(DEAD)
    return opened


def test_a_worker_shows_what_it_does_while_it_runs(page: str, stream: FakeStream) -> None:
    """Records, batches, lag and age; what is rare is there at 0 before it happens."""
    before = scrape(page)
    going = threading.Event()
    publish(stream, b"1", b"2", b"wait")

    def wait() -> None:
        going.wait()

    it = worker(stream, Basket({b"wait": wait}))
    it.start()
    until(lambda: scrape(page).labels("madseg_stream_poll_age_seconds", "worker") >= {"test"})
    first = scrape(page)
    assert "test" in first.labels("madseg_dead_letters_total", "worker")
    assert first.labels("madseg_work_failures_total", "kind") == {"unavailable", "defect"}
    assert first.since(before, "madseg_stream_records_total", worker="test") == 0
    going.set()
    until(lambda: committed(stream) == 3)
    after = scrape(page)
    assert after.since(before, "madseg_stream_records_total", worker="test") == 3
    assert after.since(before, "madseg_stream_batch_seconds_count", worker="test") == 1
    assert after.at("madseg_stream_lag_records", worker="test") == 0
    it.stop()
    for name in ("madseg_stream_lag_records", "madseg_stream_poll_age_seconds"):
        assert "test" not in scrape(page).labels(name, "worker")


def test_what_goes_wrong_is_counted_by_its_kind(page: str, stream: FakeStream) -> None:
    """Poison is nobody's defect."""
    before = scrape(page)
    away, broken = Failing(Unavailable("no database"), 2), Failing(RuntimeError("a defect"))
    publish(stream, b"1", b"bad", b"away", b"broken")
    basket = Basket({b"bad": Failing(Poison("rotten")), b"away": away, b"broken": broken})
    it = worker(stream, basket, backoff=[0.01])
    it.start()
    until(lambda: committed(stream) == 4)
    it.stop()
    after = scrape(page)
    assert after.since(before, "madseg_dead_letters_total", worker="test") == 2
    assert after.since(before, "madseg_work_failures_total", worker="test", kind="unavailable") == 2
    assert after.since(before, "madseg_work_failures_total", worker="test", kind="defect") == 1


def test_a_chore_that_fails_is_counted(page: str) -> None:
    """As a worker is."""
    before = scrape(page)
    acts = [Failing(Unavailable("away"), 1), Failing(RuntimeError("a defect"), 1)]

    def act() -> bool:
        for each in acts:
            each()
        return False

    chore = Repeated("sweep", act, 0.01)
    chore.start()
    until(lambda: scrape(page).since(before, "madseg_work_failures_total", worker="sweep", kind="defect") == 1)
    chore.stop()
    assert scrape(page).since(before, "madseg_work_failures_total", worker="sweep", kind="unavailable") == 1
