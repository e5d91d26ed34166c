"""What is Kafka's own: topics that change under us, retention, memory, static members, outages."""

import os
import random
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from madseg.adapters.streams import open_stream
from madseg.adapters.streams.kafka import KafkaStream
from madseg.adapters.streams.kafka_backlog import RECORD_BYTES
from madseg.adapters.streams.kafka_client import errors, meant
from madseg.adapters.streams.kafka_client import kafka as client
from madseg.adapters.streams.kafka_member import HELD_BYTES
from madseg.core.errors import Conflict, NotFound, Unavailable
from madseg.ports import Outgoing, Stream, Topic
from tests.contracts.reading import collect, drain, until, values
from tests.servers import kafka


@pytest.fixture(autouse=True)
def logging_as_it_is() -> None:
    """Whatever tests before have set: what is logged is looked at here."""
    structlog.reset_defaults()


@pytest.fixture
def topic() -> Iterator[Topic]:
    """Of this test alone."""
    made = Topic(f"t{uuid.uuid4().hex[:8]}", 3)
    yield made
    kafka.delete_topics(made.name)


@pytest.fixture
def stream(topic: Topic) -> Iterator[KafkaStream]:
    """With the topic."""
    opened = open_stream(kafka.url())
    assert isinstance(opened, KafkaStream)
    opened.create(topic)
    yield opened
    opened.close()


def publish(stream: Stream, topic: Topic, *names: str, size: int = 0) -> None:
    """Records whose key is their name, and whose value too, or so many bytes that don't compress."""
    stream.publish(
        [Outgoing(topic.name, name, random.Random(name).randbytes(size) if size else name.encode()) for name in names]
    )


def make_anew(topic: Topic) -> None:
    """Another topic of the same name."""
    kafka.delete_topics(topic.name)
    with closing(open_stream(kafka.url())) as stream:
        stream.create(topic)


def forget_before(topic: Topic, offset: int) -> None:
    """Retention has taken what is before an offset of partition 0."""
    with closing(kafka.admin()) as admin:
        admin.delete_records({client.TopicPartition(topic.name, 0): offset})


def test_a_topic_that_was_made_anew_is_refused(stream: KafkaStream, topic: Topic) -> None:
    """By those who knew it before; a new process meets the new one."""
    publish(stream, topic, "a", "b")
    before = stream.identity(topic.name)
    make_anew(topic)
    with pytest.raises(Conflict, match="made anew"):
        stream.identity(topic.name)
    with pytest.raises(Conflict, match="made anew"):
        stream.consume(topic.name, topic.name)
    with closing(open_stream(kafka.url())) as other:
        after = other.identity(topic.name)
    assert (before.cluster_id, before.partitions) == (after.cluster_id, after.partitions)
    assert before.topic_id != after.topic_id


def test_a_reader_notices_that_its_topic_was_made_anew(stream: KafkaStream, topic: Topic) -> None:
    """It ends with the reason, and does not read on from places of the old one."""
    consumer = stream.consume(topic.name, topic.name, lambda _: 0)
    publish(stream, topic, *"abcdef")
    collect(consumer, 6)
    make_anew(topic)

    def refused() -> bool:
        try:
            consumer.poll(0.1, 1)
        except (Conflict, NotFound):
            return True
        return False

    until(refused)


def test_more_partitions_are_refused(stream: KafkaStream, topic: Topic) -> None:
    """By a start and by whoever reads; publishing keeps keys where they are."""
    publish(stream, topic, "a")
    [before] = drain(stream.consume(topic.name))
    with closing(kafka.admin()) as admin:
        admin.create_partitions({topic.name: 12})
        until(lambda: len(admin.describe_topics([topic.name])[0]["partitions"]) == 12)
    publish(stream, topic, "a")
    with pytest.raises(Conflict, match="given partitions"):
        stream.consume(topic.name, topic.name)
    with closing(open_stream(kafka.url())) as other:
        for act in (other.check, other.create):
            with pytest.raises(Conflict, match="has 12 partitions, 3 are wanted"):
                act(topic)
        assert {before.partition} == {record.partition for record in drain(other.consume(topic.name))}


def test_records_past_their_retention_are_passed_over_with_a_word(stream: KafkaStream, topic: Topic) -> None:
    """How many, and where; reading goes on behind them."""
    single = Topic(topic.name + "s", 1)
    stream.create(single)
    publish(stream, single, *"abcdef")
    forget_before(single, 4)
    with capture_logs() as logs:
        consumer = stream.consume(single.name, single.name, lambda _: 1)
        assert values(drain(consumer)) == ["e", "f"]
    [passed] = [item for item in logs if item["event"] == "records_passed_over"]
    assert (passed["topic"], passed["partition"], passed["first"], passed["records"]) == (single.name, 0, 1, 3)
    kafka.delete_topics(single.name)


def test_retention_that_overtakes_a_reader_is_passed_over(stream: KafkaStream, topic: Topic) -> None:
    """It reads on from what is left, and its lag ends at zero."""
    single = Topic(topic.name + "s", 1)
    stream.create(single)
    consumer = stream.consume(single.name, single.name)
    publish(stream, single, "a")
    assert values(collect(consumer, 1)) == ["a"]
    publish(stream, single, *"bcdefgh")
    forget_before(single, 8)
    publish(stream, single, "i")
    seen = values(drain(consumer))
    assert seen[-1] == "i"
    assert consumer.lag() == 0
    kafka.delete_topics(single.name)


