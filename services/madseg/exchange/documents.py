"""JSON of foreign tools: parsed without guessing, and with what is expected said where it is missing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from madseg.core.errors import InvalidInput, NotFound

T = TypeVar("T")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InvalidInput(f"an object has the key {next(key for key in keys if keys.count(key) > 1)[:40]!r} twice")
    return found


DECODER = json.JSONDecoder(object_pairs_hook=_object)
"""Decodes JSON; an object that has a key twice is InvalidInput: programs differ on which one counts."""


def parsed(content: bytes, what: str) -> Any:
    """The value of a JSON text.

    Raises:
        InvalidInput: it is none, or an object has a key twice.
    """
    try:
        return json.loads(content, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} is no JSON: {str(error)[:200]}") from error


@contextmanager
def opened_document(path: Path) -> Iterator[IO[bytes]]:
    """A file to read.

    Raises:
        NotFound: it can't be read.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise NotFound(f"{path} can't be read: {error.strerror}") from error
    with stream:
        yield stream


def entry(found: object, key: str, kind: type[T]) -> T:
    """What an object says under a key.

    Raises:
        InvalidInput: it is no object, or has nothing of this kind there.
    """
    value = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(value, kind):
        raise InvalidInput(f"{key!r} must be {_KINDS.get(kind, kind.__name__)}, got {str(value)[:40]!r}")
    return value


def entries(found: object, key: str) -> list[Any]:
    """The list under a key. Raises InvalidInput as `entry`."""
    return entry(found, key, list)


def objects(found: object, key: str) -> list[dict[str, Any]]:
    """The list of objects under a key. Raises InvalidInput as `entry`."""
    items = entries(found, key)
    if not all(isinstance(item, dict) for item in items):
        raise InvalidInput(f"{key!r} must be a list of objects")
    return items


_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
