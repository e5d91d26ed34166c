"""A gateway on embedded parts in a fresh folder."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.streams import open_stream
from madseg.core.preprocess import Size
from madseg.gateway.accept import Intake, Policy
from madseg.gateway.migrations import TABLES
from madseg.ports import Blobs, Database, Record, Stream
from madseg.wire import images_topic, predictions_topic
from tests.databases import empty_database

START = 1_700_000_000_000_000
"""The first time that the tests' clock tells."""

GRID = Size(12, 16)

POLICY = Policy(GRID)


@dataclass(frozen=True)
class Parts:
    """The parts that a gateway stands on; a clock that is a second on at each look."""

    stream: Stream
    database: Database
    blobs: Blobs
    clock: Callable[[], int]
    folder: Path

    def intake(self, policy: Policy = POLICY, stream: Stream | None = None) -> Intake:
        """An intake on the parts."""
        return Intake(stream or self.stream, self.database, self.blobs, policy, self.clock, "t")

    def records(self, topic: str) -> list[Record]:
        """All records of a topic."""
        consumer = self.stream.consume(topic, "reader", lambda _: 0)
        try:
            found: list[Record] = []
            while batch := consumer.poll(0.0, 100):
                found += batch
            return found
        finally:
            consumer.close()

    def files(self) -> list[str]:
        """Paths of the files in the blob store."""
        place = self.folder / "blobs"
        return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


@pytest.fixture
def kind() -> str:
    """Of the database; modules whose statements matter have every kind."""
    return "sqlite"


@pytest.fixture
def database_url(kind: str, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is."""
    with empty_database(kind, tmp_path) as url:
        yield url


@pytest.fixture
def parts(database_url: str, tmp_path: Path) -> Iterator[Parts]:
    """Parts in a fresh folder with the gateway's topics and tables."""
    stream = open_stream(f"sqlite:///{tmp_path}/stream.db")
    database = open_database(database_url, "gateway")
    blobs = open_blobs(f"file://{tmp_path}/blobs")
    for topic in (images_topic, predictions_topic):
        stream.create(topic("t", 2))
    database.prepare(TABLES, upgrade=True)
    ticks = itertools.count(START, 1_000_000)
    yield Parts(stream, database, blobs, lambda: next(ticks), tmp_path)
    for opened in (blobs, database, stream):
        opened.close()