def test_a_start_at_the_earliest_says_nothing(stream: KafkaStream, topic: Topic) -> None:
    """Who has no place yet misses nothing."""
    publish(stream, topic, *"abcdef")
    forget_before(topic, 1)
    with capture_logs() as logs:
        drain(stream.consume(topic.name, topic.name))
        drain(stream.consume(topic.name))
    assert not [item for item in logs if item["event"] == "records_passed_over"]


def test_memory_is_bounded_and_paused_partitions_go_on(stream: KafkaStream, topic: Topic) -> None:
    """A worker that takes its time finds no more than the bound, and everything in the end."""
    count, size = 600, 100_000
    consumer = stream.consume(topic.name, topic.name)
    for begin in range(0, count, 50):
        publish(stream, topic, *(f"{number:04d}" for number in range(begin, begin + 50)), size=size)
    backlog = consumer._backlog  # type: ignore[attr-defined]
    until(lambda: sum(backlog.held().values()) > HELD_BYTES * 0.8)
    seen = 0
    while seen < count:
        # A fetch more than the bound for each partition, which comes when it is nearly full.
        assert sum(backlog.held().values()) < HELD_BYTES + topic.partitions * 12 * (size + RECORD_BYTES)
        seen += len(consumer.poll(10, 7))
    assert consumer.lag() == 0


def test_a_static_member_keeps_its_partitions_over_a_restart(topic: Topic) -> None:
    """The others hear nothing of it."""
    static = kafka.url("session_seconds=30&instance=one")
    with closing(open_stream(kafka.url("session_seconds=30"))) as other, closing(open_stream(static)) as first:
        first.create(topic)
        members = [first.consume(topic.name, topic.name), other.consume(topic.name, topic.name)]
        publish(first, topic, *(f"v{number}" for number in range(60)))
        until(lambda: sum(member.lag() for member in members) == 60 and all(member.lag() for member in members))
        seen = drain(members[0])
        for record in seen:
            members[0].commit(record.partition, record.offset + 1)
        with capture_logs() as logs:
            first.close()
            with closing(open_stream(static)) as again:
                publish(other, topic, *(f"w{number}" for number in range(60)))
                later = drain(again.consume(topic.name, topic.name))
        assert {record.partition for record in later} == {record.partition for record in seen}
        assert not {record.value for record in later} & {record.value for record in seen}
        assigned = [item for item in logs if item["event"] == "partitions_assigned"]
        assert [item["all"] for item in assigned] == [len({record.partition for record in seen})]


def test_two_processes_of_one_instance_are_told(topic: Topic) -> None:
    """The one that was there first is refused at its next commit, with the option to look at."""
    url = kafka.url("session_seconds=30&instance=twin")
    with closing(open_stream(url)) as one, closing(open_stream(url)) as two:
        one.create(topic)
        first = one.consume(topic.name, topic.name)
        until(lambda: first.lag() == 0 and first._backlog.places())  # type: ignore[attr-defined]
        second = two.consume(topic.name, topic.name)
        until(lambda: second._backlog.places())  # type: ignore[attr-defined]
        publish(one, topic, *"abcdefgh")

        def refused() -> bool:
            try:
                for record in first.poll(0.1, 1):
                    first.commit(record.partition, record.offset + 1)
            except Conflict as error:
                return "instance" in str(error)
            return False

        until(refused)


def test_a_broker_that_is_away_is_unavailable_and_comes_back(tmp_path: Path) -> None:
    """Publishing, asking and opening say so within the time that is set; nothing is left behind, and all goes on."""
    server = kafka.started()
    url = f"{server.url}?session_seconds=3&publish_seconds=2"
    topic = Topic("images", 2)
    stream = open_stream(url)
    stream.create(topic)
    consumer = stream.consume(topic.name, topic.name)
    publish(stream, topic, "before")
    assert values(collect(consumer, 1)) == ["before"]
    server.kill()
    threads = threading.active_count()
    with pytest.raises(Unavailable, match="images"):
        publish(stream, topic, "lost, or twice")
    with pytest.raises(Unavailable):
        stream.end_offsets(topic.name)
    assert consumer.poll(0.1, 1) == []
    with pytest.raises(Unavailable, match="can't be reached"):
        open_stream(url)
    with pytest.raises(Unavailable):
        stream.consume(topic.name, "another")
    assert threading.active_count() <= threads
    server.start()

    def published() -> bool:
        try:
            publish(stream, topic, "after")
        except Unavailable:
            return False
        return True

    until(published)
    until(lambda: "after" in values(consumer.poll(1, 10)))
    stream.close()
    server.kill()


def test_brokers_that_are_not_known_yet_are_unavailable() -> None:
    """A client whose first connection broke knows no broker by number: it does a moment later."""
    assert isinstance(meant(errors.UnknownBrokerIdError(-1), "the offsets can't be read"), Unavailable)


def test_a_connection_that_was_refused_at_first_rests() -> None:
    """What the kernel noted of the refusal would keep a thread busy for as long as the connection lasts."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "iptables"))):
        pytest.skip("a network of its own takes root: apt-get install iproute2 iptables")
    command = ["unshare", "--net", sys.executable, "-W", "ignore", "-m", "tests.adapters.kafka_refused"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
