"""Ports in memory, for tests of what stands above them. They pass the suites of the ports they imitate."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from madseg.adapters.blobs.keys import checked_key, key_of, uri_of
from madseg.adapters.inference.signature import check_picture
from madseg.adapters.streams.hub import Group, Hub
from madseg.adapters.streams.record_size import check_size
from madseg.adapters.streams.sqlite import partition_of
from madseg.core.errors import Conflict, InvalidInput, NotFound
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Answer, Blobs, Consumer, Inference, Outgoing, Record, Stream, Topic, TopicIdentity


@dataclass
class FakeTopic:
    """A topic and its records: per partition all that were ever published, so that the index is the offset."""

    topic: Topic
    identity: TopicIdentity
    partitions: list[list[Record]]


@dataclass
class FakeLog:
    """What several FakeStreams share, as several connections share a broker."""

    cluster_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    topics: dict[str, FakeTopic] = field(default_factory=dict)
    committed: dict[tuple[str, str, int], int] = field(default_factory=dict)
    hub: Hub = field(default_factory=Hub)
    assignments: int = 0

    def rebalance(self) -> None:
        """Assigns every partition anew: what was handed out and not committed comes once more."""
        self.assignments += 1


class FakeStream(Stream):
    """A stream in memory."""

    def __init__(self, log: FakeLog | None = None) -> None:
        self.log = log or FakeLog()
        self.consumers: set[FakeConsumer] = set()
        self._closed = False

    def create(self, topic: Topic) -> None:
        self.check_open()
        if topic.partitions < 1:
            raise InvalidInput("a topic must have at least 1 partition")
        identity = TopicIdentity(self.log.cluster_id, str(uuid.uuid4()), topic.partitions)
        made = FakeTopic(topic, identity, [[] for _ in range(topic.partitions)])
        there = self.log.topics.setdefault(topic.name, made)
        self._check_partitions(topic, there)
        there.topic = topic

    def check(self, topic: Topic) -> None:
        there = self.topic(topic.name)
        self._check_partitions(topic, there)
        if there.topic != topic:
            raise Conflict(f"topic {topic.name} is {there.topic}, wanted {topic}")

    def identity(self, topic: str) -> TopicIdentity:
        return self.topic(topic).identity

    def publish(self, records: Sequence[Outgoing]) -> None:
        with self.log.hub.writing:
            for record in records:
                self.topic(record.topic)
                check_size(record)
            for record in records:
                self._append(record)
        for name in {record.topic for record in records}:
            self.log.hub.bell(name).ring()

    def consume(self, topic: str, group: str | None = None, positions: Callable[[int], int] | None = None) -> Consumer:
        consumer = FakeConsumer(self, self.topic(topic), group, positions)
        self.consumers.add(consumer)
        return consumer

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        return {number: len(records) for number, records in enumerate(self.topic(topic).partitions)}

    def waiting(self, topic: str, group: str) -> int:
        return sum(
            end - self.log.committed.get((topic, group, number), 0) for number, end in self.end_offsets(topic).items()
        )

    def close(self) -> None:
        for consumer in list(self.consumers):
            consumer.close()
        self._closed = True

    def topic(self, name: str) -> FakeTopic:
        """The topic of this name; raises NotFound."""
        self.check_open()
        if name not in self.log.topics:
            raise NotFound(f"there is no topic {name}")
        return self.log.topics[name]

    def check_open(self) -> None:
        """Raises Conflict where the stream was closed."""
        if self._closed:
            raise Conflict("the stream is closed")

    def _check_partitions(self, topic: Topic, there: FakeTopic) -> None:
        if there.identity.partitions != topic.partitions:
            raise Conflict(f"topic {topic.name} has {there.identity.partitions} partitions")

    def _append(self, record: Outgoing) -> None:
        topic = self.topic(record.topic)
        number = partition_of(record.key, topic.identity.partitions)
        partition = topic.partitions[number]
        headers = dict(record.headers)
        partition.append(Record(record.topic, number, len(partition), record.key, record.value, headers))


class FakeConsumer(Consumer):
    """A reader of a FakeStream, as a member of a group or alone."""

    def __init__(
        self, stream: FakeStream, topic: FakeTopic, group: str | None, positions: Callable[[int], int] | None
    ) -> None:
        self._stream, self._topic, self._group, self._positions = stream, topic, group, positions
        self._log, self._name = stream.log, topic.topic.name
        self._members = Group() if group is None else self._log.hub.group(self._name, group)
        self._bell = self._log.hub.bell(self._name)
        self._seen = (-1, -1)
        self._next: dict[int, int] = {}
        self._open = True
        self._members.join(self)

    def poll(self, timeout: float, limit: int) -> list[Record]:
        if limit < 1:
            raise InvalidInput("limit must be at least 1")
        deadline = time.monotonic() + timeout
        while True:
            rings = self._bell.rings
            self._refresh()
            for number, offset in list(self._next.items()):
                records = self._topic.partitions[number][offset : offset + limit]
                if records:
                    del self._next[number]
                    self._next[number] = offset + len(records)
                    return records
            if time.monotonic() >= deadline:
                return []
            self._bell.wait(rings, deadline - time.monotonic())

    def commit(self, partition: int, offset: int) -> None:
        self._check_open()
        if self._group is None or partition not in self._members.share(self, self._topic.identity.partitions)[1]:
            return
        place = (self._name, self._group, partition)
        self._log.committed[place] = max(offset, self._log.committed.get(place, 0))

    def lag(self) -> int:
        self._refresh()
        return sum(len(self._topic.partitions[number]) - offset for number, offset in self._next.items())

    @property
    def last_poll(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        self._open = False
        self._members.leave(self)
        self._bell.ring()
        self._stream.consumers.discard(self)

    def _refresh(self) -> None:
        self._check_open()
        if self._seen == (self._log.assignments, self._members.generation):
            return
        kept = self._next if self._seen[0] == self._log.assignments else {}
        generation, share = self._members.share(self, self._topic.identity.partitions)
        stay = {number: offset for number, offset in kept.items() if number in share}
        self._next = {**stay, **{number: self._start(number) for number in share if number not in stay}}
        self._seen = (self._log.assignments, generation)

    def _start(self, partition: int) -> int:
        if self._positions is None:
            return self._log.committed.get((self._name, self._group or "", partition), 0)
        offset = self._positions(partition)
        if offset > len(self._topic.partitions[partition]):
            raise Conflict(f"offset {offset} of {self._name}/{partition} is past the end")
        return offset

    def _check_open(self) -> None:
        self._stream.check_open()
        if not self._open:
            raise Conflict("the consumer is closed")


class FakeBlobs(Blobs):
    """Files in a dictionary."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = {} if files is None else files
        self._closed = False

    def put(self, key: str, content: bytes, media_type: str = "") -> str:
        self._check_open()
        self.files[checked_key(key)] = bytes(content)
        return uri_of(key)

    def uri(self, key: str) -> str:
        return uri_of(checked_key(key))

    def get(self, uri: str) -> bytes:
        self._check_open()
        if key_of(uri) not in self.files:
            raise NotFound(f"there is no {uri}")
        return self.files[key_of(uri)]

    def delete(self, uri: str) -> None:
        self._check_open()
        self.files.pop(key_of(uri), None)

    def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise Conflict("the file store is closed")


