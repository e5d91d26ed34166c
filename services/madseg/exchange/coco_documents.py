"""What COCO's two kinds of documents have in common."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from madseg.core.errors import InvalidInput, NotFound
from madseg.exchange.documents import entry
from madseg.exchange.names import stem


def only_json(place: Path) -> Path:
    """The JSON at a path, or the only one in a folder.

    Raises:
        NotFound: there is none.
        InvalidInput: there are several.
    """
    if not place.is_dir():
        return place
    found = sorted(path for path in place.glob("*.json") if not path.name.startswith("."))
    if not found:
        raise NotFound(f"{place} has no *.json: give the annotations' file")
    if len(found) > 1:
        raise InvalidInput(f"{place} has {len(found)} *.json: give one of them, such as {found[0]}")
    return found[0]


def image_name(image: Any) -> str:
    """The name of the image of an entry with `file_name`."""
    return stem(entry(image, "file_name", str))


def json_list(stream: IO[bytes], items: Iterable[object]) -> None:
    """Writes a list, an item a line, holding one at a time."""
    head = b"[\n"
    for item in items:
        stream.write(head + json.dumps(item, ensure_ascii=False).encode())
        head = b",\n"
    stream.write(b"\n]" if head == b",\n" else b"[]")
