"""Takes out of an export what was forgotten while it was written: candidate sets name forgotten images for ever, and
what was written before an image was forgotten still has it."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from madseg.cli.everything.folder import TASKS, Folder, line, maps_of, pictures_of, walked
from madseg.client import Client, NotFound
from madseg.exchange.writing import replacing

LINES = ".ndjson"

_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")

_AT_ONCE = 1000
"""Ids that the selector is asked about in one call: the most that it takes."""

_GONE = "(forgotten)"


def mentioned(path: Path) -> Iterator[str]:
    """Whatever looks like the id of an image in a file of lines; nothing in other files."""
    if path.name.endswith(LINES):
        with path.open("rb") as stream:
            for text in stream:
                yield from (found.decode() for found in _ID.findall(text))


def forgotten(folder: Folder, client: Client) -> set[str]:
    """Those of the images that the export speaks of that were accepted once and aren't now, and those that the selector
    has banned. Holds about 200 bytes an image."""
    now = {bytes.fromhex(image_id) for image_id in client.images()}
    spoken = {bytes.fromhex(found) for name in walked(folder.root) for found in mentioned(folder.root / name)}
    with (folder.work / "images").open() as lines:
        accepted = {bytes.fromhex(text.strip()) for text in lines}
    suspects = iter(sorted(key.hex() for key in (spoken | accepted) - now))
    gone: set[str] = set()
    while batch := list(islice(suspects, _AT_ONCE)):
        # Nothing is known of those that came as label maps elsewhere, have expired, or are no images at all.
        strangers = set(client.find_unknown(batch))
        gone.update(found for found in batch if found not in strangers and not _predicted(client, found))
    return gone


def sweep(folder: Folder, gone: set[str]) -> None:
    """Removes all of these images. Done again it finds what a kill left."""
    for image_id in sorted(gone):
        folder.remove(pictures_of(image_id), maps_of(image_id))
    for name in walked(folder.root):
        if any(found in gone for found in mentioned(folder.root / name)):
            _sweep_file(folder, name, gone)


def without(value: Any, gone: set[str]) -> Any:
    """A record without images: what is about one is gone, lists lose it, and a field that named it is None."""
    if isinstance(value, dict):
        if value.get("image_id") in gone:
            return None
        return {key: without(item, gone) for key, item in value.items()}
    if isinstance(value, list):
        return [kept for item in value if (kept := without(item, gone)) is not None or item is None]
    if isinstance(value, str):
        return None if value in gone else _text(value, gone)
    return value


def _text(text: str, gone: set[str]) -> str:
    """What people wrote, with another word for an image."""
    for found in set(_ID.findall(text.encode())):
        if found.decode() in gone:
            text = text.replace(found.decode(), _GONE)
    return text


def _sweep_file(folder: Folder, name: str, gone: set[str]) -> None:
    path = folder.root / name
    with path.open("rb") as lines, replacing(path) as stream:
        for text in lines:
            record = json.loads(text)
            kept = without(record, gone)
            if kept is not None:
                stream.write(line(kept))
            elif name == TASKS:
                folder.remove(f"masks/{record['id']}")


def _predicted(client: Client, image_id: str) -> bool:
    try:
        client.explain(image_id)
    except NotFound:
        return False
    return True
