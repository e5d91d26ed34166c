"""Dead letters: set aside with the reason, read, and put back once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from madseg import letters
from madseg.core.errors import InvalidInput, NotFound, Poison
from madseg.ports import Outgoing, Record, Stream, Topic
from madseg.wire import dead_topic
from tests.contracts.fakes import FakeStream
from tests.contracts.reading import drain

TOPIC = Topic("m.images", 2)
NOW = datetime(2026, 3, 14, 12, 30, tzinfo=UTC)


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    """With a topic and its dead letters."""
    opened = FakeStream()
    opened.create(TOPIC)
    opened.create(dead_topic(TOPIC.name))
    yield opened
    opened.close()


def buried(stream: Stream, *keys: str, value: bytes | None = b"rotten") -> list[Record]:
    """Records that were read and set aside."""
    stream.publish([Outgoing(TOPIC.name, key, value, {"from": "tree"}) for key in keys])
    records = {record.key: record for record in drain(stream.consume(TOPIC.name))}
    for key in keys:
        letters.send(stream, records[key], Poison("it smells"), NOW)
    return [records[key] for key in keys]


def test_a_letter_tells_what_where_when_and_why(stream: FakeStream) -> None:
    """And has the record as it was."""
    [record] = buried(stream, "a")
    [letter] = letters.read(stream, TOPIC.name)
    assert (letter.id, letter.topic, letter.partition, letter.offset) == (
        "m.images/0",
        TOPIC.name,
        str(record.partition),
        str(record.offset),
    )
    assert (letter.reason, letter.at, letter.redriven) == ("Poison: it smells", NOW, False)
    assert (letter.record.key, letter.record.value, letter.record.headers["from"]) == ("a", b"rotten", "tree")


def test_a_record_goes_back_as_it_was(stream: FakeStream) -> None:
    """Without the headers of its death, with one that names its letter, behind all others of its key."""
    before = buried(stream, "a", "b")
    letters.redrive(stream, letters.read(stream, TOPIC.name)[1:])
    again = drain(stream.consume(TOPIC.name))[-1]
    assert (again.key, again.value, again.partition) == ("b", b"rotten", before[1].partition)
    assert again.headers == {"from": "tree", "madseg-redriven": "1"}
    assert [letter.redriven for letter in letters.read(stream, TOPIC.name)] == [False, True]


def test_tombstones_go_back_as_tombstones(stream: FakeStream) -> None:
    """An absent value stays absent."""
    buried(stream, "a", value=None)
    letters.redrive(stream, letters.read(stream, TOPIC.name))
    assert drain(stream.consume(TOPIC.name))[-1].value is None


def test_one_that_dies_again_is_a_letter_of_its_own(stream: FakeStream) -> None:
    """The first stays redriven; the second is new."""
    buried(stream, "a")
    letters.redrive(stream, letters.read(stream, TOPIC.name))
    letters.send(stream, drain(stream.consume(TOPIC.name))[-1], Poison("still"), NOW)
    first, second = letters.read(stream, TOPIC.name)
    assert (first.redriven, second.redriven) == (True, False)
    assert second.reason == "Poison: still"


def test_a_value_that_was_left_out_can_not_go_back(stream: FakeStream) -> None:
    """It is said, and nothing else goes back with it."""
    buried(stream, "a")
    buried(stream, "b", value=bytes(999_990))
    found = letters.read(stream, TOPIC.name)
    assert found[1].record.headers["madseg-value"] == "left out: 999990 bytes"
    count = len(drain(stream.consume(TOPIC.name)))
    with pytest.raises(InvalidInput, match=r"m\.images/1"):
        letters.redrive(stream, found)
    assert count == len(drain(stream.consume(TOPIC.name)))


@pytest.mark.parametrize(
    ("key", "headers"), [("k" * 999_900, {}), ("k", {"from": "t" * 999_900}), ("k" * 500_000, {"from": "t" * 499_900})]
)
def test_a_record_that_its_key_or_headers_fill_is_set_aside(
    stream: FakeStream, key: str, headers: dict[str, str]
) -> None:
    """Else it would block its partition: what is kept of it is where it was, why, and how its key begins."""
    stream.publish([Outgoing(TOPIC.name, key, b"rotten", headers)])
    [record] = drain(stream.consume(TOPIC.name))
    letters.send(stream, record, Poison("it smells"), NOW)
    [letter] = letters.read(stream, TOPIC.name)
    assert (letter.topic, letter.partition, letter.offset) == letters.place_of(record)
    assert (letter.reason, letter.lacks_value, letter.record.key) == ("Poison: it smells", True, key[:200])
    assert "from" not in letter.record.headers


def test_places_say_what_was_buried(stream: FakeStream) -> None:
    """For a worker that reads its topic anew at every start; what went back counts too."""
    records = buried(stream, "a", "b")
    letters.redrive(stream, letters.read(stream, TOPIC.name)[:1])
    assert {letters.place_of(record) for record in records} == letters.places(stream, TOPIC.name)


def test_a_topic_without_dead_letters_is_not_found(stream: FakeStream) -> None:
    """Nobody has made it, so nothing was ever set aside."""
    with pytest.raises(NotFound):
        letters.read(stream, "m.nowhere")
