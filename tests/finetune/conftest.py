"""A network that is small enough to learn within a second, and a run of it."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is absent: make .venv/.train")

from madseg.finetune.graph import Trainable, trainable
from madseg.finetune.network import Network
from tests.finetune.small import CLASSES, make_run, served


@pytest.fixture
def source() -> Trainable:
    """The small network, cut off behind its scores."""
    return trainable(served(), CLASSES)


@pytest.fixture
def network(source: Trainable) -> Network:
    """The small network as a module."""
    return Network(source)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run over the small network."""
    return make_run(tmp_path / "run")
