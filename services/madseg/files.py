"""Files that are there whole or not at all, and folders with one writer at a time.

What is written lies beside its place under a name that nothing reads, and is renamed at the end. So whoever reads sees
the old content or the new, and a process that is killed leaves the old one; what it had written of the new one is
overwritten by the next writer. An error leaves nothing.

A power cut is another matter: many file systems write a rename down before what is in the file, which may then be
empty or short, under its own name. `durable` forces the content to disk first and the name after, so that the old or
the new is there, and the new once the call has returned. It waits for the disk, some milliseconds a file: for what
nobody can make again. Without it stand files that are made by the thousand, or of which a run makes another.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PART = ".part"
"""The suffix of a file that isn't whole; its name begins with a dot, so that other programs pass it over."""


@contextmanager
def replacing(path: Path, *, durable: bool = False, private: bool = False, writer: str = "") -> Iterator[IO[bytes]]:
    """A stream whose content takes the place of `path` at the end of the block. The folder is there.

    Args:
        private: its owner alone may read it, from the first byte on.
        writer: tells those apart who may write the same file at once; the last one's stays.

    Raises:
        OSError: it can't be written.
    """
    part = path.with_name(f".{path.name}{writer}{PART}")
    try:
        with open(part, "wb", opener=_private if private else None) as stream:
            yield stream
            if durable:
                _force(stream)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def replace_file(path: Path, content: bytes, *, durable: bool = False, private: bool = False, writer: str = "") -> None:
    """`replacing`, where the content is at hand."""
    with replacing(path, durable=durable, private=private, writer=writer) as stream:
        stream.write(content)


def write_file(path: Path, content: bytes) -> None:
    """Write and force to disk; for a file in a folder that nobody reads yet."""
    with path.open("wb") as file:
        file.write(content)
        _force(file)


def publish_folder(part: Path, path: Path) -> None:
    """Rename a finished folder to its name, once its entries are on disk."""
    sync_folder(part)
    part.rename(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Force a folder's entries to disk: a rename is durable only then."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever has it; the system frees it when its holder dies."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _force(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
