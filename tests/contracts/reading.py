"""Words for the stream suites: what to publish, and what came back."""

import time
import uuid
from collections.abc import Callable, Iterable

from madseg.ports import Consumer, Outgoing, Record, Topic

# Names of this session's own: a broker that was given may have other topics.
FOUR = Topic(f"images-{uuid.uuid4().hex[:8]}", 4)
ONE = Topic(f"models-{uuid.uuid4().hex[:8]}", 1, compacted=True)

PATIENCE = 60.0
"""Seconds until what has to happen counts as not happening."""


def outgoing(*values: str, topic: Topic = FOUR, key: str | None = None) -> list[Outgoing]:
    """Records whose value is their name, and their key too unless one is given."""
    return [Outgoing(topic.name, key or value, value.encode()) for value in values]


def drain(consumer: Consumer, limit: int = 100) -> list[Record]:
    """Everything that is there for it now."""
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE
    while (batch := consumer.poll(0.02, limit)) or consumer.lag():
        records += batch
        assert time.monotonic() < deadline, f"{consumer.lag()} records don't come"
    return records


def collect(consumer: Consumer, count: int) -> list[Record]:
    """The next so many records, waited for."""
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE
    while len(records) < count:
        assert time.monotonic() < deadline, f"only {len(records)} of {count} records came"
        records += consumer.poll(1, count - len(records))
    return records


def until(holds: Callable[[], object]) -> None:
    """Returns once something holds, such as a group having shared out its partitions."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it doesn't come to hold"
        time.sleep(0.01)


def values(records: Iterable[Record]) -> list[str]:
    """Their values as text."""
    return [(record.value or b"-").decode() for record in records]
