"""What every stream keeps to: topics, records, publishing. Groups have a suite of their own."""

import threading
import time
from collections import defaultdict
from dataclasses import replace

import pytest

from madseg.core.errors import Conflict, InvalidInput, NotFound
from madseg.ports import Outgoing, Record, Stream, Topic
from tests.contracts.places import Place
from tests.contracts.reading import FOUR, ONE, drain, outgoing, values


def test_records_come_as_they_were_published(topics: Stream) -> None:
    """Key, value and headers arrive unchanged, with topic, partition and offset."""
    topics.publish([Outgoing(ONE.name, "ключ", b"\0\xff", {"traceparent": "00-ab", "ce_type": "é"})])
    [record] = topics.consume(ONE.name, "g").poll(10, 10)
    expected = Record(ONE.name, 0, record.offset, "ключ", b"\0\xff", {"traceparent": "00-ab", "ce_type": "é"})
    assert expected == record


def test_empty_values_and_tombstones_are_different(topics: Stream) -> None:
    """A tombstone has no value; an empty value is one."""
    topics.publish([Outgoing(ONE.name, "a", b""), Outgoing(ONE.name, "a", None)])
    assert [record.value for record in drain(topics.consume(ONE.name, "g"))] == [b"", None]


def test_records_of_a_key_keep_their_order_in_one_partition(topics: Stream) -> None:
    """Over several batches too, and offsets grow."""
    for number in range(30):
        topics.publish([Outgoing(FOUR.name, f"key{key}", f"{number}".encode()) for key in range(7)])
    by_key: dict[str, list[Record]] = defaultdict(list)
    for record in drain(topics.consume(FOUR.name, "g")):
        by_key[record.key].append(record)
    assert len(by_key) == 7
    for records in by_key.values():
        assert [str(number) for number in range(30)] == values(records)
        assert len({record.partition for record in records}) == 1
        assert sorted(record.offset for record in records) == [record.offset for record in records]


def test_a_key_has_the_same_partition_after_a_reopening(stream_place: Place[Stream]) -> None:
    """So that what follows joins what went before."""
    partitions = []
    for _ in range(2):
        stream = stream_place.open()
        stream.create(FOUR)
        stream.publish(outgoing("a", "b", "c", "d", "e", "f"))
        records = drain(stream.consume(FOUR.name, "g"))
        partitions.append({record.key: record.partition for record in records})
        stream.close()
    assert partitions[0] == partitions[1]
    assert len(set(partitions[0].values())) > 1


def test_a_poll_gives_one_partition_and_at_most_the_limit(topics: Stream) -> None:
    """Partitions take turns, so none waits for another to be empty."""
    topics.publish(outgoing(*(f"v{number}" for number in range(200))))
    consumer = topics.consume(FOUR.name, "g")
    batches = [consumer.poll(10, 10) for _ in range(8)]
    assert all(len(batch) == 10 and len({record.partition for record in batch}) == 1 for batch in batches)
    turns = [batch[0].partition for batch in batches]
    assert turns[:4] == turns[4:]
    assert {0, 1, 2, 3} == set(turns)


def test_a_poll_returns_empty_after_its_timeout(topics: Stream) -> None:
    """Nothing came, and that is no error."""
    started = time.monotonic()
    assert topics.consume(FOUR.name, "g").poll(0.2, 10) == []
    assert time.monotonic() - started >= 0.2


@pytest.mark.timeout(60)
def test_a_waiting_poll_returns_as_soon_as_something_comes(topics: Stream) -> None:
    """It doesn't sleep through its timeout."""
    consumer = topics.consume(FOUR.name, "g")
    publisher = threading.Timer(0.2, lambda: topics.publish(outgoing("late")))
    publisher.start()
    assert values(consumer.poll(300, 10)) == ["late"]
    publisher.join()


def test_a_limit_below_one_is_refused(topics: Stream) -> None:
    """It would look like an empty topic."""
    with pytest.raises(InvalidInput, match="limit"):
        topics.consume(FOUR.name, "g").poll(0, 0)


def test_end_offsets_name_the_next_record(topics: Stream) -> None:
    """Of every partition, empty ones too."""
    before = topics.end_offsets(FOUR.name)
    assert {0, 1, 2, 3} == set(before)
    topics.publish(outgoing("a"))
    [record] = drain(topics.consume(FOUR.name, "g"))
    assert before[record.partition] == record.offset
    assert {**before, record.partition: record.offset + 1} == topics.end_offsets(FOUR.name)


def test_creating_a_topic_twice_changes_nothing(topics: Stream) -> None:
    """Records and identity stay."""
    topics.publish(outgoing("a"))
    identity = topics.identity(FOUR.name)
    topics.create(FOUR)
    assert identity == topics.identity(FOUR.name)
    assert values(drain(topics.consume(FOUR.name, "g"))) == ["a"]


def test_another_number_of_partitions_is_a_conflict(topics: Stream) -> None:
    """Keys would move."""
    with pytest.raises(Conflict, match="4"):
        topics.create(Topic(FOUR.name, 8))


