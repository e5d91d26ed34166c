"""Words for the stream suites: what to publish, and what came back."""

from collections.abc import Iterable

from madseg.ports import Consumer, Outgoing, Record, Topic

FOUR = Topic("images", 4)
ONE = Topic("models", 1, compacted=True)


def outgoing(*values: str, topic: Topic = FOUR, key: str | None = None) -> list[Outgoing]:
    """Records whose value is their name, and their key too unless one is given."""
    return [Outgoing(topic.name, key or value, value.encode()) for value in values]


def drain(consumer: Consumer, limit: int = 100) -> list[Record]:
    """Everything that is there now."""
    records: list[Record] = []
    while batch := consumer.poll(0, limit):
        records += batch
    return records


def values(records: Iterable[Record]) -> list[str]:
    """Their values as text."""
    return [(record.value or b"-").decode() for record in records]
