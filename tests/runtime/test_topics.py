"""The topics that a service needs."""

from collections.abc import Iterator

import pytest

from madseg.core.errors import Conflict
from madseg.ports import Topic
from madseg.runtime import ensure_topics
from tests.contracts.fakes import FakeStream

TOPIC = Topic("fruit", 1)


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    """With a topic."""
    opened = FakeStream()
    opened.create(TOPIC)
    yield opened
    opened.close()


def test_topics_that_are_there_are_checked_and_left_as_they_are(stream: FakeStream) -> None:
    """One that is absent is made; one that is set otherwise stops the start, for an operator to decide."""
    ensure_topics(stream, [TOPIC, Topic("juice", 2)])
    assert stream.identity("juice").partitions == 2
    with pytest.raises(Conflict, match="fruit"):
        ensure_topics(stream, [Topic(TOPIC.name, 1, compacted=True)])
    stream.check(TOPIC)
