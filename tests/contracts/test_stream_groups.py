"""What every stream keeps to: consumers, their groups, commits and positions."""

import pytest

from madseg.core.errors import Conflict
from madseg.ports import Stream
from tests.contracts.places import Place
from tests.contracts.reading import FOUR, ONE, drain, outgoing, values


def test_a_group_goes_on_from_its_commit(stream_place: Place[Stream]) -> None:
    """After a reopening: what was committed is not seen again, what was only handed out is."""
    stream = stream_place.open()
    stream.create(ONE)
    stream.publish(outgoing("a", "b", "c", "d", topic=ONE))
    consumer = stream.consume("models", "g")
    records = consumer.poll(0, 3)
    consumer.commit(0, records[1].offset + 1)
    consumer.close()
    stream.close()
    reopened = stream_place.open()
    assert values(drain(reopened.consume("models", "g"))) == ["c", "d"]
    assert values(drain(reopened.consume("models", "another"))) == ["a", "b", "c", "d"]
    reopened.close()


def test_without_a_commit_everything_comes_again(topics: Stream) -> None:
    """Effect first, then commit: who ended before the commit sees the records once more."""
    topics.publish(outgoing("a", "b"))
    first = topics.consume("images", "g")
    assert {"a", "b"} == set(values(drain(first)))
    first.close()
    assert {"a", "b"} == set(values(drain(topics.consume("images", "g"))))


def test_an_earlier_commit_takes_nothing_back(topics: Stream) -> None:
    """What had its effect has it, whoever says so last."""
    topics.publish(outgoing("a", "b", "c", topic=ONE))
    consumer = topics.consume("models", "g")
    last = drain(consumer)[-1].offset
    consumer.commit(0, last)
    consumer.commit(0, last - 1)
    consumer.close()
    assert values(drain(topics.consume("models", "g"))) == ["c"]


def test_records_are_handed_out_once_per_assignment(topics: Stream) -> None:
    """Uncommitted ones don't come round again."""
    topics.publish(outgoing("a", "b", topic=ONE))
    consumer = topics.consume("models", "g")
    assert values(drain(consumer)) == ["a", "b"]
    topics.publish(outgoing("c", topic=ONE))
    assert values(drain(consumer)) == ["c"]


def test_positions_win_over_the_groups_commits(topics: Stream) -> None:
    """For those who keep offsets with their effect."""
    topics.publish(outgoing("a", "b", "c", topic=ONE))
    consumer = topics.consume("models", "g")
    offsets = [record.offset for record in drain(consumer)]
    consumer.commit(0, offsets[2] + 1)
    consumer.close()
    asked: list[int] = []

    def position(partition: int) -> int:
        asked.append(partition)
        return offsets[1]

    assert values(drain(topics.consume("models", "g", position))) == ["b", "c"]
    assert asked == [0]


def test_positions_are_asked_for_each_assigned_partition(topics: Stream) -> None:
    """Partitions that begin at their end give nothing old."""
    topics.publish(outgoing(*"abcdefgh"))
    ends = topics.end_offsets("images")
    consumer = topics.consume("images", "g", lambda partition: 0 if partition == 2 else ends[partition])
    assert {2} == {record.partition for record in drain(consumer)}


def test_a_position_past_the_end_is_refused(topics: Stream) -> None:
    """The stream is older than the offsets: whoever waited there would miss what comes."""
    with pytest.raises(Conflict, match=r"99"):
        topics.consume("models", "g", lambda _: 99).poll(0, 1)


def test_two_members_share_the_partitions(topics: Stream) -> None:
    """Each record goes to one of them, and both get some."""
    first, second = topics.consume("images", "g"), topics.consume("images", "g")
    topics.publish(outgoing(*(f"v{number}" for number in range(100))))
    ours, theirs = drain(first), drain(second)
    assert {f"v{number}" for number in range(100)} == set(values(ours)) | set(values(theirs))
    assert not {record.partition for record in ours} & {record.partition for record in theirs}
    assert ours
    assert theirs


def test_a_member_that_leaves_hands_its_partitions_over(topics: Stream) -> None:
    """The one who stays goes on from the commits of the one who left."""
    first, second = topics.consume("images", "g"), topics.consume("images", "g")
    topics.publish(outgoing(*(f"v{number}" for number in range(40))))
    seen = drain(first)
    for record in seen:
        first.commit(record.partition, record.offset + 1)
    first.close()
    rest = drain(second)
    assert {f"v{number}" for number in range(40)} == set(values(seen)) | set(values(rest))
    assert not set(values(seen)) & set(values(rest))


def test_a_member_that_lost_a_partition_stops_handing_it_out(topics: Stream) -> None:
    """A later member takes its share at the next poll."""
    first = topics.consume("images", "g")
    topics.publish(outgoing(*(f"v{number}" for number in range(100))))
    before = {first.poll(0, 1)[0].partition for _ in range(4)}
    second = topics.consume("images", "g")
    after, theirs = drain(first), drain(second)
    assert {0, 1, 2, 3} == before
    assert not {record.partition for record in after} & {record.partition for record in theirs}


def test_groups_do_not_touch_each_other(topics: Stream) -> None:
    """Every group reads everything."""
    topics.publish(outgoing("a", "b"))
    assert {"a", "b"} == set(values(drain(topics.consume("images", "one"))))
    assert {"a", "b"} == set(values(drain(topics.consume("images", "two"))))


def test_lag_counts_what_was_not_handed_out(topics: Stream) -> None:
    """Commits play no part in it."""
    consumer = topics.consume("images", "g")
    assert consumer.lag() == 0
    topics.publish(outgoing(*"abcdefgh"))
    assert consumer.lag() == 8
    taken = len(consumer.poll(0, 1))
    assert 8 - taken == consumer.lag()
    drain(consumer)
    assert consumer.lag() == 0


def test_two_connections_see_one_stream(stream_place: Place[Stream]) -> None:
    """Services open it each for itself, and members of a group share over all of them."""
    first, second = stream_place.open(), stream_place.open()
    first.create(FOUR)
    one, other = first.consume("images", "g"), second.consume("images", "g")
    second.publish(outgoing(*"abcdefgh"))
    ours, theirs = values(drain(one)), values(drain(other))
    assert sorted("abcdefgh") == sorted(ours + theirs)
    first.close()
    second.close()


def test_closing_a_stream_takes_its_members_out(stream_place: Place[Stream]) -> None:
    """Whoever opens it next has all the partitions, also where a consumer was left open."""
    first, second = stream_place.open(), stream_place.open()
    first.create(FOUR)
    first.consume("images", "g")
    heir = second.consume("images", "g")
    first.close()
    second.publish(outgoing(*"abcdefgh"))
    assert sorted("abcdefgh") == sorted(values(drain(heir)))
    second.close()
