"""Pictures that appear in a folder."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from madseg.core.errors import NotFound
from madseg.gateway.sources.watch import Pace, watched
from madseg.gateway.upload import ImageUpload, Refused

PACE = Pace(settle=0.4, listing=1.5, tick=0.05)


class Watching:
    """A watch on a thread of its own."""

    def __init__(self, root: Path, polling: bool | None = None) -> None:
        self.items: Queue[ImageUpload | Refused] = Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(root, polling))
        self._thread.start()

    def _run(self, root: Path, polling: bool | None) -> None:
        for item in watched(root, self._stopping, pace=PACE, polling=polling):
            self.items.put(item)

    def take(self, count: int) -> dict[str, bytes]:
        """The next items by name."""
        found = [self.items.get(timeout=10) for _ in range(count)]
        return {item.name: item.content for item in found if isinstance(item, ImageUpload)}

    def quiet(self, seconds: float = 2.0) -> bool:
        """True if nothing more comes."""
        try:
            self.items.get(timeout=seconds)
        except Empty:
            return True
        return False

    def stop(self) -> None:
        """Ends the watch."""
        self._stopping.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    """A watch on a folder with two files and a hidden one."""
    (tmp_path / "sub").mkdir()
    for name in ("old.jpg", "sub/old.jpg", ".hidden.jpg"):
        (tmp_path / name).write_text(name)
    found = Watching(tmp_path)
    yield found
    found.stop()


def test_what_is_there_and_what_comes(tmp_path: Path, watching: Watching) -> None:
    """Each once, new folders and moved-in files too; a listing later changes nothing."""
    assert watching.take(2) == {"old.jpg": b"old.jpg", "sub/old.jpg": b"sub/old.jpg"}
    (tmp_path / "new.jpg").write_text("new")
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/new.jpg").write_text("deep")
    (tmp_path.parent / "outside.jpg").write_text("moved")
    (tmp_path.parent / "outside.jpg").rename(tmp_path / "moved.jpg")
    assert watching.take(3) == {"new.jpg": b"new", "deep/er/new.jpg": b"deep", "moved.jpg": b"moved"}
    assert watching.quiet()


def test_a_file_is_taken_when_it_is_complete(tmp_path: Path, watching: Watching) -> None:
    """A slow writer is waited for."""
    watching.take(2)
    with (tmp_path / "slow.jpg").open("wb", buffering=0) as stream:
        for _ in range(8):
            stream.write(b"part ")
            time.sleep(0.15)
    assert watching.take(1) == {"slow.jpg": b"part " * 8}


def test_a_changed_file_comes_again(tmp_path: Path, watching: Watching) -> None:
    """Its new content."""
    watching.take(2)
    (tmp_path / "old.jpg").write_text("changed")
    assert watching.take(1) == {"old.jpg": b"changed"}


def test_a_file_that_goes_is_no_error(tmp_path: Path, watching: Watching) -> None:
    """Deleted before it was complete."""
    watching.take(2)
    (tmp_path / "brief.jpg").write_text("x")
    (tmp_path / "brief.jpg").unlink()
    assert watching.quiet(1.0)


def test_polling(tmp_path: Path) -> None:
    """For drives that send no notices."""
    found = Watching(tmp_path, polling=True)
    try:
        (tmp_path / "a.jpg").write_text("a")
        assert found.take(1) == {"a.jpg": b"a"}
    finally:
        found.stop()


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    """At once."""
    with pytest.raises(NotFound):
        next(watched(tmp_path / "nowhere", threading.Event()))


def test_a_relative_folder(tmp_path: Path) -> None:
    """Names are below the folder however it was given."""
    root = Path(os.path.relpath(tmp_path))
    found = Watching(root)
    try:
        (tmp_path / "a.jpg").write_text("a")
        assert found.take(1) == {"a.jpg": b"a"}
    finally:
        found.stop()
