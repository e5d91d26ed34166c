"""A Kafka cluster as the stream."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from madseg.adapters.streams import kafka_topics as topics
from madseg.adapters.streams.kafka_client import connected, errors, fail, guarded, kafka, meant
from madseg.adapters.streams.kafka_consumer import KafkaConsumer
from madseg.adapters.streams.kafka_publish import Publisher
from madseg.adapters.streams.kafka_url import Place
from madseg.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from madseg.ports import Consumer, Outgoing, Stream, Topic, TopicIdentity

T = TypeVar("T")

ASK_SECONDS = 3.0
"""How long a question is put again: a broker that restarts, or elects a leader, answers the next time."""

PAUSE_SECONDS = 0.1


class KafkaStream(Stream):
    """Asks and publishes over one connection each; every consumer has its own. Thread-safe.

    A topic is met once, and must stay what it was then: another topic of the same name, or more partitions, would make
    the offsets kept of it lies, and move keys.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._met: dict[str, TopicIdentity] = {}
        self._consumers: set[KafkaConsumer] = set()
        self._closed = False
        # Brokers close the connection of whom they don't trust, without a word.
        with guarded(f"the stream at {', '.join(place.brokers)} can't be reached, or doesn't let us in"):
            self._admin = connected(kafka.KafkaAdminClient, **place.connecting())
        self._cluster_id = str(self._ask("the cluster can't be asked", self._admin.describe_cluster)["cluster_id"])
        self._publisher = Publisher(place, lambda topic: self._known(topic).partitions)

    def create(self, topic: Topic) -> None:
        if topic.partitions < 1:
            raise InvalidInput(f"topic {topic.name} must have at least 1 partition, got {topic.partitions}")
        found = self._find(topic.name)
        try:
            if found is None and topics.make(self._admin, topic, self.place.options):
                return
            found = found or self._found(topic.name)
            topics.check_shape(topic, found, self.place.options)
            topics.bring_in_line(self._admin, topic, self.place.options)
        except (errors.KafkaError, OSError) as error:
            raise topics.refused(error, topic) from error

    def check(self, topic: Topic) -> None:
        topics.check_shape(topic, self._found(topic.name), self.place.options)
        differing = partial(topics.differing, self._admin, topic, self.place.options)
        topics.check_settings(topic, self._ask(f"the settings of topic {topic.name} can't be read", differing))

    def identity(self, topic: str) -> TopicIdentity:
        found = self._found(topic)
        identity = TopicIdentity(self._cluster_id, found.topic_id, found.partitions)
        with self._lock:
            known = self._met.setdefault(topic, identity)
        if known != identity:
            raise Conflict(
                f"topic {topic} was {known} when this process began, and is {identity} now: it was made anew, or given "
                "partitions. Restart the services: they say then what to do about the offsets they keep"
            )
        return identity

    def publish(self, records: Sequence[Outgoing]) -> None:
        self.check_open()
        self._publisher.publish(records)

    def consume(self, topic: str, group: str | None = None, positions: Callable[[int], int] | None = None) -> Consumer:
        identity = self.identity(topic)
        consumer = KafkaConsumer(self, topic, identity.partitions, group, positions)
        self._consumers.add(consumer)
        return consumer

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        return self.offsets(topic, kafka.OffsetSpec.LATEST)

    def waiting(self, topic: str, group: str) -> int:
        first, end = self.offsets(topic, kafka.OffsetSpec.EARLIEST), self.end_offsets(topic)
        places = [kafka.TopicPartition(topic, partition) for partition in end]
        told = self._ask(
            f"the commits of group {group} can't be read",
            lambda: self._admin.list_group_offsets({group: places})[group],
        )
        done = {place.partition: found.offset for place, found in told.items()}
        return sum(end[partition] - max(first[partition], done.get(partition, 0)) for partition in end)

    def close(self) -> None:
        if self._closed:
            return
        for consumer in list(self._consumers):
            consumer.close()
        self._closed = True
        self._publisher.close()
        self._admin.close()

    def offsets(self, topic: str, which: Any) -> Mapping[int, int]:
        """Per partition, its first or its end offset, as `which` of kafka.OffsetSpec says."""
        places = {kafka.TopicPartition(topic, number): which for number in range(self._known(topic).partitions)}
        told = self._ask(
            f"the offsets of topic {topic} can't be read", partial(self._admin.list_partition_offsets, places)
        )
        return {place.partition: found.offset for place, found in told.items()}

    def forget(self, consumer: KafkaConsumer) -> None:
        """For the consumers: one of them was closed."""
        self._consumers.discard(consumer)

    def check_open(self) -> None:
        """Raises Conflict where the stream was closed."""
        if self._closed:
            raise Conflict("the stream is closed")

    def _known(self, topic: str) -> TopicIdentity:
        """The topic as it was when it was met."""
        self.check_open()
        return self._met.get(topic) or self.identity(topic)

    def _found(self, topic: str) -> topics.Found:
        found = self._find(topic)
        if found is None:
            raise NotFound(f"there is no topic {topic} at {', '.join(self.place.brokers)}: make it with {topics.APPLY}")
        return found

    def _find(self, topic: str) -> topics.Found | None:
        return self._ask(f"topic {topic} can't be looked up", partial(topics.find, self._admin, topic))

    def _ask(self, what: str, question: Callable[[], T]) -> T:
        """The answer; put again for a while where the next try may have one. Raises the port's errors."""
        self.check_open()
        deadline = time.monotonic() + ASK_SECONDS
        while True:
            try:
                return question()
            except (errors.KafkaError, OSError) as error:
                passing = isinstance(meant(error, what), Unavailable)
                if not passing or time.monotonic() > deadline:
                    fail(error, what)
            time.sleep(PAUSE_SECONDS)
