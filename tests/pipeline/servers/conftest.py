"""The whole way on Kafka, Triton, PostgreSQL and S3 at once, each service in processes of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.server import Lacking
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.servers.checking import settings


@pytest.fixture(scope="module")
def servers(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One of each, started."""
    folder = tmp_path_factory.mktemp("servers")
    shutil.copytree(made / "models", folder / "models")
    found = Servers.of(folder, folder / "models")
    try:
        for server in found.all().values():
            server.start()
        yield found
    except Lacking as lacking:
        pytest.skip(str(lacking))
    finally:
        for server in found.all().values():
            server.stop()
        shutil.rmtree(found.postgres.folder, ignore_errors=True)


@pytest.fixture
def fleet(servers: Servers, made: Path, tmp_path: Path) -> Iterator[Fleet]:
    """Three predictors and three selectors under a prefix of their own, not started."""
    with Fleet(settings(servers, made), tmp_path, predictors=3, selectors=3) as fleet:
        yield fleet
