"""What every stream keeps to: consumers, their groups, commits and positions."""

import time

import pytest

from madseg.core.errors import Conflict
from madseg.ports import Consumer, Stream
from tests.contracts.places import Place
from tests.contracts.reading import FOUR, ONE, collect, drain, outgoing, until, values

HUNDRED = [f"v{number}" for number in range(100)]


def both_have_some(first: Consumer, second: Consumer, waiting: int) -> None:
    """Waits until two members share so many records that wait."""
    until(lambda: first.lag() + second.lag() == waiting and first.lag() and second.lag())


def test_a_group_goes_on_from_its_commit(stream_place: Place[Stream]) -> None:
    """After a reopening: what was committed is not seen again, what was only handed out is."""
    stream = stream_place.open()
    stream.create(ONE)
    stream.publish(outgoing("a", "b", "c", "d", topic=ONE))
    consumer = stream.consume(ONE.name, "g")
    records = collect(consumer, 3)
    consumer.commit(0, records[1].offset + 1)
    consumer.close()
    stream.close()
    reopened = stream_place.open()
    assert values(drain(reopened.consume(ONE.name, "g"))) == ["c", "d"]
    assert values(drain(reopened.consume(ONE.name, "another"))) == ["a", "b", "c", "d"]
    reopened.close()


def test_without_a_commit_everything_comes_again(topics: Stream) -> None:
    """Effect first, then commit: who ended before the commit sees the records once more."""
    topics.publish(outgoing("a", "b"))
    first = topics.consume(FOUR.name, "g")
    assert {"a", "b"} == set(values(drain(first)))
    first.close()
    assert {"a", "b"} == set(values(drain(topics.consume(FOUR.name, "g"))))


def test_an_earlier_commit_takes_nothing_back(topics: Stream) -> None:
    """What had its effect has it, whoever says so last."""
    topics.publish(outgoing("a", "b", "c", topic=ONE))
    consumer = topics.consume(ONE.name, "g")
    last = drain(consumer)[-1].offset
    consumer.commit(0, last)
    consumer.commit(0, last - 1)
    consumer.close()
    assert values(drain(topics.consume(ONE.name, "g"))) == ["c"]


def test_records_are_handed_out_once_per_assignment(topics: Stream) -> None:
    """Uncommitted ones don't come round again."""
    topics.publish(outgoing("a", "b", topic=ONE))
    consumer = topics.consume(ONE.name, "g")
    assert values(drain(consumer)) == ["a", "b"]
    topics.publish(outgoing("c", topic=ONE))
    assert values(drain(consumer)) == ["c"]


def test_positions_win_over_the_groups_commits(topics: Stream) -> None:
    """For those who keep offsets with their effect."""
    topics.publish(outgoing("a", "b", "c", topic=ONE))
    consumer = topics.consume(ONE.name, "g")
    offsets = [record.offset for record in drain(consumer)]
    consumer.commit(0, offsets[2] + 1)
    consumer.close()
    asked: list[int] = []

    def position(partition: int) -> int:
        asked.append(partition)
        return offsets[1]

    assert values(drain(topics.consume(ONE.name, "g", position))) == ["b", "c"]
    assert asked == [0]


def test_positions_are_asked_for_each_assigned_partition(topics: Stream) -> None:
    """Partitions that begin at their end give nothing old."""
    topics.publish(outgoing(*"abcdefgh"))
    ends = topics.end_offsets(FOUR.name)
    consumer = topics.consume(FOUR.name, "g", lambda partition: 0 if partition == 2 else ends[partition])
    assert {2} == {record.partition for record in drain(consumer)}


def test_a_position_past_the_end_is_refused(topics: Stream) -> None:
    """The stream is older than the offsets: whoever waited there would miss what comes."""
    with pytest.raises(Conflict, match=r"99"):
        topics.consume(ONE.name, "g", lambda _: 99).poll(10, 1)


def test_two_members_share_the_partitions(topics: Stream) -> None:
    """Each record goes to one of them, and both get some."""
    first, second = topics.consume(FOUR.name, "g"), topics.consume(FOUR.name, "g")
    topics.publish(outgoing(*HUNDRED))
    both_have_some(first, second, 100)
    ours, theirs = drain(first), drain(second)
    assert set(HUNDRED) == set(values(ours)) | set(values(theirs))
    assert not {record.partition for record in ours} & {record.partition for record in theirs}
    assert ours
    assert theirs


def test_a_member_that_leaves_hands_its_partitions_over(topics: Stream) -> None:
    """The one who stays goes on from the commits of the one who left."""
    first, second = topics.consume(FOUR.name, "g"), topics.consume(FOUR.name, "g")
    topics.publish(outgoing(*HUNDRED))
    both_have_some(first, second, 100)
    seen = drain(first)
    for record in seen:
        first.commit(record.partition, record.offset + 1)
    first.close()
    topics.publish(outgoing("later", "still later", "last"))
    rest = values(collect(second, 103 - len(seen)))
    assert sorted([*HUNDRED, "later", "still later", "last"]) == sorted(values(seen) + rest)


def test_a_member_that_lost_a_partition_stops_handing_it_out(topics: Stream) -> None:
    """A later member takes its share at the next poll."""
    first = topics.consume(FOUR.name, "g")
    topics.publish(outgoing(*HUNDRED))
    before = collect(first, 8)
    second = topics.consume(FOUR.name, "g")
    until(lambda: second.lag() < 100)
    after, theirs = drain(first), drain(second)
    assert {0, 1, 2, 3} == {record.partition for record in before + after + theirs}
    assert not {record.partition for record in after} & {record.partition for record in theirs}


