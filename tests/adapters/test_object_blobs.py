"""Tests of files in a folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from madseg.adapters.blobs import open_blobs
from madseg.core.errors import Conflict, Unavailable
from tests.adapters.conftest import FullDisk


def test_uris_go_with_the_folder_when_it_is_moved(tmp_path: Path) -> None:
    """They don't say where the folder is."""
    uri = open_blobs(f"file://{tmp_path}/here").put("a/b", b"content")
    (tmp_path / "here").rename(tmp_path / "there")
    assert open_blobs(f"file://{tmp_path}/there").get(uri) == b"content"
    assert str(tmp_path) not in uri


def test_files_lie_under_their_keys(tmp_path: Path) -> None:
    """So that a person finds them."""
    open_blobs(f"file://{tmp_path}").put("images/ab.png", b"content")
    assert (tmp_path / "images" / "ab.png").read_bytes() == b"content"


WRITER = """
import sys
from madseg.adapters.blobs import open_blobs
blobs = open_blobs(sys.argv[1])
for number in range(10_000):
    blobs.put(f"{number % 7}", bytes([number % 256]) * 3_000_000)
    print(flush=True)
"""


def test_a_killed_writer_leaves_whole_files_and_what_goes_at_the_next_opening(tmp_path: Path) -> None:
    """Whatever it was doing; what another one is writing at the moment stays."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, f"file://{tmp_path}"], stdout=subprocess.PIPE)
    with writer:
        assert writer.stdout is not None
        for _ in range(10):
            writer.stdout.readline()
        writer.kill()
    (tmp_path / "+writing" / "half").write_bytes(b"half")
    left = list((tmp_path / "+writing").iterdir())
    for path in left:
        os.utime(path, (0, 0))
    (tmp_path / "+writing" / "now").write_bytes(b"")
    blobs = open_blobs(f"file://{tmp_path}")
    assert [path.name for path in (tmp_path / "+writing").iterdir()] == ["now"]
    for key in (path.name for path in tmp_path.iterdir() if path.is_file()):
        content = blobs.get(f"blob:{key}")
        assert content == content[:1] * 3_000_000


def test_a_key_below_a_file_is_a_conflict(tmp_path: Path) -> None:
    """In a folder a name is a file or a folder."""
    blobs = open_blobs(f"file://{tmp_path}")
    blobs.put("a/b", b"content")
    with pytest.raises(Conflict, match="a/b/c"):
        blobs.put("a/b/c", b"content")
    with pytest.raises(Conflict, match="a"):
        blobs.put("a", b"content")
    assert not list((tmp_path / "+writing").iterdir())
    blobs.delete("blob:a")
    assert blobs.get("blob:a/b") == b"content"


def test_a_full_disk_is_unavailable_and_leaves_the_old_file(tmp_path: Path, full_disk: FullDisk) -> None:
    """Whole or not at all."""
    blobs = open_blobs(f"file://{tmp_path}")
    uri = blobs.put("a", b"old")
    with full_disk(100_000), pytest.raises(Unavailable, match="a in"):
        blobs.put("a", bytes(1_000_000))
    assert blobs.get(uri) == b"old"
    blobs.put("a", b"new")
    assert blobs.get(uri) == b"new"
