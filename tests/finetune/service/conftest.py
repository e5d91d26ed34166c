"""A small world around the service, and its database of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.databases import open_database
from madseg.finetune.migrations import TABLES
from madseg.ports import Database
from tests.databases import KINDS, empty_database
from tests.finetune.service.desk import Desk
from tests.finetune.service.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The other services, and folders."""
    return World(tmp_path)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open one with the service's table."""
    with empty_database(request.param, tmp_path) as url:
        opened = open_database(url, "finetune")
        opened.prepare(TABLES, upgrade=True)
        yield opened
        opened.close()


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Iterator[Desk]:
    """The service without a server, over an embedded database, whose training is up to the test."""
    opened = open_database(f"sqlite:///{tmp_path}/finetune.db")
    opened.prepare(TABLES)
    yield Desk(opened, world)
    opened.close()
