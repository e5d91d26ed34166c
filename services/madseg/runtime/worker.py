"""From a consumer to a handler: effect first, then commit; dead letters, and backing off while a part is away."""

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import structlog

from madseg import letters
from madseg.core.errors import Conflict, Poison, Unavailable
from madseg.events import TRACEPARENT, caused_by
from madseg.observing.tracing import trace_of
from madseg.observing.working import Working
from madseg.ports import Consumer, Record, Stream

log = structlog.get_logger("madseg.runtime")

T = TypeVar("T")

POLL_SECONDS = 0.5
"""How long a poll waits for a first record; bounds how long a stop takes."""

BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses between tries while a part is unavailable; the last one repeats."""


class Handler(ABC):
    """What a worker does with records."""

    @abstractmethod
    def handle(self, records: Sequence[Record]) -> None:
        """Makes the effect of records of one partition durable.

        Must be idempotent. Where it raises anything but Unavailable, the batch is handled once more, record by record.
        """

    def skip(self, record: Record) -> None:  # noqa: B027
        """Called after a record went to the dead letters; whoever keeps offsets moves past it here."""

    def idle(self) -> None:  # noqa: B027
        """Called from the worker's thread whenever nothing came in, and between batches."""

    def busy(self) -> bool:
        """True while `idle` has more to do: the worker then doesn't wait for records."""
        return False


class _Stopped(Exception):
    """The worker was told to stop while a part was unavailable: what was under way has had no effect."""


class Worker:
    """A thread that takes records from a consumer to a handler: effect first, then commit.

    A record that raises Poison goes to `<topic>.dead` with the reason and never blocks its partition.
    So does one on which the handler fails unexpectedly: that is a defect, and it is logged as one.
    Unavailable is retried for ever, with pauses: nothing is lost and nothing skipped. What is no record's fault (a
    database that isn't ours, a defect between two batches) is logged, and the consumer opened anew after a pause.

    `rereads` is for records that are read more than once, by a consumer that begins at the topic's start every time, or
    by several processes: what was buried is not buried again.
    """

    def __init__(
        self,
        name: str,
        stream: Stream,
        consumer: Callable[[], Consumer],
        handler: Handler,
        limit: int,
        *,
        rereads: bool = False,
        backoff: Sequence[float] = BACKOFF_SECONDS,
    ) -> None:
        self._name, self._stream, self._consumer, self._handler, self._limit = name, stream, consumer, handler, limit
        self._backoff, self._rereads = backoff, rereads
        self._figures = Working(name)
        self._buried: set[letters.Place] | None = None if rereads else set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._turned = time.monotonic()
        self._reading: Consumer | None = None
        self.lag = 0
        """Records that wait, as of the last poll."""
        self.caught_up = threading.Event()
        """Set once nothing was waiting."""
        self.dead_letters = 0
        """Records sent to the dead letters since the start."""

    @property
    def last_poll(self) -> float:
        """When records were last asked for, by the worker and by what reads for it, on `time.monotonic()`.

        Its age is the worker's liveness: it grows where the work, or the stream, stands still.
        """
        reading = self._reading
        return self._turned if reading is None else min(self._turned, reading.last_poll)

    def start(self) -> None:
        self._thread.start()
        self._figures.show(lambda: self.lag, lambda: self.last_poll)

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._figures.hide()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._consume()
            except _Stopped:
                return
            except Exception as error:
                self._figures.defect()
                log.error("worker_failed", worker=self._name, retry_in_s=self._backoff[-1], exc_info=error)
                self._stopping.wait(self._backoff[-1])

    def _consume(self) -> None:
        consumer = self._reading = self._retrying(self._consumer)
        try:
            while not self._stopping.is_set():
                self._turned = time.monotonic()
                pause = 0.0 if self._handler.busy() else POLL_SECONDS
                records = self._retrying(partial(consumer.poll, pause, self._limit))
                self.lag = self._retrying(consumer.lag)
                if records:
                    with self._figures.batch(len(records)):
                        self._effect(records)
                    self._commit(consumer, records[-1])
                if not self.lag:
                    self.caught_up.set()
                self._retrying(self._handler.idle)
        finally:
            self._reading = None
            consumer.close()

    def _commit(self, consumer: Consumer, last: Record) -> None:
        self._retrying(lambda: consumer.commit(last.partition, last.offset + 1))

    def _effect(self, records: Sequence[Record]) -> None:
        try:
            with caused_by(records, self._name):
                self._retrying(lambda: self._handler.handle(records))
        except (_Stopped, Conflict):
            raise
        except Exception as error:  # poison, or a defect: isolate the record
            if len(records) > 1:
                for record in records:
                    self._effect([record])
            else:
                self._bury(records[0], error)

    def _bury(self, record: Record, error: Exception) -> None:
        if not isinstance(error, Poison):
            self._figures.defect()
            log.error("record_failed", **_where(record), exc_info=error)
        log.warning("dead_letter", **_where(record), reason=str(error))
        buried, place = self._retrying(lambda: self._letters(record.topic)), letters.place_of(record)
        if place not in buried:
            self._retrying(lambda: letters.send(self._stream, record, error, datetime.now(UTC)))
            if self._rereads:
                buried.add(place)
            self.dead_letters += 1
            self._figures.dead_letter()
        self._retrying(lambda: self._handler.skip(record))

    def _letters(self, topic: str) -> set[letters.Place]:
        """Where the records were that are buried already, where that matters."""
        if self._buried is None:
            self._buried = letters.places(self._stream, topic)
        return self._buried

    def _retrying(self, act: Callable[[], T]) -> T:
        """The act's result; repeats it while a part is unavailable.

        Raises:
            _Stopped: the worker was stopped meanwhile.
        """
        for attempt in range(sys.maxsize):
            try:
                return act()
            except Unavailable as error:
                pause = self._backoff[min(attempt, len(self._backoff) - 1)]
                self._figures.unavailable()
                log.warning("unavailable", worker=self._name, reason=str(error), retry_in_s=pause)
                if self._stopping.wait(pause):
                    raise _Stopped from error
        raise AssertionError("unreachable")


def _where(record: Record) -> dict[str, object]:
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "key": record.key}
    trace = trace_of(record.headers.get(TRACEPARENT, ""))
    return {**where, "trace_id": trace} if trace else where
