"""What is durable: a publisher killed at any moment leaves every record that it was told is there."""

import subprocess
import sys
from collections import defaultdict

import pytest

from madseg.ports import Outgoing, Stream, Topic
from tests.contracts.places import Place
from tests.contracts.publishing import publish_and_kill
from tests.contracts.reading import FOUR, drain

TOPIC = Topic(FOUR.name, 2)
MODULE = "tests.contracts.publishing"


@pytest.mark.parametrize("acknowledgements", [1, 40, 111])
def test_a_killed_publisher_loses_no_acknowledged_record(
    shared_stream_place: Place[Stream], acknowledgements: int
) -> None:
    """What was acknowledged is there once and in order per key, and new records are taken."""
    stream = shared_stream_place.open()
    stream.create(TOPIC)
    acknowledged = publish_and_kill(shared_stream_place.url, TOPIC.name, acknowledgements)
    stream.publish([Outgoing(TOPIC.name, "key0", b"after")])
    stream.close()
    reopened = shared_stream_place.open()
    records = drain(reopened.consume(TOPIC.name, "g"))
    reopened.close()
    by_key: dict[str, list[int]] = defaultdict(list)
    for record in records:
        if record.value != b"after":
            by_key[record.key].append(int(record.value or b""))
    numbers = {number for some in by_key.values() for number in some}
    assert set(range(acknowledged)) <= numbers
    assert len(records) == len(numbers) + 1
    assert all(sorted(some) == some for some in by_key.values())


def test_records_of_another_process_are_seen(shared_stream_place: Place[Stream]) -> None:
    """While it runs, by a poll that waits."""
    stream = shared_stream_place.open()
    stream.create(TOPIC)
    consumer = stream.consume(TOPIC.name, "g")
    with subprocess.Popen([sys.executable, "-m", MODULE, shared_stream_place.url, TOPIC.name], stdout=-3) as process:
        records = consumer.poll(30, 10)
        process.kill()
    stream.close()
    assert records
