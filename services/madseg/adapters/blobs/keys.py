"""Keys of files and the URIs that name them: `blob:<key>`, relative to the store, so that a store can be moved."""

import re

from madseg.core.errors import InvalidInput

PREFIX = "blob:"

MAX_KEY = 900
"""Characters in a key: object stores take 1,024 bytes, a deployment's prefix included."""

MAX_SEGMENT = 200
"""Characters between two slashes: file systems take 255 bytes, and a file being written has a longer name."""

_SEGMENT = re.compile(rf"[a-zA-Z0-9._-]{{1,{MAX_SEGMENT}}}")


def checked_key(key: str) -> str:
    """`key`, if it is one.

    Raises:
        InvalidInput: it is not.
    """
    segments = key.split("/")
    fit = all(_SEGMENT.fullmatch(segment) and segment not in {".", ".."} for segment in segments)
    if not fit or len(key) > MAX_KEY:
        raise InvalidInput(
            f"a key must be at most {MAX_KEY} characters, segments of 1..{MAX_SEGMENT} of a-z, A-Z, 0-9, '.', '_', '-' "
            f"joined by '/', none of them '.' or '..': got {key[:200]!r}"
        )
    return key


def uri_of(key: str) -> str:
    """The URI of a valid key."""
    return PREFIX + key


def key_of(uri: str) -> str:
    """The key in a URI.

    Raises:
        InvalidInput: it is of no store of ours.
    """
    if not uri.startswith(PREFIX):
        raise InvalidInput(f"{uri[:200]!r} is not a URI of this store: they begin with {PREFIX!r}")
    return checked_key(uri.removeprefix(PREFIX))
