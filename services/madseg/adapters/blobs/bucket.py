"""Somebody else's objects below a prefix, read only: any keys, very many of them."""

import re
from collections.abc import Iterator

import obstore
from obstore.exceptions import InvalidPathError, PermissionDeniedError

from madseg.adapters.blobs.failures import CALLERS_FAULT, FAILURES, cause, code, translated
from madseg.adapters.blobs.stores import NOWHERE, open_store
from madseg.core.errors import InvalidInput, NotFound, Unavailable

PAGE = 1000
"""Keys held at once: what stores answer a listing with."""


class Bucket:
    """The objects at a URL as in `madseg.adapters.blobs.stores`. Thread-safe."""

    def __init__(self, url: str) -> None:
        remote = open_store(url)
        self._store, self.name = remote.store, remote.name

    def listed(self, after: str = "") -> Iterator[tuple[str, int]]:
        """(key, size in bytes) of the objects whose key is greater than `after`, in the order of the keys.

        Raises:
            InvalidInput: a key that this client can't name; the message says which.
            Unavailable: the store doesn't answer.
        """
        try:
            for page in obstore.list(self._store, offset=after or None, chunk_size=PAGE):
                for found in page:
                    yield found["path"], found["size"]
        except InvalidPathError as error:
            named = re.search(r'Path "(.*?)"(?: contained|: Encountered)', str(error), re.DOTALL)
            key = named.group(1) if named else cause(error)
            raise InvalidInput(
                f"{self.name} can't be listed past the key {key!r}: a key must have no empty, '.' or '..' part and no "
                "control character; rename it, or take in the folders beside it one by one"
            ) from error
        except FAILURES as error:
            raise translated(error, f"the list of {self.name}") from error

    def read(self, key: str, limit: int) -> bytes:
        """An object whole.

        Raises:
            NotFound: it is gone.
            InvalidInput: it has more than `limit` bytes, or its reader isn't let in.
            Unavailable: the store doesn't answer.
        """
        try:
            found = obstore.get(self._store, key)
            if found.meta["size"] > limit:
                raise InvalidInput(f"the object has {found.meta['size']} bytes, at most {limit} are taken")
            return bytes(found.bytes())
        except PermissionDeniedError as error:
            if code(error) & CALLERS_FAULT:
                raise translated(error, key) from error
            raise InvalidInput(f"the store refuses to hand it out: {cause(error)}") from error
        except FAILURES as error:
            raise translated(error, key) from error

    def check(self) -> None:
        """Raises Unavailable where the store doesn't answer."""
        try:
            self.read(NOWHERE, 0)
        except NotFound:
            return
        except InvalidInput as error:
            raise Unavailable(str(error)) from error
