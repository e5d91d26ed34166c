"""What a record says about itself in its headers: CloudEvents 1.0 and the W3C trace context.

The headers are those of CloudEvents' binary mode on Kafka. A trace goes from the record being handled to those that
follow from it: a prediction stands in the trace of its image, however many images are handled at once.
"""

import re
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

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

_ANY = ""
"""In place of a key: the trace of whatever has none of its own."""

_traces: ContextVar[Mapping[str, str]] = ContextVar("traces", default={})  # noqa: B039 (never changed in place)

_WELL_FORMED = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


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
        TRACEPARENT: _next(_traces.get().get(key) or _traces.get().get(_ANY, "")),
    }
    return Outgoing(topic, key, value, headers)


@contextmanager
def tracing(traceparent: str | None) -> Iterator[None]:
    """Events in this block belong to the trace of a request; one that names none, or wrongly, begins its own."""
    token = _traces.set({_ANY: traceparent} if traceparent else {})
    try:
        yield
    finally:
        _traces.reset(token)


@contextmanager
def caused_by(records: Sequence[Record]) -> Iterator[None]:
    """Events in this block belong to the traces of these records: each to that of the record with its key."""
    token = _traces.set({record.key: record.headers.get(TRACEPARENT, "") for record in records})
    try:
        yield
    finally:
        _traces.reset(token)


def _next(parent: str) -> str:
    """The same trace with a step of its own; a new one where there is no parent."""
    found = _WELL_FORMED.fullmatch(parent)
    trace, flags = found.groups() if found else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
