"""The revisions of a mask: every save is a row, none is overwritten."""

import hashlib
from dataclasses import dataclass
from typing import Any

import zstandard
from sqlalchemy import Connection, insert, select

from madseg.core.errors import AlreadyExists, InvalidInput, NotFound
from madseg.core.label_map import decode
from madseg.core.masks import check_mask
from madseg.labelling.masking.tables import REVISIONS
from madseg.labelling.masking.tasks import Task, change
from madseg.requests import other_call

MAX_MAP_BYTES = 16 << 20
"""Largest wire form of a mask. One of 12 megapixels that is drawn by hand has some 100 KB."""

_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Packed:
    """A label map that may be the mask of its task, as it is kept."""

    sha256: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision with its label map in wire form; `at` in microseconds since the epoch."""

    revision: int
    label_map: bytes
    author: str
    at: int


def packed(found: Task, data: bytes) -> Packed:
    """A mask in wire form, checked and compressed. Costs some ms for 12 megapixels; holds no lock.

    Raises:
        InvalidLabelMap: it is none that this task may have.
        InvalidInput: it has too many bytes.
    """
    if len(data) > MAX_MAP_BYTES:
        raise InvalidInput(
            f"a mask must have at most {MAX_MAP_BYTES} bytes in wire form, got {len(data)}", field="label_map"
        )
    check_mask(decode(data), found.size, found.crop, found.classes)
    return Packed(hashlib.sha256(data).digest(), zstandard.compress(data, _LEVEL))


def append(
    tx: Connection,
    found: Task,
    mask: Packed,
    *,
    author: str,
    saved_by: str,
    now: int,
    key: str = "",
    drawing_ms: int = 0,
) -> int:
    """Adds a revision after the last one; its number. A mask equal to the last one adds none."""
    last = row_of(tx, found, found.revision) if found.revision else None
    if last is not None and last.sha256 == mask.sha256:
        return found.revision
    values = {
        "task_id": found.id,
        "revision": found.revision + 1,
        "author": author,
        "saved_by": saved_by,
        "saved_at": now,
        "sha256": mask.sha256,
        "map": mask.content,
        "drawing_ms": drawing_ms,
        "idempotency_key": key or None,
    }
    tx.execute(insert(REVISIONS), values)
    change(tx, found, now, revision=found.revision + 1, drawing_ms=found.drawing_ms + drawing_ms)
    return found.revision + 1


def keyed(tx: Connection, found: Task, key: str, who: str, follows: int, mask: Packed) -> int | None:
    """The revision that a save of somebody's with this key has made, or None.

    Raises:
        AlreadyExists: it was somebody else's save, of another mask, or after another revision.
    """
    here = (REVISIONS.c.task_id == found.id, REVISIONS.c.idempotency_key == key)
    query = select(REVISIONS.c.revision, REVISIONS.c.saved_by, REVISIONS.c.sha256).where(*here)
    row = tx.execute(query).one_or_none() if key else None
    if row is None:
        return None
    if row.saved_by != who:
        raise AlreadyExists(f"idempotency_key {key!r} is that of another person's save: choose a new one")
    if (row.sha256, row.revision) != (mask.sha256, follows + 1):
        raise other_call(key, f"revision {row.revision}")
    return int(row.revision)


def revision(tx: Connection, found: Task, number: int) -> Revision:
    """A revision of a task; 0: the last.

    Raises:
        NotFound: there is none.
    """
    row = row_of(tx, found, number or found.revision)
    if row is None:
        there = f"it has 1..{found.revision}" if found.revision else "nothing was saved yet"
        raise NotFound(f"mask task {found.id} has no revision {number or 'at all'}: {there}")
    return Revision(row.revision, unpacked(row.map), row.author, row.saved_at)


def unpacked(content: bytes) -> bytes:
    """The wire form that was kept."""
    return zstandard.decompress(content)


def row_of(tx: Connection, found: Task, number: int) -> Any:
    """A revision's row, or None."""
    here = (REVISIONS.c.task_id == found.id, REVISIONS.c.revision == number)
    return tx.execute(select(REVISIONS).where(*here)).one_or_none()
