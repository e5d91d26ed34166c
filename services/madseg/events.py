"""What a record says about itself in its headers: CloudEvents 1.0 and the W3C trace context.

The headers are those of CloudEvents' binary mode on Kafka. A trace goes from the record being handled to those that
follow from it: a prediction stands in the trace of its image, however many images are handled at once.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from opentelemetry.trace import SpanKind

from madseg.observing.tracing import ANY, Step, begun, published, steps
from madseg.ports import Outgoing, Record

TRACEPARENT = "traceparent"

CONTENT_TYPE = "application/protobuf"


@dataclass(frozen=True)
class Kind:
    """A kind of event, and the service that makes it."""

    name: str
    service: str


IMAGE_ACCEPTED = Kind("madseg.image.accepted", "gateway")
IMAGE_FORGOTTEN = Kind("madseg.image.forgotten", "gateway")
PREDICTIONS_IMPORTED = Kind("madseg.predictions.imported", "gateway")
PREDICTIONS_REQUESTED = Kind("madseg.predictions.requested", "selector")
PREDICTIONS_MADE = Kind("madseg.predictions.made", "predictor")
MODEL_CHANGED = Kind("madseg.model.changed", "models")


def event(kind: Kind, topic: str, key: str, value: bytes | None) -> Outgoing:
    """A record of an event that happens now."""
    prefix = topic.rpartition(".")[0]
    headers = {
        "ce_specversion": "1.0",
        "ce_id": uuid.uuid4().hex,
        "ce_source": f"/{prefix}/{kind.service}",
        "ce_type": kind.name,
        "ce_subject": key,
        "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "content-type": CONTENT_TYPE,
        TRACEPARENT: published(topic, key),
    }
    return Outgoing(topic, key, value, headers)


@contextmanager
def tracing(traceparent: str | None) -> Iterator[None]:
    """Events in this block belong to the trace of a request; one that names none, or wrongly, begins its own."""
    with steps({ANY: Step(traceparent)} if traceparent else {}):
        yield


@contextmanager
def caused_by(records: Sequence[Record], worker: str = "") -> Iterator[None]:
    """Events in this block belong to the traces of these records: each to that of the record with its key."""
    with steps({record.key: _handled(record, worker) for record in records}):
        yield


def _handled(record: Record, worker: str) -> Step:
    attributes: dict[str, str | int] = {
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "madseg.key": record.key,
    }
    return begun(f"handle {worker}", SpanKind.CONSUMER, record.headers.get(TRACEPARENT, ""), attributes)
