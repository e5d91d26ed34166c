"""A desk over a database of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.databases import open_database
from madseg.ports import Database
from madseg.rounds.migrations import TABLES
from tests.databases import KINDS, empty_database
from tests.rounds.desk import Desk


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open one with the service's tables."""
    with empty_database(request.param, tmp_path) as url:
        opened = open_database(url, "rounds")
        opened.prepare(TABLES, upgrade=True)
        yield opened
        opened.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Database]:
    """The embedded one alone."""
    opened = open_database(f"sqlite:///{tmp_path}/rounds.db", "rounds")
    opened.prepare(TABLES)
    yield opened
    opened.close()


@pytest.fixture
def desk(embedded: Database) -> Desk:
    """The service without a server, whose neighbours get on by themselves."""
    return Desk(embedded)


@pytest.fixture
def led(embedded: Database) -> Desk:
    """The same, with people and machines that the test leads."""
    return Desk(embedded, by_itself=False)
