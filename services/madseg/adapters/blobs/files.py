"""Files in a folder: written under a name that no key has, and moved to their place."""

import time
import uuid
from contextlib import suppress
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore

from madseg.adapters.blobs.failures import cause
from madseg.adapters.blobs.objects import ObjectBlobs
from madseg.core.errors import Conflict, MadsegError, NotFound

_WRITING = "+writing"
"""Where files are written. A process that is killed leaves one there; no key contains '+'."""

_ABANDONED_SECONDS = 3600.0
"""After which nobody writes to a file any more."""

_NOT_A_FOLDER = "(os error 20)"
_IS_A_FOLDER = "(os error 21)"


class Misplaced(Conflict):
    """A key and the beginning of another one: both may be in an object store, never in a folder."""


class FolderBlobs(ObjectBlobs):
    """`root` is there. What killed processes left behind goes at the opening."""

    def __init__(self, root: Path) -> None:
        super().__init__(LocalStore(root), str(root))
        _sweep(root / _WRITING)

    def get(self, uri: str) -> bytes:
        try:
            return super().get(uri)
        except Misplaced as error:
            raise NotFound(f"there is no file of this name: {error}") from error

    def delete(self, uri: str) -> None:
        with suppress(Misplaced):
            super().delete(uri)

    def _write(self, store: ObjectStore, key: str, content: bytes, media_type: str) -> None:  # noqa: ARG002
        # A file has no place for its media type.
        written = f"{_WRITING}/{uuid.uuid4().hex}"
        obstore.put(store, written, content, use_multipart=False)
        try:
            obstore.rename(store, written, key)
        except Exception:
            with suppress(Exception):
                obstore.delete(store, written)
            raise

    def _error(self, key: str, error: Exception) -> MadsegError:
        if _NOT_A_FOLDER in str(error) or _IS_A_FOLDER in str(error):
            return Misplaced(f"{key} in {self._name} is a folder, or under a file: {cause(error)}")
        return super()._error(key, error)


def _sweep(folder: Path) -> None:
    """Removes what was abandoned; another process may do the same at this moment."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()
