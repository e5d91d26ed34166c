"""Pictures in folders."""

import os
from pathlib import Path

import pytest

from madseg.core.errors import NotFound
from madseg.gateway.sources.folder import folder
from madseg.gateway.upload import ImageUpload, Refused


def fill(root: Path, *names: str) -> None:
    """Makes files that hold their own name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_files_come_in_the_order_of_their_path(tmp_path: Path) -> None:
    """With their content, their path below the folder as name, and the given source and tags."""
    fill(tmp_path, "b.jpg", "a/2.jpg", "a/1.jpg", "c/d/e.png")
    items = list(folder(tmp_path, source="disk", tags={"k": "v"}))
    assert [
        ImageUpload(name.encode(), name, "disk", tags={"k": "v"})
        for name in ("a/1.jpg", "a/2.jpg", "b.jpg", "c/d/e.png")
    ] == items


def test_hidden_files_and_what_is_no_file_are_left_out(tmp_path: Path) -> None:
    """Pipes, hidden folders, and links that lead back up; a link to a file counts as the file."""
    fill(tmp_path, "a.jpg", ".b.jpg", ".git/c.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    assert [item.name for item in folder(tmp_path)] == ["a.jpg", "link.jpg"]


def test_what_can_not_be_read_is_named(tmp_path: Path) -> None:
    """The rest goes on."""
    fill(tmp_path, "a.jpg", "b.jpg", "large.jpg")
    (tmp_path / "a1.jpg").symlink_to("/proc/self/mem")
    (tmp_path / "large.jpg").write_bytes(bytes(100))
    first, broken, second, large = folder(tmp_path, max_bytes=50)
    assert isinstance(first, ImageUpload)
    assert isinstance(second, ImageUpload)
    assert isinstance(broken, Refused)
    assert (broken.name, "can't be read" in broken.reason) == ("a1.jpg", True)
    assert Refused("large.jpg", "the file has 100 bytes, at most 50 are taken: make it smaller") == large


def test_names_that_are_no_text_are_shown(tmp_path: Path) -> None:
    """A name in another encoding must not break a message."""
    (tmp_path / os.fsdecode(b"caf\xe9\n.jpg")).write_bytes(b"x")
    (item,) = folder(tmp_path)
    assert item.name == "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.jpg"


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    """At the first item."""
    with pytest.raises(NotFound, match="can't be read"):
        next(folder(tmp_path / "nowhere"))


@pytest.mark.soak
def test_a_folder_of_very_many_files(tmp_path: Path) -> None:
    """10,000, or 100,000 in the soak: all of them, in order, without holding what is in them."""
    count = 100_000 if os.environ.get("MADSEG_SOAK") else 10_000
    first = tmp_path / "000000.jpg"
    for n in range(count):
        # A file has at most about 65,000 names.
        if n % 50_000 == 0:
            first = tmp_path / f"{n:06}.jpg"
            first.write_bytes(b"x")
        else:
            os.link(first, tmp_path / f"{n:06}.jpg")
    assert [f"{n:06}.jpg" for n in range(count)] == [item.name for item in folder(tmp_path)]
