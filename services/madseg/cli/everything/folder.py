"""The folder that an export is written to: lines of JSON, files that appear when they are whole, and the work folder
that is there until the export is."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from madseg.cli.output import plain
from madseg.core.errors import AlreadyExists, Conflict, NotFound
from madseg.exchange.writing import put, replacing

MANIFEST, SUMS, WORK = "manifest.json", "SHA256SUMS", ".work"

FORMAT = "madseg-export/1"

TASKS = "mask_tasks.ndjson"
"""Its images have masks in folders that are named by the tasks."""


class Folder:
    """An export that is being written. `choice` says what is in it besides the facts, `began_at` when it was begun."""

    def __init__(self, root: Path, choice: dict[str, str], began_at: str) -> None:
        self.root, self.choice, self.began_at = root, choice, began_at
        self.work = root / WORK

    def once(self, name: str, records: Callable[[], Iterable[object]]) -> None:
        """Writes records as lines to a file, unless it is there. Raises NotFound where it can't be written."""
        path = self.root / name
        if path.exists():
            return
        with replacing(path) as stream:
            for record in records():
                stream.write(line(record))

    def keep(self, name: str, content: bytes) -> str:
        """Writes a file, and gives its name back. Raises NotFound where it can't be written."""
        put(self.root / name, content)
        return name

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The records in one of its files."""
        with (self.root / name).open("rb") as stream:
            for text in stream:
                yield json.loads(text)

    def remove(self, *names: str) -> None:
        """Removes folders and what is in them, where they are there."""
        for name in names:
            shutil.rmtree(self.root / name, ignore_errors=True)


@contextmanager
def opened(root: Path, choice: dict[str, str], now: Callable[[], datetime]) -> Iterator[Folder]:
    """The folder of a new export, or of one that was cut off and goes on; nobody else writes to it meanwhile.

    Raises:
        AlreadyExists: there is a whole export.
        Conflict: something else is there, an export with another choice, or one that is being written.
        NotFound: it can't be written.
    """
    about = root / WORK / "about.json"
    if (root / MANIFEST).exists():
        raise AlreadyExists(f"{root} is a whole export: give a place where nothing is")
    if root.exists() and not about.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Conflict(f"{root} is there and is no export: give a place where nothing is")
    if not about.exists():
        put(about, json.dumps({"choice": choice, "began_at": now().astimezone(UTC).isoformat()}).encode())
        root.chmod(0o700)
    found = json.loads(about.read_bytes())
    if found["choice"] != choice:
        before = ", ".join(f"{key} {value}" for key, value in found["choice"].items())
        raise Conflict(f"{root} was begun with {before}: go on with that, or remove it")
    with _alone(about):
        yield Folder(root, choice, found["began_at"])


def line(record: object) -> bytes:
    """A record as one line of JSON."""
    return json.dumps(plain(record), ensure_ascii=False).encode() + b"\n"


def pictures_of(image_id: str) -> str:
    """The folder of an image's pictures."""
    return f"pictures/{image_id[:2]}/{image_id}"


def maps_of(image_id: str) -> str:
    """The folder of an image's label maps."""
    return f"label_maps/{image_id[:2]}/{image_id}"


def walked(root: Path) -> Iterator[str]:
    """Names of all files below a folder with slashes, the work folder's left out, in the order of their parts.

    Raises:
        NotFound: a folder can't be read.
    """
    return _walked(root, "")


def _walked(root: Path, below: str) -> Iterator[str]:
    try:
        with os.scandir(root / below) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        raise NotFound(f"{root / below} can't be read: {error.strerror}") from error
    for name, is_folder in found:
        if is_folder and (below or name != WORK):
            yield from _walked(root, f"{below}{name}/")
        elif not is_folder:
            yield f"{below}{name}"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds a lock that the kernel lets go of with the process. Raises Conflict where somebody has it."""
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"another process writes to {path.parent.parent}") from error
        yield
