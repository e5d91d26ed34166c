"""Publishing to Kafka: idempotent, acknowledged by all in-sync replicas, each delivery waited for."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from madseg.adapters.streams.kafka_client import connected, errors, fail, kafka, meant, murmur2
from madseg.adapters.streams.kafka_url import Place
from madseg.adapters.streams.record_size import check_size
from madseg.core.errors import Unavailable
from madseg.ports import Outgoing

BATCH_BYTES = 256 * 1024
"""What is sent to a partition at once; far under what a broker takes."""

END_SECONDS = 5.0
"""Longest wait for the threads of a producer that is given up."""

UNREACHABLE = "the stream can't be reached"


def partition_of(key: bytes, partitions: int) -> int:
    """Where records of a key go: as Kafka's own clients decide, so that records of others land beside ours."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Publisher:
    """One producer, made at the first use. Thread-safe.

    `partitions` gives a topic's number of partitions as it was when the stream first met it: keys stay where they are,
    whatever is added meanwhile.
    """

    def __init__(self, place: Place, partitions: Callable[[str], int]) -> None:
        self._place, self._partitions = place, partitions
        self._lock = threading.Lock()
        self._producer: Any = None
        self._refused = float("-inf")

    def publish(self, records: Sequence[Outgoing]) -> None:
        """As the port says. Everything that can be refused is, before the first record goes."""
        for record in records:
            check_size(record)
        counts = {name: self._partitions(name) for name in {record.topic for record in records}}
        if not records:
            return
        producer = self._open()
        deadline = time.monotonic() + self._place.options.publish_seconds
        what = f"publishing to {', '.join(sorted(counts))} failed"
        try:
            sent = [_send(producer, record, counts[record.topic]) for record in records]
            for future in sent:
                future.get(timeout=max(0.0, deadline - time.monotonic()))
        except errors.IllegalStateError as error:  # another thread has given the producer up meanwhile
            raise Unavailable(f"{what}: {error}") from error
        except errors.KafkaError as error:
            if isinstance(meant(error, what), Unavailable):
                self._give_up(producer)
            fail(error, what)
        except ValueError as error:  # what the producer knows of the topic is older than the topic
            raise Unavailable(f"{what}: {error}") from error

    def close(self) -> None:
        """Sends what is under way, and ends."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            _end(producer, self._place.options.publish_seconds)

    def _give_up(self, producer: Any) -> None:
        """The next call begins anew: in kafka-python 3.0.12 a producer that has given up a batch sends nothing more."""
        with self._lock:
            ours = self._producer is producer
            if ours:
                self._producer = None
        if ours:
            _end(producer, 0.0)

    def _open(self) -> Any:
        asked = time.monotonic()
        with self._lock:
            if self._producer is None:
                if self._refused > asked:  # by those before us in the line: each would wait as long again
                    raise Unavailable(UNREACHABLE)
                try:
                    self._producer = connected(kafka.KafkaProducer, **_settings(self._place))
                except (errors.KafkaError, OSError) as error:
                    self._refused = time.monotonic()
                    fail(error, UNREACHABLE)
            return self._producer


def _send(producer: Any, record: Outgoing, partitions: int) -> Any:
    key = record.key.encode()
    headers = [(name, text.encode()) for name, text in record.headers.items()]
    return producer.send(
        record.topic, key=key, value=record.value, headers=headers, partition=partition_of(key, partitions)
    )


def _end(producer: Any, seconds: float) -> None:
    """Closes a producer; what it can't send within so many seconds is dropped, and whoever waits for it is told."""
    try:
        producer.close(timeout=seconds)
    except errors.KafkaError:
        # It waits for what is unsent before it closes, and doesn't close then.
        producer._sender.force_close()
        producer._sender.join(END_SECONDS)
        producer.close(timeout=END_SECONDS)


def _settings(place: Place) -> dict[str, Any]:
    compression = place.options.compression
    return place.connecting() | {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": None if compression == "none" else compression,
        "batch_size": BATCH_BYTES,
        # Whoever publishes waits for it: 900 records a second one by one, with 2 ms 270. Batches fill meanwhile anyway.
        "linger_ms": 0,
        # Enough for the largest record with its overhead.
        "max_request_size": 1_100_000,
        # Longer than anybody waits: what isn't delivered by then is given up with the whole producer.
        "delivery_timeout_ms": int(1000 * (place.options.publish_seconds + 60)),
        "max_block_ms": int(1000 * place.options.publish_seconds),
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
