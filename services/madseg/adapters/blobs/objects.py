"""Files in whatever obstore speaks to: a folder, memory, an object store.

A folder's files are written beside their place as `<name>#<n>` and renamed. A process killed in between leaves such a
file behind; no key contains '#', so that it is never taken for content, and a later write takes another number.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from madseg.adapters.blobs.keys import checked_key, key_of, uri_of
from madseg.core.errors import Conflict, MadsegError, NotFound, Unavailable
from madseg.ports import Blobs

_NOT_A_FOLDER = "(os error 20)"
_IS_A_FOLDER = "(os error 21)"


class _Misplaced(Conflict):
    """A key and the beginning of another one: both may be in an object store, never in a folder."""


class ObjectBlobs(Blobs):
    """`name` says where the store is, for messages."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store: ObjectStore | None = store
        self._name = name

    def put(self, key: str, content: bytes) -> str:
        with self._guarded(checked_key(key)) as store:
            # In one piece: a multipart upload is atomic too, but twice as many requests.
            obstore.put(store, key, content, use_multipart=False)
        return uri_of(key)

    def get(self, uri: str) -> bytes:
        key = key_of(uri)
        try:
            with self._guarded(key) as store:
                return bytes(obstore.get(store, key).bytes())
        except _Misplaced as error:
            raise NotFound(f"there is no {key} in {self._name}") from error

    def delete(self, uri: str) -> None:
        key = key_of(uri)
        try:
            with self._guarded(key) as store:
                obstore.delete(store, key)
        except (NotFound, _Misplaced):
            return

    def close(self) -> None:
        self._store = None

    @contextmanager
    def _guarded(self, key: str) -> Iterator[ObjectStore]:
        if self._store is None:
            raise Conflict(f"the file store {self._name} is closed")
        try:
            yield self._store
        except FileNotFoundError as error:
            raise NotFound(f"there is no {key} in {self._name}") from error
        except BaseError as error:
            raise self._translated(key, error) from error

    def _translated(self, key: str, error: BaseError) -> MadsegError:
        # The rest of an obstore message is a dump for its developers.
        cause = str(error).partition("\n")[0]
        if _NOT_A_FOLDER in cause or _IS_A_FOLDER in cause:
            return _Misplaced(f"{key} in {self._name} is a folder, or under a file: {cause}")
        return Unavailable(f"{key} in {self._name}: {cause}")
