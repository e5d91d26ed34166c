"""Tests of the embedded stream's file: what leaves it, and what happens when the machine fails."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from madseg.adapters.streams import open_stream
from madseg.adapters.streams.sqlite import SqliteStream
from madseg.core.errors import Conflict, Unavailable
from madseg.ports import Outgoing, Topic
from tests.adapters.conftest import FullDisk
from tests.contracts.publishing import BATCH, publish_and_kill
from tests.contracts.reading import drain, values

HOUR = 3600.0
MODELS = Topic("models", 1, compacted=True)
WEEKLY = Topic("predictions", 2, retention_hours=7 * 24)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the stream is."""
    return tmp_path / "stream.db"


@pytest.fixture
def stream(file: Path, clock: Clock) -> Iterator[SqliteStream]:
    """A stream with both topics."""
    opened = SqliteStream(file, clock)
    opened.create(MODELS)
    opened.create(WEEKLY)
    yield opened
    opened.close()


def publish(stream: SqliteStream, *pairs: str, topic: str = "models") -> None:
    """Records written `key=value`; `key` alone is a tombstone."""
    split = [pair.partition("=") for pair in pairs]
    stream.publish([Outgoing(topic, key, text.encode() if sign else None) for key, sign, text in split])


def test_compaction_keeps_the_last_record_of_every_key(stream: SqliteStream) -> None:
    """In their order; a topic that isn't compacted keeps all."""
    publish(stream, "a=1", "b=1", "a=2", "c=1", "b=2")
    publish(stream, "a=1", "a=2", topic="predictions")
    stream.tidy()
    assert values(drain(stream.consume("models", "g"))) == ["2", "1", "2"]
    assert values(drain(stream.consume("predictions", "g"))) == ["1", "2"]


def test_compaction_is_done_at_the_opening(stream: SqliteStream, file: Path, clock: Clock) -> None:
    """Nobody has to think of it."""
    publish(stream, "a=1", "a=2")
    stream.close()
    reopened = SqliteStream(file, clock)
    assert values(drain(reopened.consume("models", "g"))) == ["2"]
    reopened.close()


def test_a_second_compaction_takes_what_came_since(stream: SqliteStream) -> None:
    """What was compacted once is overtaken by later records too."""
    publish(stream, "a=1", "b=1")
    stream.tidy()
    publish(stream, "a=2")
    stream.tidy()
    assert values(drain(stream.consume("models", "g"))) == ["1", "2"]


def test_a_tombstone_stays_for_a_day(stream: SqliteStream, clock: Clock) -> None:
    """Its key's earlier records go at once; nothing brings them back."""
    publish(stream, "a=1", "a")
    stream.tidy()
    assert values(drain(stream.consume("models", "one"))) == ["-"]
    clock.now += 25 * HOUR
    stream.tidy()
    assert values(drain(stream.consume("models", "two"))) == []


def test_records_past_their_retention_go(stream: SqliteStream, clock: Clock) -> None:
    """And no others."""
    publish(stream, *(f"k{number}=old" for number in range(9)), topic="predictions")
    clock.now += 6 * 24 * HOUR
    publish(stream, *(f"k{number}=new" for number in range(9)), topic="predictions")
    clock.now += 2 * 24 * HOUR
    stream.tidy()
    assert values(drain(stream.consume("predictions", "g"))) == ["new"] * 9


def test_offsets_are_never_given_out_again(stream: SqliteStream, clock: Clock) -> None:
    """An emptied partition goes on where it was."""
    publish(stream, "a=1", "a=2", topic="predictions")
    ends = stream.end_offsets("predictions")
    clock.now += 8 * 24 * HOUR
    stream.tidy()
    assert stream.end_offsets("predictions") == ends
    publish(stream, "a=3", topic="predictions")
    [record] = drain(stream.consume("predictions", "g"))
    assert record.offset == max(ends.values())


def test_lag_ends_at_zero_over_gaps(stream: SqliteStream) -> None:
    """What was tidied away is passed without being waited for."""
    publish(stream, "a=1", "b=1", "b=2", "a")
    stream.tidy()
    consumer = stream.consume("models", "g")
    assert consumer.lag() == 2
    publish(stream, "c=1", "c=2")
    stream.tidy()
    assert values(drain(consumer, limit=1)) == ["2", "-", "2"]
    assert consumer.lag() == 0


def test_a_consumer_under_way_passes_a_tidying(stream: SqliteStream) -> None:
    """What it hasn't seen yet of the rest still comes, once."""
    publish(stream, "a=1", "b=1", "c=1", "b=2", "a=2")
    consumer = stream.consume("models", "g")
    assert values(consumer.poll(0, 2)) == ["1", "1"]
    stream.tidy()
    assert values(drain(consumer, limit=1)) == ["1", "2", "2"]


def test_a_full_disk_is_unavailable_and_passes(stream: SqliteStream, file: Path, full_disk: FullDisk) -> None:
    """The message names the file; nothing half-written stays; the same call succeeds when there is room again."""
    publish(stream, "a=1")
    batch = [Outgoing("models", f"k{number}", bytes(900_000)) for number in range(4)]
    with full_disk(1_000_000), pytest.raises(Unavailable, match=r"stream\.db: (database or disk is full|disk I/O)"):
        stream.publish(batch)
    assert values(drain(stream.consume("models", "one"))) == ["1"]
    stream.publish(batch)
    assert len(drain(stream.consume("models", "two"))) == 5


def test_a_killed_publisher_leaves_whole_batches(tmp_path: Path) -> None:
    """What was published together is there together, or not at all."""
    url = f"sqlite:///{tmp_path}/killed.db"
    with closing(open_stream(url)) as stream:
        stream.create(WEEKLY)
        publish_and_kill(url, WEEKLY.name, 17)
        numbers = sorted(int(value) for value in values(drain(stream.consume(WEEKLY.name))))
    assert list(range(len(numbers))) == numbers
    assert len(numbers) % BATCH == 0


def test_a_damaged_file_is_a_conflict(file: Path) -> None:
    """The message names it."""
    file.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(Conflict, match=r"stream\.db"):
        SqliteStream(file)


def test_a_database_of_something_else_is_a_conflict(file: Path) -> None:
    """It is left as it is."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE rows (id)")
    before = file.read_bytes()
    with pytest.raises(Conflict, match="something else"):
        SqliteStream(file)
    assert file.read_bytes() == before


def test_a_file_of_a_newer_format_is_a_conflict(stream: SqliteStream, file: Path) -> None:
    """Rather than read wrongly."""
    stream.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(Conflict, match="format 2"):
        SqliteStream(file)
