"""Writing files so that a power cut or a kill leaves the old state or the new, and one writer at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".tmp"
"""The suffix of what is not finished; nothing reads it, the next writer deletes it."""


def write_file(path: Path, content: bytes) -> None:
    """Write and force to disk; for a file in a folder that nobody reads yet."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file at once: a reader sees the old content or the new, never a part."""
    part = path.with_name(path.name + PART)
    write_file(part, content)
    part.replace(path)
    sync_folder(path.parent)


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
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
