"""Ports that are measured: each passes on to another one what it is asked, and notes how long that took."""

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Connection

from madseg.core.errors import Unavailable
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.observing.metrics import (
    PREDICTION_FAILURES,
    PREDICTION_SECONDS,
    PREDICTIONS_IN_FLIGHT,
    STREAM_PUBLISH_SECONDS,
    STREAM_PUBLISHED,
    TRANSACTION_SECONDS,
    TRANSACTION_WAIT_SECONDS,
)
from madseg.observing.tracing import ANY, begun, exemplar, parent_of
from madseg.ports import Answer, Consumer, Database, Inference, Outgoing, Stream, Tables, Topic, TopicIdentity

UNAVAILABLE, FAILED, LATE = "unavailable", "failed", "late"
FAILURES = (UNAVAILABLE, FAILED, LATE)
"""Kinds of failures of predictions."""


class MeasuredStream(Stream):
    """Notes what is published, and how long it takes until it is durable."""

    def __init__(self, inner: Stream) -> None:
        self._inner = inner

    def publish(self, records: Sequence[Outgoing]) -> None:
        begun = time.perf_counter()
        self._inner.publish(records)
        took = time.perf_counter() - begun
        for topic, count in Tally(record.topic for record in records).items():
            STREAM_PUBLISHED.labels(topic).inc(count)
            STREAM_PUBLISH_SECONDS.labels(topic).observe(took)

    def create(self, topic: Topic) -> None:
        self._inner.create(topic)

    def check(self, topic: Topic) -> None:
        self._inner.check(topic)

    def identity(self, topic: str) -> TopicIdentity:
        return self._inner.identity(topic)

    def consume(self, topic: str, group: str | None = None, positions: Callable[[int], int] | None = None) -> Consumer:
        return self._inner.consume(topic, group, positions)

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        return self._inner.end_offsets(topic)

    def waiting(self, topic: str, group: str) -> int:
        return self._inner.waiting(topic, group)

    def close(self) -> None:
        self._inner.close()


class MeasuredDatabase(Database):
    """Notes how long transactions of a service wait for their turn, and how long they take then."""

    def __init__(self, inner: Database, service: str) -> None:
        self._inner = inner
        self._figures = {
            kind: (TRANSACTION_WAIT_SECONDS.labels(service, kind), TRANSACTION_SECONDS.labels(service, kind))
            for kind in ("write", "beside", "snapshot")
        }

    def write(self, *, beside: bool = False) -> AbstractContextManager[Connection]:
        return self._timed(self._inner.write(beside=beside), "beside" if beside else "write")

    def snapshot(self) -> AbstractContextManager[Connection]:
        return self._timed(self._inner.snapshot(), "snapshot")

    def prepare(self, tables: Tables, *, upgrade: bool = False) -> None:
        self._inner.prepare(tables, upgrade=upgrade)

    def close(self) -> None:
        self._inner.close()

    @contextmanager
    def _timed(self, transaction: AbstractContextManager[Connection], kind: str) -> Iterator[Connection]:
        waited, took = self._figures[kind]
        asked = time.perf_counter()
        begun: float | None = None
        try:
            with transaction as tx:
                begun = time.perf_counter()
                waited.observe(begun - asked)
                yield tx
        finally:
            if begun is not None:
                took.observe(time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class _Version:
    """The figures of a version; `failures` by their kind."""

    seconds: Histogram
    under_way: Gauge
    failures: Mapping[str, Counter]


@lru_cache(maxsize=256)
def _of_version(version: VersionRef) -> _Version:
    labels = version.model, str(version.version)
    failures = {kind: PREDICTION_FAILURES.labels(*labels, kind) for kind in FAILURES}
    return _Version(PREDICTION_SECONDS.labels(*labels), PREDICTIONS_IN_FLIGHT.labels(*labels), failures)


class MeasuredInference(Inference):
    """Notes per version how long answers take, how many pictures are under way, and what failed."""

    def __init__(self, inner: Inference) -> None:
        self._inner = inner

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        figures, asked = _of_version(version), time.perf_counter()
        step, trace = begun(f"ask {version}", SpanKind.CLIENT, parent_of(ANY), {}), exemplar()

        def ended(answer: Future[Answer]) -> None:
            figures.under_way.dec()
            kind = _failure(answer)
            if kind is None:
                figures.seconds.observe(time.perf_counter() - asked, trace)
            else:
                figures.failures[kind].inc()
            if step.span is not None:
                step.span.set_attribute("madseg.outcome", kind or "answered")
                step.span.end()

        figures.under_way.inc()
        try:
            answer = self._inner.submit(version, picture)
        except BaseException:
            figures.under_way.dec()
            raise
        answer.add_done_callback(ended)
        return answer

    def load(self, version: VersionRef, grid: Size) -> None:
        """Its figures begin at 0, so that those that grow are seen to."""
        self._inner.load(version, grid)
        _of_version(version)

    def unload(self, version: VersionRef) -> None:
        """Its figures go with it, so that a process shows those of the versions that it asks."""
        self._inner.unload(version)
        _of_version.cache_clear()
        for family in (PREDICTION_SECONDS, PREDICTION_FAILURES, PREDICTIONS_IN_FLIGHT):
            family.remove_by_labels({"model": version.model, "version": str(version.version)})

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        self._inner.keep(model, numbers)

    def describe(self) -> str:
        return self._inner.describe()

    def close(self) -> None:
        self._inner.close()


def _failure(answer: Future[Answer]) -> str | None:
    """The kind of failure of an answer that has come; None for none."""
    try:
        error = answer.exception()
    except CancelledError:
        return LATE
    if error is None:
        return None
    return UNAVAILABLE if isinstance(error, Unavailable) else FAILED