def test_a_member_that_keeps_a_partition_goes_on_with_it(topics: Stream) -> None:
    """Others come and go, and nothing of it is handed out twice, committed or not."""
    first = topics.consume(FOUR.name, "g")
    topics.publish(outgoing(*HUNDRED))
    seen = drain(first)
    assert sorted(HUNDRED) == sorted(values(seen))
    second = topics.consume(FOUR.name, "g")
    until(lambda: second.lag() < 100)
    topics.publish(outgoing(*(f"w{number}" for number in range(100))))
    until(lambda: first.lag())
    kept = drain(first)
    assert kept
    assert not set(values(kept)) & set(HUNDRED)


def test_a_commit_for_a_partition_that_another_has_changes_nothing(topics: Stream) -> None:
    """It isn't theirs to make any more; their work is done again by the one who has it."""
    first = topics.consume(FOUR.name, "g")
    topics.publish(outgoing(*HUNDRED))
    seen = drain(first)
    second = topics.consume(FOUR.name, "g")
    until(lambda: second.lag() < 100)
    later = [f"w{number}" for number in range(100)]
    topics.publish(outgoing(*later))
    until(lambda: second.lag())
    found = drain(second)
    theirs = {record.partition for record in found}
    gone = set(values(found))
    until(lambda: first.lag() == len(set(later) - gone))  # it has heard what is left to it
    for record in seen:
        first.commit(record.partition, record.offset + 1)
    first.close()
    second.close()
    again = [record for record in drain(topics.consume(FOUR.name, "g")) if values([record])[0] in HUNDRED]
    assert theirs == {record.partition for record in again}


def test_more_members_than_partitions_have_nothing_to_wait_for(topics: Stream) -> None:
    """One of two has the only partition; the other is caught up."""
    topics.publish(outgoing("a", "b", topic=ONE))
    members = [topics.consume(ONE.name, "g") for _ in range(2)]
    until(lambda: sorted(member.lag() for member in members) == [0, 2])


def test_without_a_group_everything_is_read_alone(topics: Stream) -> None:
    """By each from the earliest; it joins nobody and its commits count for nobody."""
    topics.publish(outgoing(*HUNDRED))
    member = topics.consume(FOUR.name, "g")
    for _ in range(2):
        alone = topics.consume(FOUR.name)
        assert alone.lag() == 100
        records = drain(alone)
        assert sorted(HUNDRED) == sorted(values(records))
        for record in records:
            alone.commit(record.partition, record.offset + 1)
        alone.close()
    assert len(drain(member)) == 100


def test_without_a_group_positions_count(topics: Stream) -> None:
    """For those who keep offsets with their effect and want every partition."""
    topics.publish(outgoing("a", "b", "c", topic=ONE))
    offsets = [record.offset for record in drain(topics.consume(ONE.name))]
    assert values(drain(topics.consume(ONE.name, positions=lambda _: offsets[2]))) == ["c"]


def test_the_age_of_the_last_poll_is_known(topics: Stream) -> None:
    """So that a reader that stands still can be told from one that has nothing to do."""
    consumer = topics.consume(ONE.name, "g")
    begun = time.monotonic()
    until(lambda: consumer.poll(0, 1) == [] and consumer.last_poll >= begun)


def test_groups_do_not_touch_each_other(topics: Stream) -> None:
    """Every group reads everything."""
    topics.publish(outgoing("a", "b"))
    assert {"a", "b"} == set(values(drain(topics.consume(FOUR.name, "one"))))
    assert {"a", "b"} == set(values(drain(topics.consume(FOUR.name, "two"))))


def test_lag_counts_what_was_not_handed_out(topics: Stream) -> None:
    """Commits play no part in it."""
    consumer = topics.consume(FOUR.name, "g")
    assert consumer.lag() == 0
    topics.publish(outgoing(*"abcdefgh"))
    assert consumer.lag() > 0
    until(lambda: consumer.lag() == 8)
    assert len(consumer.poll(10, 1)) == 1
    until(lambda: consumer.lag() == 7)
    drain(consumer)
    assert consumer.lag() == 0


def test_two_connections_see_one_stream(stream_place: Place[Stream]) -> None:
    """Services open it each for itself, and members of a group share over all of them."""
    first, second = stream_place.open(), stream_place.open()
    first.create(FOUR)
    one, other = first.consume(FOUR.name, "g"), second.consume(FOUR.name, "g")
    second.publish(outgoing(*HUNDRED))
    both_have_some(one, other, 100)
    ours, theirs = values(drain(one)), values(drain(other))
    assert sorted(HUNDRED) == sorted(ours + theirs)
    first.close()
    second.close()


def test_closing_a_stream_takes_its_members_out(stream_place: Place[Stream]) -> None:
    """Whoever opens it next has all the partitions, also where a consumer was left open."""
    first, second = stream_place.open(), stream_place.open()
    first.create(FOUR)
    first.consume(FOUR.name, "g")
    heir = second.consume(FOUR.name, "g")
    first.close()
    second.publish(outgoing(*"abcdefgh"))
    assert sorted("abcdefgh") == sorted(values(collect(heir, 8)))
    second.close()
