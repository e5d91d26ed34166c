"""Labelling's database, of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.databases import open_database
from madseg.labelling.migrations import TABLES
from madseg.ports import Database
from tests.databases import KINDS, empty_database


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty one is."""
    with empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open one with labelling's tables."""
    opened = open_database(database_url, "labelling")
    opened.prepare(TABLES, upgrade=True)
    yield opened
    opened.close()
