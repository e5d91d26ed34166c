"""How large a record may be, the same on every stream: what works on one works on the others."""

from madseg.core.errors import InvalidInput
from madseg.ports import Outgoing

MAX_RECORD_BYTES = 1_000_000
"""Key, headers and value together; what a Kafka broker with its defaults takes."""


def check_size(record: Outgoing) -> None:
    """Raises InvalidInput where a record is too large to be delivered."""
    headers = sum(len(name.encode()) + len(text.encode()) for name, text in record.headers.items())
    size = len(record.key.encode()) + headers + len(record.value or b"")
    if size > MAX_RECORD_BYTES:
        raise InvalidInput(
            f"the record of key {record.key[:100]!r} for {record.topic} has {size} bytes: at most {MAX_RECORD_BYTES} "
            "can be delivered"
        )
