"""The ports under test: each test runs once per entry in `places`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.ports import Blobs, Database, Inference, Stream
from tests.contracts.places import BLOBS, DATABASES, INFERENCES, SHARED_STREAMS, STREAMS, Place
from tests.contracts.reading import FOUR, ONE


@pytest.fixture(params=sorted(STREAMS))
def stream_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place[Stream]]:
    """Where a stream is kept."""
    place = STREAMS[request.param](tmp_path)
    yield place
    place.wipe()


@pytest.fixture(params=sorted(SHARED_STREAMS))
def shared_stream_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place[Stream]]:
    """Where a stream is kept that other processes can open too."""
    place = SHARED_STREAMS[request.param](tmp_path)
    yield place
    place.wipe()


@pytest.fixture
def stream(stream_place: Place[Stream]) -> Iterator[Stream]:
    """An open stream."""
    opened = stream_place.open()
    yield opened
    opened.close()


@pytest.fixture
def topics(stream: Stream) -> Stream:
    """The stream with the topics of `reading`."""
    stream.create(FOUR)
    stream.create(ONE)
    return stream


@pytest.fixture(params=sorted(DATABASES))
def database_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place[Database]]:
    """Where an empty database is kept."""
    place = DATABASES[request.param](tmp_path)
    yield place
    place.wipe()


@pytest.fixture
def database(database_place: Place[Database]) -> Iterator[Database]:
    """An open, empty database."""
    opened = database_place.open()
    yield opened
    opened.close()


@pytest.fixture(params=sorted(BLOBS))
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An open, empty file store."""
    opened = BLOBS[request.param](tmp_path).open()
    yield opened
    opened.close()


@pytest.fixture(params=sorted(INFERENCES))
def inference(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inference]:
    """Inference that has the networks of `networks`."""
    opened = INFERENCES[request.param](tmp_path).open()
    yield opened
    opened.close()
