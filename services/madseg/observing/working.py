"""What a worker shows: how far behind it is, how long ago it asked for records, what it got through, what failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from madseg.observing.metrics import (
    DEAD_LETTERS,
    STREAM_BATCH_SECONDS,
    STREAM_LAG,
    STREAM_POLL_AGE,
    STREAM_RECORDS,
    WORK_FAILURES,
)


class Working:
    """The figures of one worker or chore, by its name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seconds, self._records = STREAM_BATCH_SECONDS.labels(name), STREAM_RECORDS.labels(name)

    def begin(self) -> None:
        """Shows 0 for what is rare: of a series that begins at 1 Prometheus can't tell that it has grown."""
        for kind in ("unavailable", "defect"):
            WORK_FAILURES.labels(self._name, kind).inc(0)

    def show(self, lag: Callable[[], float], last_poll: Callable[[], float]) -> None:
        """Has a scrape ask how many records wait, and when records were last asked for (`time.monotonic()`)."""
        self.begin()
        DEAD_LETTERS.labels(self._name).inc(0)
        STREAM_LAG.labels(self._name).set_function(lag)
        STREAM_POLL_AGE.labels(self._name).set_function(lambda: time.monotonic() - last_poll())

    def hide(self) -> None:
        """It has stopped: its age would only grow."""
        STREAM_LAG.remove(self._name)
        STREAM_POLL_AGE.remove(self._name)

    @contextmanager
    def batch(self, records: int) -> Iterator[None]:
        """A block that is through with so many records when it ends well."""
        begun = time.perf_counter()
        yield
        self._seconds.observe(time.perf_counter() - begun)
        self._records.inc(records)

    def unavailable(self) -> None:
        """A part was away; it will be tried again."""
        WORK_FAILURES.labels(self._name, "unavailable").inc()

    def defect(self) -> None:
        """Something failed that nobody foresaw."""
        WORK_FAILURES.labels(self._name, "defect").inc()

    def dead_letter(self) -> None:
        """A record was set aside."""
        DEAD_LETTERS.labels(self._name).inc()
