"""The embedded stream: a durable log in one SQLite file.

For the processes of one machine. Members of a group share its partitions within a process only, so run one process
per state directory: two processes in one group would both read everything.

Topics are compacted, and records past their retention dropped, when the stream is opened and by `tidy`.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from madseg.adapters.streams.hub import hub_of
from madseg.adapters.streams.record_size import check_size
from madseg.adapters.streams.sqlite_consumer import SqliteConsumer
from madseg.adapters.streams.sqlite_file import connect, guarded, prepare, transaction
from madseg.adapters.streams.sqlite_tidy import tidy
from madseg.core.errors import Conflict, InvalidInput, NotFound
from madseg.ports import Consumer, Outgoing, Stream, Topic, TopicIdentity

Row = tuple[int, int, int, float, str, str, bytes | None]
"""(topic, partition, offset, timestamp, key, headers as JSON, value)"""

_WAITING = """
    SELECT sum(p.next - max(
        coalesce((SELECT next FROM committed WHERE "group" = ? AND topic = p.topic AND partition = p.partition), 0),
        coalesce((SELECT offset FROM records WHERE topic = p.topic AND partition = p.partition
                  ORDER BY offset LIMIT 1), p.next)
    )) FROM partitions p WHERE p.topic = ?
"""
"""Records between the group's place, or the oldest one left, and the end."""

TIDY_SECONDS = 3600
"""How often a stream that is published to compacts and drops what is past its retention."""


def partition_of(key: str, partitions: int) -> int:
    """Where records of a key go; the same in every process and release."""
    return zlib.crc32(key.encode()) % partitions


