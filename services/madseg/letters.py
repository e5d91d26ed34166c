"""Dead letters: records that no retry could help, set aside in `<topic>.dead` with where they were and why.

A letter is the record as it was, with headers of ours. That one was put back into its topic is said by a mark, a
record behind it: the dead letters are a log like any other, and nothing in it changes.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from madseg.core.errors import InvalidInput
from madseg.ports import Outgoing, Record, Stream
from madseg.wire import dead_topic

ERROR, AT = "madseg-error", "madseg-at"
TOPIC, PARTITION, OFFSET = "madseg-topic", "madseg-partition", "madseg-offset"
LEFT_OUT = "madseg-value"
"""In place of a value that was too large with the headers; says how large it was. The record's own headers are left out
with it, and the end of a long key."""
REDRIVEN = "madseg-redriven"
"""On a record that was put back: the number of its letter."""
MARK = "madseg-letter-redriven"
"""On a mark: the number of the letter that was put back."""

OURS = (ERROR, AT, TOPIC, PARTITION, OFFSET, LEFT_OUT)

KEY_CHARACTERS = 200
"""Of a key that are kept where the value isn't: enough for people to know it by."""

READ_SECONDS = 0.5
READ_RECORDS = 500

Place = tuple[str, str, str]
"""(topic, partition, offset)"""


@dataclass(frozen=True)
class Letter:
    """A record that was set aside. `number` names it among those of its topic; `at` is None where nobody noted it."""

    number: int
    record: Record
    topic: str
    partition: str
    offset: str
    reason: str
    at: datetime | None
    redriven: bool

    @property
    def id(self) -> str:
        """By which people name it."""
        return f"{self.topic}/{self.number}"

    @property
    def lacks_value(self) -> bool:
        """True where the value was too large to be kept."""
        return LEFT_OUT in self.record.headers


def place_of(record: Record) -> Place:
    """Where a record is."""
    return record.topic, str(record.partition), str(record.offset)


def send(stream: Stream, record: Record, error: Exception, now: datetime) -> None:
    """Sets a record aside."""
    topic, partition, offset = place_of(record)
    reason = f"{type(error).__name__}: {error}"[:2000]
    ours = {ERROR: reason, AT: now.isoformat(timespec="seconds"), TOPIC: topic, PARTITION: partition, OFFSET: offset}
    dead = dead_topic(topic).name
    try:
        stream.publish([Outgoing(dead, record.key, record.value, {**record.headers, **ours})])
    except InvalidInput:  # with the headers it is too large, whichever of its parts takes the place
        size = f"left out: {len(record.value or b'')} bytes"
        stream.publish([Outgoing(dead, record.key[:KEY_CHARACTERS], b"", {**ours, LEFT_OUT: size})])


def read(stream: Stream, topic: str) -> list[Letter]:
    """The letters of a topic, oldest first.

    Raises:
        NotFound: it has no topic of dead letters.
    """
    found = list(_all(stream, dead_topic(topic).name))
    redriven = {record.headers[MARK] for record in found if MARK in record.headers}
    return [_letter(topic, record, redriven) for record in found if MARK not in record.headers]


def places(stream: Stream, topic: str) -> set[Place]:
    """Where the records were that lie among a topic's dead letters."""
    return {(letter.topic, letter.partition, letter.offset) for letter in read(stream, topic)}


def redrive(stream: Stream, letters: Sequence[Letter]) -> None:
    """Puts records back into their topic as they were, and marks their letters.

    The mark comes after: where this is cut short, a record may be put back twice, and none is forgotten.

    Raises:
        InvalidInput: the value of one wasn't kept; none was put back.
    """
    for letter in letters:
        if letter.lacks_value:
            raise InvalidInput(f"letter {letter.id} can't be put back: its value was too large to be kept")
    for letter in letters:
        record, dead = letter.record, dead_topic(letter.topic).name
        headers = {name: text for name, text in record.headers.items() if name not in OURS}
        stream.publish([Outgoing(letter.topic, record.key, record.value, {**headers, REDRIVEN: str(letter.number)})])
        stream.publish([Outgoing(dead, record.key, b"", {MARK: str(letter.number)})])


def _all(stream: Stream, topic: str) -> Iterator[Record]:
    with closing(stream.consume(topic)) as consumer:
        while consumer.lag():
            yield from consumer.poll(READ_SECONDS, READ_RECORDS)


def _letter(topic: str, record: Record, redriven: set[str]) -> Letter:
    headers = record.headers
    return Letter(
        number=record.offset,
        record=record,
        topic=headers.get(TOPIC, topic),
        partition=headers.get(PARTITION, ""),
        offset=headers.get(OFFSET, ""),
        reason=headers.get(ERROR, ""),
        at=datetime.fromisoformat(headers[AT]) if AT in headers else None,
        redriven=str(record.offset) in redriven,
    )
