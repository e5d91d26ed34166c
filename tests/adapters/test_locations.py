"""Tests of the URLs of embedded adapters."""

from pathlib import Path

import pytest

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.inference import open_inference
from madseg.adapters.locations import database_file, folder
from madseg.adapters.streams import open_stream
from madseg.core.errors import InvalidInput, Unavailable


def test_three_slashes_are_relative_and_four_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SQLAlchemy has it; the folder is made."""
    monkeypatch.chdir(tmp_path)
    assert tmp_path / "state" / "a.db" == database_file("sqlite:///state/a.db")
    assert tmp_path / "other" / "a.db" == database_file(f"sqlite:///{tmp_path}/other/a.db")
    assert {"state", "other"} == {path.name for path in tmp_path.iterdir()}


def test_a_folder_is_relative_without_slashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And absolute with three; percent signs are decoded."""
    monkeypatch.chdir(tmp_path)
    assert tmp_path / "state/blobs" == folder("file:state/blobs", "file")
    assert Path("/srv/two words") == folder("file:///srv/two%20words", "file")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:a.db", "sqlite:///a/"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    """With what it should look like."""
    with pytest.raises(InvalidInput, match="sqlite:///relative"):
        database_file(url)


@pytest.mark.parametrize("url", ["file:", "file://", "file://host/folder"])
def test_a_url_that_names_no_folder_is_refused(url: str) -> None:
    """Another machine's neither."""
    with pytest.raises(InvalidInput, match="file:relative"):
        folder(url, "file")


def test_a_folder_that_can_not_be_made_is_unavailable(tmp_path: Path) -> None:
    """The message names it and why."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"):
        open_stream(f"sqlite:///{tmp_path}/file/below/stream.db")


@pytest.mark.parametrize("opened", [open_stream, open_database, open_blobs, open_inference])
def test_an_unknown_kind_is_refused(opened: type) -> None:
    """With the kinds that there are."""
    with pytest.raises(InvalidInput, match="carrier-pigeon"):
        opened("carrier-pigeon://coop")
