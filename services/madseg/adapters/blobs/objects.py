"""Files in whatever obstore speaks to: memory, an object store, a folder."""

from collections.abc import Iterator
from contextlib import contextmanager

import obstore
from obstore.store import ObjectStore

from madseg.adapters.blobs.failures import FAILURES, translated
from madseg.adapters.blobs.keys import checked_key, key_of, uri_of
from madseg.core.errors import Conflict, MadsegError, NotFound
from madseg.ports import Blobs


class ObjectBlobs(Blobs):
    """`name` says where the store is, for messages."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store: ObjectStore | None = store
        self._name = name

    def put(self, key: str, content: bytes, media_type: str = "") -> str:
        with self._guarded(checked_key(key)) as store:
            self._write(store, key, content, media_type)
        return uri_of(key)

    def uri(self, key: str) -> str:
        return uri_of(checked_key(key))

    def get(self, uri: str) -> bytes:
        with self._guarded(key := key_of(uri)) as store:
            return bytes(obstore.get(store, key).bytes())

    def delete(self, uri: str) -> None:
        try:
            with self._guarded(key := key_of(uri)) as store:
                obstore.delete(store, key)
        except NotFound:
            return

    def close(self) -> None:
        self._store = None

    def _write(self, store: ObjectStore, key: str, content: bytes, media_type: str) -> None:
        # In one piece: a multipart upload is atomic too, but twice as many requests.
        obstore.put(
            store, key, content, use_multipart=False, attributes={"Content-Type": media_type} if media_type else None
        )

    def _error(self, key: str, error: Exception) -> MadsegError:
        return translated(error, f"{key} in {self._name}")

    @contextmanager
    def _guarded(self, key: str) -> Iterator[ObjectStore]:
        if self._store is None:
            raise Conflict(f"the file store {self._name} is closed")
        try:
            yield self._store
        except FAILURES as error:
            raise self._error(key, error) from error