def test_a_topic_is_brought_in_line(topics: Stream) -> None:
    """A check says what differs and changes nothing; creating it changes its settings, and no records."""
    topics.publish(outgoing("a"))
    for wanted in (replace(FOUR, retention_hours=24), replace(FOUR, compacted=True)):
        with pytest.raises(Conflict, match=FOUR.name):
            topics.check(wanted)
        topics.create(wanted)
        topics.check(wanted)
    topics.create(FOUR)
    topics.check(FOUR)
    assert values(drain(topics.consume(FOUR.name))) == ["a"]


def test_a_check_sees_what_can_not_be_brought_in_line(topics: Stream) -> None:
    """Other partitions, or no such topic."""
    with pytest.raises(Conflict, match="4 partitions"):
        topics.check(Topic(FOUR.name, 8))
    with pytest.raises(NotFound, match="nowhere"):
        topics.check(Topic("nowhere"))


def test_an_unknown_topic_is_not_found(topics: Stream) -> None:
    """Whatever is asked of it."""
    with pytest.raises(NotFound, match="nowhere"):
        topics.identity("nowhere")
    with pytest.raises(NotFound, match="nowhere"):
        topics.consume("nowhere", "g")
    with pytest.raises(NotFound, match="nowhere"):
        topics.end_offsets("nowhere")
    with pytest.raises(NotFound, match="nowhere"):
        topics.publish([Outgoing("nowhere", "a", b"")])


def test_a_batch_that_is_refused_appends_nothing(topics: Stream) -> None:
    """A record that can't go is found before the first one went."""
    with pytest.raises(NotFound):
        topics.publish([*outgoing("a"), Outgoing("nowhere", "b", b"")])
    with pytest.raises(InvalidInput, match="bytes"):
        topics.publish([*outgoing("a"), Outgoing(FOUR.name, "b", bytes(1_000_001))])
    assert sum(topics.end_offsets(FOUR.name).values()) == 0


def test_a_record_of_900_kilobytes_is_delivered(topics: Stream) -> None:
    """The largest that the wire makes."""
    topics.publish([Outgoing(FOUR.name, "a", b"x" * 900_000)])
    [record] = drain(topics.consume(FOUR.name, "g"))
    assert record.value == b"x" * 900_000


def test_publishing_nothing_does_nothing(topics: Stream) -> None:
    """An empty batch is fine."""
    topics.publish([])
    assert drain(topics.consume(FOUR.name, "g")) == []


def test_one_batch_may_go_to_several_topics(topics: Stream) -> None:
    """Each record reaches its own."""
    topics.publish([*outgoing("a"), *outgoing("b", topic=ONE)])
    assert values(drain(topics.consume(FOUR.name))) == ["a"]
    assert values(drain(topics.consume(ONE.name))) == ["b"]


def test_the_identity_outlives_a_reopening_but_not_the_state(stream_place: Place[Stream]) -> None:
    """Offsets kept elsewhere are good for the first and lies for the second."""
    identities = []
    for wiped in (False, False, True):
        if wiped:
            stream_place.wipe()
        stream = stream_place.open()
        stream.create(FOUR)
        identities.append(stream.identity(FOUR.name))
        stream.close()
    assert identities[0] == identities[1]
    assert identities[0].topic_id != identities[2].topic_id
    assert identities[0].partitions == 4


def test_two_topics_have_two_identities(topics: Stream) -> None:
    """In one cluster."""
    first, second = topics.identity(FOUR.name), topics.identity(ONE.name)
    assert first.cluster_id == second.cluster_id
    assert first.topic_id != second.topic_id


def test_publishers_from_many_threads_keep_the_order_of_their_keys(topics: Stream) -> None:
    """Eight threads, each with a key of its own, nothing lost, nothing twice."""

    def publish(name: int) -> None:
        for number in range(25):
            topics.publish(outgoing(f"{number}a", f"{number}b", key=f"key{name}"))

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    by_key: dict[str, list[str]] = defaultdict(list)
    for record in drain(topics.consume(FOUR.name, "g")):
        by_key[record.key] += values([record])
    expected = [f"{number}{half}" for number in range(25) for half in "ab"]
    assert {f"key{name}": expected for name in range(8)} == by_key


def test_a_consumer_beside_publishers_misses_nothing(topics: Stream) -> None:
    """Reading and writing at once."""
    consumer = topics.consume(FOUR.name, "g")
    publisher = threading.Thread(target=lambda: [topics.publish(outgoing(f"v{number}")) for number in range(300)])
    publisher.start()
    seen: list[str] = []
    while len(seen) < 300 and (batch := consumer.poll(10, 7)):
        seen += values(batch)
    publisher.join()
    assert sorted(f"v{number}" for number in range(300)) == sorted(seen)


def test_a_closed_stream_and_a_closed_consumer_refuse(topics: Stream) -> None:
    """Closing twice is fine."""
    consumer, left = topics.consume(FOUR.name, "g"), topics.consume(FOUR.name, "other")
    left.close()
    left.close()
    with pytest.raises(Conflict, match="closed"):
        left.poll(0, 1)
    topics.close()
    topics.close()
    with pytest.raises(Conflict, match="closed"):
        consumer.poll(0, 1)
    with pytest.raises(Conflict, match="closed"):
        consumer.commit(0, 1)
    with pytest.raises(Conflict, match="closed"):
        topics.publish(outgoing("a"))
    consumer.close()