Network = Callable[[NDArray[np.uint8]], Answer]
"""A picture (H, W, 3) to its answer; what it raises is what the future fails with."""


class FakeInference(Inference):
    """Answers by plain functions, at once. `faults` are what `load` raises for versions that can't be served."""

    def __init__(
        self, networks: Mapping[VersionRef, Network], faults: Mapping[VersionRef, Exception] | None = None
    ) -> None:
        self.networks, self.faults = dict(networks), dict(faults or {})
        self.loaded: dict[VersionRef, Size] = {}
        self.asked: list[VersionRef] = []
        """Every version submitted to, in order."""
        self.kept: list[tuple[str, tuple[int, ...]]] = []
        """What the repository's owner has said, in order."""
        self._lock = threading.Lock()
        self._closed = False

    def load(self, version: VersionRef, grid: Size) -> None:
        if self._closed:
            raise Conflict("inference is closed")
        if version in self.faults:
            raise self.faults[version]
        if version not in self.networks:
            raise NotFound(f"there is no {version}")
        self.loaded[version] = grid

    def unload(self, version: VersionRef) -> None:
        self.loaded.pop(version, None)

    def keep(self, model: str, numbers: Sequence[int]) -> None:
        self.kept.append((model, tuple(numbers)))
        for version in [each for each in self.loaded if each.model == model and each.version not in numbers]:
            self.unload(version)

    def submit(self, version: VersionRef, picture: NDArray[np.uint8]) -> Future[Answer]:
        future: Future[Answer] = Future()
        with self._lock:
            self.asked.append(version)
        try:
            future.set_result(self._answer(version, picture))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the future's)
            future.set_exception(error)
        return future

    def describe(self) -> str:
        return f"fake inference of {len(self.networks)} networks"

    def close(self) -> None:
        self._closed = True

    def _answer(self, version: VersionRef, picture: NDArray[np.uint8]) -> Answer:
        if self._closed:
            raise Conflict("inference is closed")
        if version not in self.loaded:
            raise NotFound(f"{version} is not loaded")
        check_picture(version, self.loaded[version], picture)
        return self.networks[version](picture)