class SqliteStream(Stream):
    """`clock` gives seconds since 1970: records are stamped with it, and their age is judged by it."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self.file, self.hub = file, hub_of(file.resolve())
        self._clock, self._closed, self._tidied = clock, False, clock()
        self._consumers: set[SqliteConsumer] = set()
        self._topics: dict[str, tuple[int, TopicIdentity]] = {}
        with self.hub.writing:
            prepare(file)
            with guarded(file):
                self._writer = connect(file)
                (self._cluster_id,) = self._writer.execute("SELECT id FROM cluster").fetchone()
                tidy(self._writer, clock())

    def create(self, topic: Topic) -> None:
        if topic.partitions < 1:
            raise InvalidInput(f"topic {topic.name} must have at least 1 partition, got {topic.partitions}")
        with self._writing() as writer:
            known = self._find(topic.name)
            if known is None:
                _insert_topic(writer, topic)
                return
            _check_partitions(topic, known[1].partitions)
            writer.execute(
                "UPDATE topics SET compacted = ?, retention_hours = ? WHERE name = ?",
                (topic.compacted, topic.retention_hours, topic.name),
            )

    def check(self, topic: Topic) -> None:
        _check_partitions(topic, self._topic(topic.name)[1].partitions)
        with self._reading() as connection:
            compacted, hours = connection.execute(
                "SELECT compacted, retention_hours FROM topics WHERE name = ?", (topic.name,)
            ).fetchone()
        found = Topic(topic.name, topic.partitions, compacted=bool(compacted), retention_hours=hours)
        if found != topic:
            raise Conflict(
                f"topic {topic.name} is set otherwise: it is {found}, wanted {topic}. "
                "Put it right with `madseg topics apply`"
            )

    def identity(self, topic: str) -> TopicIdentity:
        return self._topic(topic)[1]

    def publish(self, records: Sequence[Outgoing]) -> None:
        now = self._clock()
        # Everything is looked up and written as text before the lock: it is held for the inserts alone.
        for record in records:
            check_size(record)
        prepared = [(record, self._topic(record.topic), _headers(record)) for record in records]
        if not prepared:
            return
        with self._writing() as writer:
            ends: dict[tuple[int, int], int] = {}
            rows: list[Row] = []
            for record, (number, identity), headers in prepared:
                place = (number, partition_of(record.key, identity.partitions))
                offset = ends[place] if place in ends else _end(writer, *place)
                ends[place] = offset + 1
                rows.append((*place, offset, now, record.key, headers, record.value))
            writer.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            writer.executemany(
                "UPDATE partitions SET next = ? WHERE topic = ? AND partition = ?",
                [(end, *place) for place, end in ends.items()],
            )
        for name in {record.topic for record in records}:
            self.hub.bell(name).ring()
        if now - self._tidied > TIDY_SECONDS:
            self.tidy()

    def consume(self, topic: str, group: str | None = None, positions: Callable[[int], int] | None = None) -> Consumer:
        number, identity = self._topic(topic)
        with guarded(self.file):
            reader = connect(self.file, reading=True)
        consumer = SqliteConsumer(self, reader, (topic, number, identity.partitions), group, positions)
        self._consumers.add(consumer)
        return consumer

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        number, _ = self._topic(topic)
        with self._reading() as connection:
            return dict(connection.execute("SELECT partition, next FROM partitions WHERE topic = ?", (number,)))

    def waiting(self, topic: str, group: str) -> int:
        number, _ = self._topic(topic)
        with self._reading() as connection:
            (records,) = connection.execute(_WAITING, (group, number)).fetchone()
        return int(records)

    def tidy(self) -> None:
        """Compacts, and drops what is past its retention; the file keeps its size and fills the gaps."""
        with self._reading() as connection:
            tidy(connection, self._clock())
        self._tidied = self._clock()

    def close(self) -> None:
        # Members that nobody closed would keep their partitions from those of another connection.
        for consumer in list(self._consumers):
            consumer.close()
        with self.hub.writing:
            self._closed = True
            self._writer.close()

    def commit(self, group: str, topic: int, partition: int, offset: int) -> None:
        """For the consumers. What has had its effect stays so: an older commit that comes late changes nothing."""
        with self._writing() as writer:
            writer.execute(
                'INSERT INTO committed VALUES (?, ?, ?, ?) ON CONFLICT ("group", topic, partition) '
                "DO UPDATE SET next = max(next, excluded.next)",
                (group, topic, partition, offset),
            )

    def forget(self, consumer: SqliteConsumer) -> None:
        """For the consumers: one of them was closed."""
        self._consumers.discard(consumer)

    def check_open(self) -> None:
        """Raises Conflict where the stream was closed."""
        if self._closed:
            raise Conflict(f"the stream in {self.file} is closed")

    def _topic(self, name: str) -> tuple[int, TopicIdentity]:
        """Number and identity; kept, since a topic that is there never changes."""
        self.check_open()
        known = self._topics.get(name)
        if known is None:
            with self._reading():
                known = self._find(name)
            if known is None:
                raise NotFound(f"there is no topic {name} in {self.file}")
            self._topics[name] = known
        return known

    def _find(self, name: str) -> tuple[int, TopicIdentity] | None:
        row = self._writer.execute("SELECT number, id, partitions FROM topics WHERE name = ?", (name,)).fetchone()
        return None if row is None else (row[0], TopicIdentity(self._cluster_id, row[1], row[2]))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The one writing connection, for this thread alone."""
        with self.hub.writing, guarded(self.file):
            self.check_open()
            yield self._writer

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as writer, transaction(writer):
            yield writer


def _insert_topic(writer: sqlite3.Connection, topic: Topic) -> None:
    (number,) = writer.execute(
        "INSERT INTO topics (name, id, partitions, compacted, retention_hours) VALUES (?, ?, ?, ?, ?) RETURNING number",
        (topic.name, str(uuid4()), topic.partitions, topic.compacted, topic.retention_hours),
    ).fetchone()
    writer.executemany(
        "INSERT INTO partitions VALUES (?, ?, 0, 0)", [(number, partition) for partition in range(topic.partitions)]
    )


def _end(writer: sqlite3.Connection, topic: int, partition: int) -> int:
    (end,) = writer.execute(
        "SELECT next FROM partitions WHERE topic = ? AND partition = ?", (topic, partition)
    ).fetchone()
    return int(end)


def _headers(record: Outgoing) -> str:
    return json.dumps(dict(record.headers), ensure_ascii=False) if record.headers else "{}"


def _check_partitions(topic: Topic, found: int) -> None:
    if found != topic.partitions:
        raise Conflict(
            f"topic {topic.name} has {found} partitions, {topic.partitions} are wanted: the number can't change, since "
            "records with one key would move. Set MADSEG_PARTITIONS back"
        )
