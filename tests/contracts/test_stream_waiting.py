"""What every stream keeps to: how much a group has yet to do."""

import pytest

from madseg.core.errors import NotFound
from madseg.ports import Stream
from tests.contracts.places import Place
from tests.contracts.reading import FOUR, ONE, drain, outgoing, until


def test_what_a_group_has_not_committed_waits(topics: Stream) -> None:
    """Handed out or not, over all partitions; each group has its own count."""
    topics.publish(outgoing(*"abcdefgh"))
    assert topics.waiting(FOUR.name, "g") == 8
    consumer = topics.consume(FOUR.name, "g")
    records = drain(consumer)
    assert topics.waiting(FOUR.name, "g") == 8
    for done, record in enumerate(sorted(records, key=lambda item: (item.partition, item.offset)), 1):
        consumer.commit(record.partition, record.offset + 1)
        until(lambda left=8 - done: topics.waiting(FOUR.name, "g") == left)  # type: ignore[misc]
    consumer.close()
    assert topics.waiting(FOUR.name, "another") == 8
    topics.publish(outgoing("i"))
    assert topics.waiting(FOUR.name, "g") == 1


def test_an_empty_topic_has_nothing_waiting(topics: Stream) -> None:
    """For whichever group."""
    assert topics.waiting(FOUR.name, "g") == 0


def test_what_waits_outlives_the_stream(stream_place: Place[Stream]) -> None:
    """It is counted from what was committed, not from who is there."""
    stream = stream_place.open()
    stream.create(ONE)
    stream.publish(outgoing("a", "b", "c", topic=ONE))
    consumer = stream.consume(ONE.name, "g")
    consumer.commit(0, drain(consumer)[0].offset + 1)
    consumer.close()
    stream.close()
    reopened = stream_place.open()
    assert reopened.waiting(ONE.name, "g") == 2
    reopened.close()


def test_a_topic_that_is_not_there_is_not_found(topics: Stream) -> None:
    """Nobody waits for it."""
    with pytest.raises(NotFound):
        topics.waiting("nowhere", "g")
