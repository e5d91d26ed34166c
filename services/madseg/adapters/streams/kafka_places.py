"""Where reading begins in partitions that are new to a reader."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog

from madseg.adapters.streams.kafka_backlog import EARLIEST, Backlog
from madseg.adapters.streams.kafka_client import kafka
from madseg.core.errors import Conflict

log = structlog.get_logger("madseg.stream")

CALL_MS = 5_000
"""Longest wait for one answer of the broker."""


class Places:
    """Places the partitions of one topic, on the thread of its reader.

    `check` makes sure that the topic is still the one that was met. With `committed` a partition begins at the commit
    of the client's group, or at the earliest where there is none; otherwise the backlog's user says where.
    """

    def __init__(
        self, client: Any, topic: str, backlog: Backlog, check: Callable[[], object], *, committed: bool
    ) -> None:
        self._client, self._topic, self._backlog = client, topic, backlog
        self._check, self._committed = check, committed

    def hold(self, partitions: Iterable[int]) -> None:
        """Partitions stand still until it is known where they begin.

        They get some place, so that the client doesn't look for one.
        """
        for place in map(self.at, partitions):
            self._client.pause(place)
            self._client.seek(place, 0)

    def place(self) -> None:
        """Has reading begin where that is known by now.

        Raises:
            Conflict: a place is past the end, or the topic another; the client's errors beside that.
        """
        if self._committed:
            for number in self._backlog.unwanted():
                self._backlog.want(number, self._commit(number))
        wanted = self._backlog.to_place()
        if not wanted:
            return
        self._check()
        places = [self.at(number) for number in wanted]
        first = self._client.beginning_offsets(places, timeout_ms=CALL_MS)
        end = self._client.end_offsets(places, timeout_ms=CALL_MS)
        for place in places:
            offset = within(self._topic, place.partition, wanted[place.partition], first[place], end[place])
            self._client.seek(place, offset)
            self._client.resume(place)
            self._backlog.place(place.partition, offset, end[place])

    def at(self, number: int) -> Any:
        """The partition as the client names it."""
        return kafka.TopicPartition(self._topic, number)

    def _commit(self, number: int) -> int:
        if self._client.config["group_id"] is None:
            return EARLIEST
        offset = self._client.committed(self.at(number), timeout_ms=CALL_MS)
        return EARLIEST if offset is None else int(offset)


def within(topic: str, partition: int, wanted: int, first: int, end: int) -> int:
    """The offset to begin at, of those that are there; says what is passed over.

    Raises:
        Conflict: it is past the end.
    """
    if wanted > end:
        raise Conflict(
            f"offset {wanted} of {topic}/{partition} is wanted, which ends at {end}: the stream is older than the "
            "offsets kept elsewhere, or was made anew. See 'offset ... is wanted' in docs/operations.md"
        )
    if EARLIEST < wanted < first:
        log.warning("records_passed_over", topic=topic, partition=partition, first=wanted, records=first - wanted)
    return max(wanted, first)
