"""A reader of the embedded stream, as a member of a group or alone."""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from madseg.adapters.streams.hub import Group
from madseg.adapters.streams.sqlite_file import guarded
from madseg.core.errors import Conflict, InvalidInput
from madseg.ports import Consumer, Record

if TYPE_CHECKING:
    from madseg.adapters.streams.sqlite import SqliteStream

LOOK_SECONDS = 0.1
"""How often a waiting poll looks for records of other processes; this one's wake it at once."""


class SqliteConsumer(Consumer):
    """`topic` is its name, its number in the file and its partitions; `reader` becomes the consumer's own."""

    def __init__(
        self,
        stream: "SqliteStream",
        reader: sqlite3.Connection,
        topic: tuple[str, int, int],
        group: str | None,
        positions: Callable[[int], int] | None,
    ) -> None:
        self._stream, self._reader, self._group, self._positions = stream, reader, group, positions
        self._topic, self._number, self._partitions = topic
        hub = stream.hub
        self._bell = hub.bell(self._topic)
        self._members = Group() if group is None else hub.group(self._topic, group)
        self._generation = -1
        self._next: dict[int, int] = {}
        """Per assigned partition the first offset not handed out, the partition whose turn is next in front."""
        self._open = True
        self._last_poll = time.monotonic()
        self._members.join(self)

    def poll(self, timeout: float, limit: int) -> list[Record]:
        if limit < 1:
            raise InvalidInput(f"limit must be at least 1, got {limit}")
        deadline = time.monotonic() + timeout
        while True:
            self._last_poll = time.monotonic()
            seen = self._bell.rings
            records = self._take(limit)
            remaining = deadline - time.monotonic()
            if records or remaining <= 0:
                return records
            self._bell.wait(seen, min(remaining, LOOK_SECONDS))

    def commit(self, partition: int, offset: int) -> None:
        self._check_open()
        if self._group is not None and partition in self._members.share(self, self._partitions)[1]:
            self._stream.commit(self._group, self._number, partition, offset)

    def lag(self) -> int:
        self._refresh()
        ends = self._ends()
        return sum(ends[partition] - offset for partition, offset in self._next.items())

    @property
    def last_poll(self) -> float:
        return self._last_poll

    def close(self) -> None:
        self._open = False
        self._members.leave(self)
        # Members that now have more to read may be waiting.
        self._bell.ring()
        self._stream.forget(self)
        self._reader.close()

    def _take(self, limit: int) -> list[Record]:
        """Records of the first partition that has any; it goes to the end of the line."""
        self._refresh()
        ends = self._ends()
        for partition, offset in list(self._next.items()):
            if offset >= ends[partition]:
                continue
            records = self._read(partition, offset, limit)
            del self._next[partition]
            # Fewer than asked for: what lies between the last record and the end was tidied away.
            passed = ends[partition] if len(records) < limit else 0
            self._next[partition] = max(passed, records[-1].offset + 1 if records else 0)
            if records:
                return records
        return []

    def _read(self, partition: int, offset: int, limit: int) -> list[Record]:
        with guarded(self._stream.file):
            rows = self._reader.execute(
                "SELECT offset, key, headers, value FROM records "
                "WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?",
                (self._number, partition, offset, limit),
            ).fetchall()
        return [Record(self._topic, partition, row[0], row[1], row[3], _headers(row[2])) for row in rows]

    def _ends(self) -> Mapping[int, int]:
        with guarded(self._stream.file):
            return dict(self._reader.execute("SELECT partition, next FROM partitions WHERE topic = ?", (self._number,)))

    def _refresh(self) -> None:
        """Takes over the newest assignment; partitions that stay go on where they are."""
        self._check_open()
        if self._generation == self._members.generation:
            return
        generation, share = self._members.share(self, self._partitions)
        kept = {partition: offset for partition, offset in self._next.items() if partition in share}
        gained = {partition: self._start(partition) for partition in share if partition not in kept}
        self._next = {**kept, **gained}
        self._generation = generation

    def _start(self, partition: int) -> int:
        end = self._ends()[partition]
        offset = self._positions(partition) if self._positions else self._committed(partition)
        if offset > end:
            raise Conflict(
                f"offset {offset} of {self._topic}/{partition} is wanted, which ends at {end}: "
                f"{self._stream.file} is older than the offsets kept elsewhere"
            )
        return max(offset, self._first(partition, end))

    def _first(self, partition: int, end: int) -> int:
        """The offset of the oldest record that is left, so that `lag` doesn't count what retention took."""
        with guarded(self._stream.file):
            row = self._reader.execute(
                "SELECT offset FROM records WHERE topic = ? AND partition = ? ORDER BY offset LIMIT 1",
                (self._number, partition),
            ).fetchone()
        return int(row[0]) if row else end

    def _committed(self, partition: int) -> int:
        if self._group is None:
            return 0
        with guarded(self._stream.file):
            row = self._reader.execute(
                'SELECT next FROM committed WHERE "group" = ? AND topic = ? AND partition = ?',
                (self._group, self._number, partition),
            ).fetchone()
        return int(row[0]) if row else 0

    def _check_open(self) -> None:
        self._stream.check_open()
        if not self._open:
            raise Conflict(f"the consumer of {self._topic} in group {self._group or '(none)'} is closed")


def _headers(text: str) -> dict[str, str]:
    return {} if text == "{}" else json.loads(text)
