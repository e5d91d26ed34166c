"""What every service's process does alike: consume with dead letters, back off, log, stop in order."""

import gc
import logging
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any, Protocol, TypeVar

import structlog

from madseg import letters
from madseg.core.errors import Conflict, NotFound, Poison, Unavailable
from madseg.events import TRACEPARENT, caused_by
from madseg.observing.tracing import trace_id, trace_of
from madseg.observing.working import Working
from madseg.ports import Consumer, Record, Stream, Topic

log = structlog.get_logger("madseg.runtime")

T = TypeVar("T")

POLL_SECONDS = 0.5
"""How long a poll waits for a first record; bounds how long a stop takes."""

BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses between tries while a part is unavailable; the last one repeats."""


class Part(Protocol):
    """Something that runs until it is stopped: a worker, a gRPC server, a web server."""

    def start(self) -> None:
        """Returns when it is ready."""

    def stop(self) -> None:
        """Finishes what is under way and returns when it has ended."""


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


class Repeated:
    """A part that does a chore in a thread of its own: at once again while `act` says there is more, else after a
    pause in seconds. What fails is logged, and done again after the pause."""

    def __init__(self, name: str, act: Callable[[], bool], pause: float) -> None:
        self._name, self._act, self._pause = name, act, pause
        self._figures = Working(name)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._figures.begin()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._more():
                self._stopping.wait(self._pause)

    def _more(self) -> bool:
        try:
            return self._act()
        except Unavailable as error:
            self._figures.unavailable()
            log.warning("unavailable", chore=self._name, reason=str(error), retry_in_s=self._pause)
        except Exception as error:
            self._figures.defect()
            log.error("chore_failed", chore=self._name, retry_in_s=self._pause, exc_info=error)
        return False


def ensure_topics(stream: Stream, topics: Sequence[Topic]) -> None:
    """Makes the topics that aren't there, and checks those that are.

    A service changes no topic that it finds: others use it, and what an operator has set may be meant. `madseg topics
    apply` changes them.

    Raises:
        Conflict: one differs from what is wanted, or can't be made; the message says in what, and the way out.
    """
    for topic in topics:
        try:
            stream.check(topic)
        except NotFound:
            stream.create(topic)


def spare_the_collector() -> None:
    """Makes Python's cycle collector rare: a batch makes some ten thousand values and no cycles.

    Measured on the selector: a fifth of its CPU time goes to collections that free nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def run(parts: Sequence[Part], ready: Callable[[], None] = lambda: None) -> None:
    """Starts the parts in order, waits for SIGINT or SIGTERM, and stops them in reverse order."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    started: list[Part] = []
    try:
        for part in parts:
            part.start()
            started.append(part)
        spare_the_collector()
        ready()
        stopping.wait()
    finally:
        for part in reversed(started):
            part.stop()


def configure_logging(*, json: bool, level: int = logging.INFO) -> None:
    """One event a line on standard error: JSON for machines, coloured columns on a terminal."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Logger(sys.stderr),
    )


def _with_trace(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the id of the trace that a line belongs to: of its image where it names one, or of the request."""
    found = trace_id(str(line.get("image", "")))
    if found:
        line.setdefault("trace_id", found)
    return line


class _Logger(structlog.PrintLogger):
    """Prints lines; one that can't be written, for want of space, stops nobody's work."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = fatal = failure = exception = msg
