"""Where foreign masks are read from: a folder, or a zip that is read entry by entry and never unpacked to disk."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from madseg.core.errors import InvalidInput, NotFound
from madseg.exchange.limits import (
    FREE_BYTES,
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_ENTRIES,
    MAX_FILE_BYTES,
    MAX_RATIO,
)
from madseg.exchange.names import safe

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Place(Protocol):
    """Files by their path below a root, with slashes."""

    def files(self) -> list[str]:
        """All files that aren't hidden, sorted."""

    def open(self, name: str) -> IO[bytes]:
        """One file's bytes, to be closed. Raises InvalidInput where there is none, or it can't be read."""

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """All bytes of a file. Raises InvalidInput also where it has more than `limit`."""


@contextmanager
def opened(path: Path) -> Iterator[Place]:
    """The folder or zip at a path.

    Raises:
        NotFound: neither is there.
        InvalidInput: a zip that is broken, encrypted, or asks for too much.
    """
    if path.is_dir():
        yield _Folder(path)
    elif path.is_file():
        yield from _archive(path)
    else:
        raise NotFound(f"{path} is neither a folder nor a file")


def below(place: Place, folder: str, ending: str) -> dict[str, str]:
    """Files in a folder of a place, by their path below it without ending."""
    head = f"{folder}/" if folder else ""
    found = [name for name in place.files() if name.startswith(head) and name.lower().endswith(ending)]
    return {name[len(head) : -len(ending)]: name for name in found}


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def files(self) -> list[str]:
        found = []
        for folder, folders, names in os.walk(self._root, onerror=_unreadable):
            folders[:] = [name for name in folders if not name.startswith(".")]
            here = Path(folder).relative_to(self._root)
            found += [(here / name).as_posix() for name in names if not name.startswith(".")]
        return sorted(found)

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self._root / safe(name)).open("rb")
        except OSError as error:
            raise InvalidInput(f"{name} can't be read: {error.strerror}") from error

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        with self.open(name) as stream:
            return _limited(stream, name, limit)


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def files(self) -> list[str]:
        names = [item.filename for item in self._archive.infolist() if not item.is_dir()]
        return sorted(name for name in names if not _hidden(name))

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._archive.open(name)
        except KeyError as error:
            raise InvalidInput(f"{name} is not in the zip") from error
        except _BROKEN as error:
            raise InvalidInput(f"{name} in the zip is broken: {error}") from error

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        with self.open(name) as stream:
            try:
                return _limited(stream, name, limit)
            except InvalidInput:
                raise
            except _BROKEN as error:
                raise InvalidInput(f"{name} in the zip is broken: {error}") from error


def _archive(path: Path) -> Iterator[Place]:
    try:
        archive = zipfile.ZipFile(path)
    except (*_BROKEN, OSError) as error:
        raise InvalidInput(f"{path} is neither a folder nor a zip: {error}") from error
    with archive:
        _check(archive)
        yield _Archive(archive)


def _check(archive: zipfile.ZipFile) -> None:
    """Raises InvalidInput where a zip asks for too much, or an entry would land elsewhere."""
    items = [item for item in archive.infolist() if not item.is_dir() and not _hidden(item.filename)]
    if len(items) > MAX_ARCHIVE_ENTRIES:
        raise InvalidInput(f"the zip has {len(items)} entries, at most {MAX_ARCHIVE_ENTRIES} are taken: split it")
    total = sum(item.file_size for item in items)
    if total > MAX_ARCHIVE_BYTES:
        raise InvalidInput(f"the zip has {total} bytes unpacked, at most {MAX_ARCHIVE_BYTES} are taken: split it")
    for item in items:
        safe(item.filename)
        if item.flag_bits & 1:
            raise InvalidInput(f"{item.filename} in the zip is encrypted: pack it without a password")
        if item.file_size > max(FREE_BYTES, MAX_RATIO * item.compress_size):
            raise InvalidInput(
                f"{item.filename} in the zip grows from {item.compress_size} to {item.file_size} bytes, more than "
                f"{MAX_RATIO} times: unpack it yourself if you trust it"
            )


def _hidden(name: str) -> bool:
    """True for what packers leave behind, such as __MACOSX/._a.png; an upward path isn't hidden but refused."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part.strip(".") for part in parts)


def _limited(stream: IO[bytes], name: str, limit: int) -> bytes:
    try:
        content = stream.read(limit + 1)
    except OSError as error:
        raise InvalidInput(f"{name} can't be read: {error.strerror}") from error
    if len(content) > limit:
        raise InvalidInput(f"{name} has more than {limit} bytes: make it smaller or split it")
    return content


def _unreadable(error: OSError) -> None:
    raise NotFound(f"{error.filename} can't be read: {error.strerror}") from error
