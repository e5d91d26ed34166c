"""Pictures in a folder and the folders in it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from madseg.core.errors import NotFound
from madseg.gateway.decode import LIMITS
from madseg.gateway.upload import ImageUpload, Refused, printable


def folder(
    root: Path,
    *,
    source: str = "folder",
    tags: Mapping[str, str] | None = None,
    max_bytes: int = LIMITS.max_bytes,
) -> Iterator[ImageUpload | Refused]:
    """Every file below `root`, in the order of its path; hidden files and folders and what is no file are left out.

    Memory: the names of one folder at a time, and one file.

    Raises:
        NotFound: `root` is no folder that can be read.
    """
    for found in files(root):
        yield found if isinstance(found, Refused) else read(root, found, source, tags or {}, max_bytes)


def files(root: Path) -> Iterator[Path | Refused]:
    """Paths of the files below `root`, sorted; a folder that can't be read is a refusal. Raises NotFound for `root`."""
    try:
        entries = _entries(root)
    except OSError as error:
        raise NotFound(f"folder {shown_path(root)} can't be read: {error.strerror}") from error
    yield from _walk(root, entries)


def read(root: Path, path: Path, source: str, tags: Mapping[str, str], max_bytes: int) -> ImageUpload | Refused:
    """A file as an upload named by its path below `root`."""
    name = shown_path(path.relative_to(root))
    try:
        size = path.stat().st_size
        if size > max_bytes:
            return Refused(name, f"the file has {size} bytes, at most {max_bytes} are taken: make it smaller")
        return ImageUpload(path.read_bytes(), name, source, tags=tags)
    except OSError as error:
        return Refused(name, f"the file can't be read: {error.strerror}")


def shown_path(path: Path) -> str:
    """A path as messages carry it, also where its name is no valid text."""
    return printable(os.fsencode(path).decode("utf-8", "replace"))


def _walk(root: Path, entries: list[os.DirEntry[str]]) -> Iterator[Path | Refused]:
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        try:
            # A linked folder may lead back to one above, a linked file can't.
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(root, _entries(path))
            elif entry.is_file():
                yield path
        except OSError as error:
            yield Refused(shown_path(path.relative_to(root)), f"it can't be read: {error.strerror}")


def _entries(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as found:
        return sorted(found, key=lambda entry: entry.name)
