"""Files are there whole or not at all: after a kill, after an error, and for who reads meanwhile."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from madseg.files import replace_file, replacing

KILLED = """
import os, signal, sys
from pathlib import Path
from madseg.files import replacing
with replacing(Path(sys.argv[1]), durable=sys.argv[2] == "True") as stream:
    stream.write(b"new, but ha")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with old content, alone in its folder."""
    path = tmp_path / "state" / "file.json"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def beside(path: Path) -> list[str]:
    """All names in its folder."""
    return sorted(item.name for item in path.parent.iterdir())


@pytest.mark.parametrize("durable", [False, True])
def test_new_content_takes_the_place_of_the_old_at_once(path: Path, durable: bool) -> None:
    """Who reads while it is written sees the old; nothing else stays in the folder."""
    with replacing(path, durable=durable) as stream:
        stream.write(b"new, ")
        stream.flush()
        assert path.read_bytes() == b"old"
        stream.write(b"whole")

    assert path.read_bytes() == b"new, whole"
    assert beside(path) == ["file.json"]


def test_a_file_that_was_not_there_appears_whole(path: Path) -> None:
    """Its folder must be there."""
    replace_file(path.with_name("another"), b"new")

    assert path.with_name("another").read_bytes() == b"new"
    with pytest.raises(FileNotFoundError):
        replace_file(path.parent / "missing" / "file", b"new")


@pytest.mark.parametrize("durable", [False, True])
def test_a_kill_leaves_the_old_content_and_the_next_writer_leaves_nothing_of_it(path: Path, durable: bool) -> None:
    """Killed with half of the new content on disk."""
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), str(durable)], check=False)

    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert beside(path) == [".file.json.part", "file.json"]

    replace_file(path, b"new", durable=durable)
    assert path.read_bytes() == b"new"
    assert beside(path) == ["file.json"]


def test_an_error_on_the_way_leaves_the_old_content_and_nothing_else(path: Path) -> None:
    """Also one that is no error of ours, such as Ctrl-C."""

    def cut_off() -> None:
        with replacing(path) as stream:
            stream.write(b"new, but ha")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()

    assert path.read_bytes() == b"old"
    assert beside(path) == ["file.json"]


def test_what_cannot_take_its_place_goes(path: Path) -> None:
    """A folder has the name."""
    path.with_name("folder").mkdir()

    with pytest.raises(IsADirectoryError):
        replace_file(path.with_name("folder"), b"new", durable=True)
    assert beside(path) == ["file.json", "folder"]


def test_a_private_file_is_its_owners_from_the_first_byte_on(path: Path) -> None:
    """Whoever may look into the folder can't read what is being written either."""
    with replacing(path, private=True) as stream:
        stream.write(b"secret")
        assert path.with_name(".file.json.part").stat().st_mode & 0o777 == 0o600

    assert path.stat().st_mode & 0o777 == 0o600


def test_others_files_are_as_the_umask_has_them(path: Path) -> None:
    """As of `open`."""
    before = os.umask(0o027)
    try:
        replace_file(path, b"new")
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o640


def test_writers_that_tell_themselves_apart_write_at_once(path: Path) -> None:
    """The last one's content stays, whole."""
    with replacing(path, writer="0") as first, replacing(path, writer="1") as second:
        first.write(b"of the first")
        second.write(b"of the second")

    assert path.read_bytes() == b"of the first"
    assert beside(path) == ["file.json"]
