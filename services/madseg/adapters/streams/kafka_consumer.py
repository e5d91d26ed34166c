"""A reader of a topic on Kafka, as a member of a group or alone."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from madseg.adapters.streams.kafka_backlog import Backlog
from madseg.adapters.streams.kafka_client import kafka
from madseg.adapters.streams.kafka_places import within
from madseg.adapters.streams.kafka_reader import Reader
from madseg.core.errors import Conflict, InvalidInput
from madseg.ports import Consumer, Record

if TYPE_CHECKING:
    from madseg.adapters.streams.kafka import KafkaStream


ENDS_SECONDS = 1.0
"""How old the ends may be that `lag` goes by: those of a partition that is paused aren't heard."""


class KafkaConsumer(Consumer):
    """Hands out what its reader has read. The database that has the positions is asked here, in the worker's thread:
    it may be slow, or away, and the group never notices.
    """

    def __init__(
        self,
        stream: "KafkaStream",
        topic: str,
        partitions: int,
        group: str | None,
        positions: Callable[[int], int] | None,
    ) -> None:
        self._stream, self._topic, self._partitions, self._positions = stream, topic, partitions, positions
        self._what = f"the consumer of {topic}" + (f" in group {group}" if group else "")
        self._backlog = Backlog()
        met = partial(stream.identity, topic)
        self._reader = Reader(stream.place, topic, met, group, self._backlog, committed=positions is None)
        self._asked = float("-inf")
        self._open = True

    def poll(self, timeout: float, limit: int) -> list[Record]:
        if limit < 1:
            raise InvalidInput(f"limit must be at least 1, got {limit}")
        deadline = time.monotonic() + timeout
        while True:
            self._look_up()
            records = self._backlog.take(limit)
            remaining = deadline - time.monotonic()
            if records or remaining <= 0:
                return records
            self._backlog.wait(remaining, for_places=self._positions is not None)

    def commit(self, partition: int, offset: int) -> None:
        self._check_open()
        self._backlog.commit(partition, offset)

    def lag(self) -> int:
        self._look_up()
        places = self._backlog.places()
        placed = places is not None and None not in places.values()
        # What is heard while reading is good enough for a moment, and never says that nothing is left.
        if placed and time.monotonic() < self._asked + ENDS_SECONDS and (known := self._backlog.lag()):
            return known
        self._asked = time.monotonic()
        return self._counted(dict.fromkeys(range(self._partitions)) if places is None else places)

    @property
    def last_poll(self) -> float:
        return self._reader.last_poll

    def close(self) -> None:
        if self._open:
            self._open = False
            self._reader.stop()
            self._stream.forget(self)

    def _counted(self, places: dict[int, int | None]) -> int:
        """Records from the places to the ends, as the broker has them now; all of a partition without a place."""
        if not places:
            return 0
        end = self._stream.end_offsets(self._topic)
        self._backlog.heard(end)
        first = self._stream.offsets(self._topic, kafka.OffsetSpec.EARLIEST) if None in places.values() else end
        counted = 0
        for number, offset in places.items():
            begin = first[number] if offset is None else within(self._topic, number, offset, 0, end[number])
            counted += end[number] - begin
        return counted

    def _look_up(self) -> None:
        """Asks for the positions of partitions that are new, once for each."""
        self._check_open()
        if self._positions is not None:
            for number in self._backlog.unwanted():
                self._backlog.want(number, self._positions(number))

    def _check_open(self) -> None:
        self._stream.check_open()
        if not self._open:
            raise Conflict(f"{self._what} is closed")
