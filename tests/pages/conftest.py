"""Desks: an empty one, and copies of one on which models and pictures are in already."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.client import Upload
from tests.pages.desk import Desk
from tests.pages.networks import bring


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder with everything in: both models compete over all pictures. Not to be changed."""
    folder = tmp_path_factory.mktemp("prepared") / "mine"
    folder.mkdir()
    bring(folder)
    with Desk(folder) as desk:
        desk.start()
        for name in ("ours", "theirs"):
            desk.client.add_model(folder / f"{name}.onnx", (folder / f"{name}.yaml").read_text())
        files = sorted((folder / "pictures").iterdir())
        list(desk.client.upload_many(Upload.from_file(path, source="first") for path in files))
        desk.settle()
        desk.stop()
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Desk]:
    """A folder with networks, cards and pictures; nothing runs."""
    folder = tmp_path / "mine"
    folder.mkdir()
    bring(folder)
    with Desk(folder) as desk:
        yield desk


@pytest.fixture
def furnished(prepared: Path, tmp_path: Path) -> Iterator[Desk]:
    """A folder of its own in which models and pictures are in, and `madseg up` runs."""
    shutil.copytree(prepared, tmp_path / "mine")
    with Desk(tmp_path / "mine") as desk:
        desk.start()
        yield desk
