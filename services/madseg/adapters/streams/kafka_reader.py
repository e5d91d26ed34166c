"""The thread that reads a topic from the broker, apart from the work on its records.

It alone uses the client, so that polls come regularly however long the work takes: a member that doesn't poll is
thrown out of its group. What it has read waits in the backlog; a partition that has enough there is paused.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from madseg.adapters.streams.kafka_backlog import Backlog
from madseg.adapters.streams.kafka_client import connected, errors, guarded, kafka, meant
from madseg.adapters.streams.kafka_member import HELD_BYTES, Rebalances, settings
from madseg.adapters.streams.kafka_places import CALL_MS, Places
from madseg.adapters.streams.kafka_url import Place
from madseg.core.errors import Unavailable
from madseg.ports import Record, TopicIdentity

log = structlog.get_logger("madseg.stream")

IDLE_MS, PLACING_MS = 100, 10
"""How long a poll waits, until commits and paused partitions are looked after; less while partitions are new."""

PAUSE_SECONDS = 0.2
"""Rest after the broker couldn't be asked."""


class Reader:
    """Reads into a backlog until it is stopped, or fails for good: the backlog's user is told then.

    Without a group it has every partition, and commits nothing. `met` gives the topic as it was met, and raises where
    it is another by now. `committed` says that it begins at the group's commits; otherwise the backlog's user says
    where.
    """

    def __init__(
        self,
        place: Place,
        topic: str,
        met: Callable[[], TopicIdentity],
        group: str | None,
        backlog: Backlog,
        *,
        committed: bool,
    ) -> None:
        self._topic, self._group, self._backlog = topic, group, backlog
        self._stopping = threading.Event()
        self.last_poll = time.monotonic()
        with guarded(f"topic {topic} can't be read"):
            self._client = connected(kafka.KafkaConsumer, **settings(place, group))
        self._places = Places(self._client, topic, backlog, met, committed=committed)
        try:
            with guarded(f"topic {topic} can't be read"):
                self._join(met().partitions)
        except BaseException:
            self._client.close(timeout_ms=0)
            raise
        self._thread = threading.Thread(target=self._run, name=f"read-{topic}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commits what is left, leaves the group and returns when it has ended."""
        self._stopping.set()
        self._thread.join()

    def commit(self) -> None:
        """Tells the broker how far the work is, without waiting; what it doesn't take is told again."""
        commits = self._backlog.uncommitted()
        if commits and self._group is not None:
            self._client.commit_async(self._offsets(commits), callback=self._told)

    def _join(self, partitions: int) -> None:
        if self._group is None:
            self._client.assign([self._places.at(number) for number in range(partitions)])
            self._places.hold(self._backlog.assign(range(partitions), keep=False))
        else:
            rebalances = Rebalances(self._client, self._topic, self._backlog, self._places, self.commit)
            self._client.subscribe([self._topic], listener=rebalances)
        # Joining before the topic is known costs a second rebalance, and may miss the first assignment.
        self._client.partitions_for_topic(self._topic)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._turn()
        except Exception as error:  # noqa: BLE001 (whatever it is, the consumer has to be opened anew)
            self._backlog.fail(meant(error, f"reading topic {self._topic} ended"))
        finally:
            self._end()

    def _turn(self) -> None:
        try:
            self._places.place()
            self._throttle()
            found = self._client.poll(timeout_ms=PLACING_MS if self._backlog.placing() else IDLE_MS)
            self.last_poll = time.monotonic()
            for place, records in found.items():
                self._backlog.put(place.partition, [_record(record) for record in records])
            self._look()
            self.commit()
        except errors.OffsetOutOfRangeError as error:
            for place, offset in error.args[0].items():
                self._backlog.want(place.partition, offset)
        except (errors.KafkaError, OSError, Unavailable) as error:
            if not isinstance(meant(error, ""), Unavailable):
                raise
            log.debug("stream_unavailable", topic=self._topic, reason=str(error)[:300])
            self._stopping.wait(PAUSE_SECONDS)

    def _throttle(self) -> None:
        """Pauses partitions of which enough is held, and resumes them when half of that is worked off."""
        held = self._backlog.held()
        paused = self._client.paused()
        for number, size in held.items():
            place, most = self._places.at(number), HELD_BYTES // len(held)
            if size >= most and place not in paused:
                self._client.pause(place)
            elif size <= most // 2 and place in paused:
                self._client.resume(place)

    def _look(self) -> None:
        """Tells the backlog how far reading is, and where the partitions end."""
        positions = {}
        for number in self._backlog.held():
            end = self._client.highwater(self._places.at(number))
            if end is not None:
                positions[number] = (self._client.position(self._places.at(number), timeout_ms=0) or 0, end)
        self._backlog.reached(positions)

    def _told(self, offsets: Mapping[Any, Any], answer: object) -> None:
        if isinstance(answer, Exception):
            self._backlog.put_back({place.partition: offset.offset for place, offset in offsets.items()})

    def _end(self) -> None:
        commits = self._backlog.effects()
        try:
            if commits and self._group is not None:
                self._client.commit(self._offsets(commits), timeout_ms=CALL_MS)
        except Exception as error:  # noqa: BLE001 (the work is done; others do what isn't committed once more)
            log.warning("commit_failed", topic=self._topic, group=self._group, reason=str(error)[:300])
        try:
            self._client.close(autocommit=False, timeout_ms=CALL_MS)
        except Exception as error:  # noqa: BLE001 (the group misses us soon)
            log.warning("leaving_failed", topic=self._topic, group=self._group, reason=str(error)[:300])

    def _offsets(self, commits: Mapping[int, int]) -> dict[Any, Any]:
        return {self._places.at(number): kafka.OffsetAndMetadata(offset, "", -1) for number, offset in commits.items()}


def _record(found: Any) -> Record:
    key = (found.key or b"").decode(errors="replace")
    headers = {name: (text or b"").decode(errors="replace") for name, text in found.headers}
    return Record(found.topic, found.partition, found.offset, key, found.value, headers)
