"""Members of a group that join, leave, are killed and stand still: every record has its effect exactly once."""

import random
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pytest

from deploy.local.kafka import Kafka
from madseg.adapters.streams import open_stream
from madseg.core.errors import Unavailable
from madseg.ports import Outgoing, Stream, Topic
from tests.adapters.kafka_member import Ledger
from tests.contracts.reading import until
from tests.servers import kafka

MEMBER = "tests.adapters.kafka_member"
PARTITIONS = 6


class Members:
    """Processes of one group on one topic."""

    def __init__(self, url: str, topic: str, ledger: Ledger) -> None:
        self._command = [sys.executable, "-m", MEMBER, url, topic, f"{topic}.group", str(ledger.file)]
        self.running: list[subprocess.Popen[bytes]] = []

    def join(self, count: int = 1) -> None:
        """That many more; returns when they have connected."""
        begun = [subprocess.Popen(self._command, stdout=subprocess.PIPE) for _ in range(count)]
        self.running += begun
        for process in begun:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"

    def leave(self, number: signal.Signals) -> None:
        """The oldest goes, asked or killed."""
        process = self.running.pop(0)
        process.send_signal(number)
        process.communicate(timeout=60)

    def end(self) -> None:
        """All of them."""
        while self.running:
            self.leave(signal.SIGKILL)


def freeze(process: "subprocess.Popen[bytes]", ledger: Ledger) -> None:
    """Stops a process at a moment at which it doesn't hold the ledger, which the others would wait for."""
    _stop(process)
    while not ledger.is_free():
        process.send_signal(signal.SIGCONT)
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Returns once every thread stands still: until then one may still take what it is asked not to hold."""
    process.send_signal(signal.SIGSTOP)

    def stands() -> bool:
        threads = Path(f"/proc/{process.pid}/task").glob("*/stat")
        with suppress(OSError):  # a thread has just ended
            return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)
        return False

    until(stands)


AHEAD = 1000
"""Records that wait at most: whoever gets further has worked off every partition."""


class Publishing:
    """Publishes records with values 0, 1, 2, ... in a thread until it is stopped; what is away is waited for.

    It stays near the work, so that a partition that nobody has stops it.
    """

    def __init__(self, stream: Stream, topic: str, ledger: Ledger) -> None:
        self._stream, self._topic, self._ledger = stream, topic, ledger
        self._stopping = threading.Event()
        self.published = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> list[str]:
        """The values, all acknowledged; some may be there twice, where an acknowledgement was lost."""
        self._stopping.set()
        self._thread.join()
        return [str(number) for number in range(self.published)]

    def there(self) -> int:
        """How many records the topic has."""
        return sum(self._stream.end_offsets(self._topic).values())

    def _run(self) -> None:
        while not self._stopping.wait(0.005):
            if self.published > self._ledger.count() + AHEAD:
                continue
            numbers = range(self.published, self.published + 10)
            records = [Outgoing(self._topic, f"key{n % 50}", str(n).encode().ljust(500)) for n in numbers]
            with suppress(Unavailable):
                self._stream.publish(records)
                self.published += 10


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as stack:
        yield stack


Group = Callable[[str], tuple[Publishing, Ledger, Members]]


@pytest.fixture
def group(ending: ExitStack, tmp_path: Path) -> Group:
    """Makes a topic, a ledger of its records, one who publishes, and members to be."""

    def made(url: str) -> tuple[Publishing, Ledger, Members]:
        stream, topic, ledger = open_stream(url), f"t{uuid.uuid4().hex[:8]}", Ledger(tmp_path / "ledger.db")
        ending.callback(kafka.delete_topics, topic, server=url)
        ending.callback(stream.close)
        stream.create(Topic(topic, PARTITIONS))
        members = Members(url, topic, ledger)
        publishing = ending.enter_context(Publishing(stream, topic, ledger))
        ending.callback(members.end)  # first, as whoever stands still may hold what publishing waits for
        return publishing, ledger, members

    return made


def test_members_that_come_and_go_lose_nothing_and_do_nothing_twice(group: Group) -> None:
    """Three at a time, of which one after the other leaves or is killed while records come."""
    publishing, ledger, members = group(kafka.url())
    choice = random.Random(7)
    members.join(3)
    for _ in range(6):
        seen = ledger.count()
        until(lambda seen=seen: ledger.count() > seen + 100)  # type: ignore[misc]
        members.leave(choice.choice([signal.SIGTERM, signal.SIGKILL]))
        members.join()
    expected = publishing.end()
    until(lambda: ledger.count() >= len(expected))
    assert sorted(expected) == sorted(ledger.values())


def test_a_member_that_stood_still_past_its_session_is_fenced(group: Group) -> None:
    """Others have its partitions by then; what it still holds has no effect, and it joins again."""
    publishing, ledger, members = group(kafka.url())
    members.join(2)
    until(lambda: ledger.count() > 200)
    zombie = members.running[0]
    freeze(zombie, ledger)
    # Further than everything that can wait: the other has what the zombie had.
    taken_over = ledger.count() + 2 * AHEAD
    until(lambda: ledger.count() > taken_over)
    zombie.send_signal(signal.SIGCONT)
    until(lambda: ledger.count() > taken_over + AHEAD)
    expected = publishing.end()
    until(lambda: ledger.count() >= len(expected))
    assert sorted(expected) == sorted(ledger.values())
    assert zombie.poll() is None


@pytest.mark.timeout(300)
def test_a_broker_that_is_killed_loses_nothing(group: Group, ending: ExitStack) -> None:
    """In the middle of publishing and reading; everything goes on by itself once it is back."""
    server: Kafka = kafka.started()
    ending.callback(server.kill)
    publishing, ledger, members = group(f"{server.url}?{kafka.OPTIONS}&publish_seconds=3")
    members.join(2)
    for _ in range(2):
        seen = ledger.count()
        until(lambda seen=seen: ledger.count() > seen + 300)  # type: ignore[misc]
        server.kill()
        server.start()
    seen = ledger.count()
    until(lambda: ledger.count() > seen + 100)
    expected = publishing.end()
    until(lambda: set(expected) <= set(ledger.values()))
    assert all(member.poll() is None for member in members.running)
    assert publishing.there() == ledger.count()
