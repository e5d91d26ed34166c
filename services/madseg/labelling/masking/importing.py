"""Masks that were drawn elsewhere: each becomes a revision of its image's task and waits for review."""

import hashlib

from sqlalchemy import Connection, select

from madseg.core.errors import Forbidden, NotFound
from madseg.core.messages import checked_image_id
from madseg.labelling.masking import revisions, tasks
from madseg.labelling.masking.tables import GONE, TASKS
from madseg.labelling.masking.tasks import Task
from madseg.ports import Database
from madseg.security.access import checked_name

_CLOSED = (tasks.ACCEPTED, *GONE)


def take_in(database: Database, image_id: str, data: bytes, annotator: str, who: str, now: int) -> int:
    """Takes a mask in for whoever drew it, "" for the caller; the revision it is. The same mask again adds none.

    Neither of the two reviews it.

    Raises:
        InvalidInput: no image id, a name that can't be, or a mask that the task can't have.
        NotFound: the image has no task, or all that it has are through.
        Forbidden: somebody else draws it.
    """
    image, author = bytes.fromhex(checked_image_id(image_id)), checked_name(annotator or who)
    with database.snapshot() as tx:
        there = _tasks(tx, image)
        known = _known(tx, there, hashlib.sha256(data).digest(), author)
        if known:
            return known
        found = _chosen(tx, there, image, author, who)
    mask = revisions.packed(found, data)
    with database.write() as tx:
        found = _chosen(tx, _tasks(tx, image), image, author, who)
        number = revisions.append(tx, found, mask, author=author, saved_by=who, now=now)
        tasks.change(tx, found, now, state=tasks.SUBMITTED, annotator=author)
        tasks.record(tx, tasks.task(tx, found.id), who, "submitted", now)
        return number


def _tasks(tx: Connection, image: bytes) -> list[Task]:
    query = select(TASKS).where(TASKS.c.image_id == image, TASKS.c.state.not_in(GONE))
    return [tasks.from_row(row) for row in tx.execute(query.order_by(TASKS.c.number))]


def _known(tx: Connection, there: list[Task], sha256: bytes, author: str) -> int:
    """The revision that this mask of somebody's is already, 0 for none."""
    for found in there:
        if found.state in (tasks.SUBMITTED, tasks.IN_REVIEW, tasks.ACCEPTED):
            row = revisions.row_of(tx, found, found.revision)
            if row is not None and (row.sha256, row.author) == (sha256, author):
                return found.revision
    return 0


def _chosen(tx: Connection, there: list[Task], image: bytes, author: str, who: str) -> Task:
    """The task that the mask is for: the author's own, else one that is nobody's, else one that nobody has begun."""
    unfinished = [item for item in there if item.state not in _CLOSED]
    if not unfinished:
        through = ": it is accepted already" if there else ""
        raise NotFound(f"image {image.hex()} has no task that waits for a mask{through}")
    able = [item for item in unfinished if _may_have(tx, item, author, who)]
    if not able:
        names = ", ".join(sorted({item.annotator for item in unfinished if item.annotator})) or "somebody else"
        raise Forbidden(f"image {image.hex()} is drawn by {names}: its mask comes from there")
    return min(able, key=lambda item: (item.annotator != author, bool(item.annotator), item.number))


def _may_have(tx: Connection, found: Task, author: str, who: str) -> bool:
    """Whether a mask of this author may become the task's next revision."""
    here = select(TASKS.c.number).where(TASKS.c.id == found.id, tasks.paired_with(author))
    if tx.execute(here).first() is not None:
        return False
    if found.state == tasks.WAITING:
        return True
    last = revisions.row_of(tx, found, found.revision)
    return found.annotator == author and (who == author or (last is not None and last.saved_by == who))
