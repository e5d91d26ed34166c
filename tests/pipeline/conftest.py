"""A small world, and `madseg up` on it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.expected import Asked
from tests.pipeline.running import Up
from tests.pipeline.world import GRID, write_repository, write_taxonomy


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the repository, the networks' own files and the taxonomy; not to be changed."""
    root = tmp_path_factory.mktemp("world")
    write_repository(root / "models", root / "networks")
    write_taxonomy(root / "taxonomy.json")
    return root


@pytest.fixture(scope="session")
def asked(made: Path) -> Asked:
    """The networks without the product."""
    return Asked(made / "models")


@pytest.fixture
def settings(made: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a process: free ports, a copy of the repository, rankings that soon overflow."""
    shutil.copytree(made / "models", tmp_path / "models")
    return environment(made, tmp_path)


def environment(made: Path, folder: Path) -> dict[str, str]:
    """Settings of a process whose repository is `folder / "models"`."""
    anywhere = "127.0.0.1:0"
    return {
        "MADSEG_TAXONOMY": str(made / "taxonomy.json"),
        "MADSEG_GRID": str(GRID),
        "MADSEG_REPOSITORY": str(folder / "models"),
        "MADSEG_HTTP": anywhere,
        "MADSEG_INTAKE": anywhere,
        "MADSEG_MODELS": anywhere,
        "MADSEG_SELECTOR": anywhere,
        "MADSEG_LABELLING": anywhere,
        "MADSEG_FINETUNE": anywhere,
        "MADSEG_ROUNDS": anywhere,
        "MADSEG_PARTITIONS": "3",
        "MADSEG_RANDOM_LANE": "0.1",
        "MADSEG_RANKING_CAPACITY": "5",
    }


@pytest.fixture
def up(settings: dict[str, str], tmp_path: Path) -> Iterator[Up]:
    """`madseg up` on an empty state, not started yet."""
    with Up(tmp_path / "state", settings) as process:
        yield process
