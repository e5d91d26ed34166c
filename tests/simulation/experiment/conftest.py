"""A seed so small that it runs through within a minute of CPU time, once for all tests."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is absent: make .venv/.train")

from madseg.simulation.experiment.kept import Result
from madseg.simulation.experiment.seed import run_seed
from tests.simulation.experiment.tiny import SEED, TINY


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the seed that ran through."""
    return tmp_path_factory.mktemp("experiment") / "seed"


@pytest.fixture(scope="session")
def results(folder: Path) -> Result:
    """What it gave."""
    return run_seed(SEED, TINY, folder, threads=1, heard=lambda _step: None)
