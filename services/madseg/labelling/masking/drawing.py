"""Annotators at work: a task is taken, saved as often as wanted, and handed in or given back.

A task is its annotator's for as long as it is being drawn: what takes days isn't lost to a lease. What is acknowledged
is committed.
"""

from sqlalchemy import Connection, case, not_, select

from madseg.core.errors import Forbidden, NotReady, Stale
from madseg.labelling.masking import revisions, tasks
from madseg.labelling.masking.tables import TASKS
from madseg.labelling.masking.tasks import Shown, Task
from madseg.ports import Database
from madseg.security.access import Principal, Role


def take(database: Database, task_id: str, who: str, now: int) -> Shown | None:
    """The task named, else the one that the caller draws, else the next: the caller's own first; None: none is left.

    What came back from a review comes before what was never handed in.

    Raises:
        NotFound: no such task.
        Forbidden: it is somebody else's, or the caller draws the other mask of its image.
        NotReady: it isn't to be drawn now.
    """
    with database.write() as tx:
        found = _named(tx, task_id, who) if task_id else _held(tx, who) or _next(tx, who)
        if found is None:
            return None
        if found.state == tasks.WAITING:
            tasks.change(tx, found, now, state=tasks.DRAWING, annotator=who)
            tasks.record(tx, found, who, "taken", now)
        return tasks.shown(tx, found.id)


def give_back(database: Database, task_id: str, who: Principal, now: int) -> Shown:
    """Lets others take a task. Admins may do so with anybody's, for whoever doesn't come back.

    Raises:
        NotFound: no such task.
        Forbidden: it is somebody else's.
        NotReady: it isn't being drawn.
    """
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        if found.annotator != who.name and Role.ADMIN not in who.roles:
            raise Forbidden(f"mask task {found.id} is not yours: its annotator gives it back, or an admin")
        if found.state not in (tasks.WAITING, tasks.DRAWING):
            raise NotReady(f"mask task {found.id} is {_words(found)}: it can't be given back")
        tasks.change(tx, found, now, state=tasks.WAITING, annotator="", returned_at=now)
        tasks.record(tx, found, who.name, "returned", now)
        return tasks.shown(tx, found.id)


def save(
    database: Database, task_id: str, who: str, follows: int, data: bytes, key: str, drawing_ms: int, now: int
) -> int:
    """Saves the mask as it stands, as the revision after `follows`; its number.

    Raises:
        NotFound: no such task.
        Forbidden: it is somebody else's.
        NotReady: it isn't being drawn.
        Stale: `follows` isn't the last revision.
        AlreadyExists: the key is that of another save.
        InvalidInput: the mask is none that the task may have.
    """
    with database.snapshot() as tx:
        found = tasks.task(tx, task_id)
    tasks.must_draw(found, who)
    mask = revisions.packed(found, data)
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        before = revisions.keyed(tx, found, key, who, follows, mask)
        if before is not None:
            return before
        _must_be_drawing(found, who)
        if follows != found.revision:
            raise Stale(
                f"the mask is at revision {found.revision}, and this save follows {follows}: load the last revision "
                "and draw on"
            )
        return revisions.append(tx, found, mask, author=who, saved_by=who, now=now, key=key, drawing_ms=drawing_ms)


def submit(database: Database, task_id: str, who: str, revision: int, now: int) -> Shown:
    """Hands the last revision in for review; what is handed in already stays so.

    Raises:
        NotFound: no such task.
        Forbidden: it is somebody else's.
        NotReady: it isn't being drawn, or nothing was saved.
        Stale: the revision isn't the last one.
    """
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        tasks.must_draw(found, who)
        handed_in = found.state in (tasks.SUBMITTED, tasks.IN_REVIEW, tasks.ACCEPTED)
        if handed_in and revision == found.revision:
            return tasks.shown(tx, found.id)
        _must_be_drawing(found, who)
        if not found.revision:
            raise NotReady(f"mask task {found.id} has no revision yet: save the mask first")
        if revision != found.revision:
            raise Stale(f"the last revision is {found.revision}, not {revision}: hand that in")
        tasks.change(tx, found, now, state=tasks.SUBMITTED)
        tasks.record(tx, found, who, "submitted", now)
        return tasks.shown(tx, found.id)


def _must_be_drawing(found: Task, who: str) -> None:
    tasks.must_draw(found, who)
    if found.state != tasks.DRAWING:
        raise NotReady(f"mask task {found.id} is {_words(found)}: it takes no further drawing")


def _named(tx: Connection, task_id: str, who: str) -> Task:
    found = tasks.task(tx, task_id)
    if found.annotator not in ("", who):
        raise Forbidden(f"mask task {found.id} is {found.annotator}'s: take another one")
    if found.state not in (tasks.WAITING, tasks.DRAWING):
        raise NotReady(f"mask task {found.id} is {_words(found)}: it isn't to be drawn now")
    here = select(TASKS.c.number).where(TASKS.c.id == found.id, tasks.paired_with(who))
    if tx.execute(here).first() is not None:
        raise Forbidden("you draw the other mask of this image, and two people are to draw it: take another task")
    return found


def _held(tx: Connection, who: str) -> Task | None:
    query = select(TASKS).where(TASKS.c.state == tasks.DRAWING, TASKS.c.annotator == who)
    row = tx.execute(query.order_by(case((TASKS.c.reviewer != "", 0), else_=1), TASKS.c.number).limit(1)).first()
    return tasks.from_row(row) if row else None


def _next(tx: Connection, who: str) -> Task | None:
    query = select(TASKS).where(TASKS.c.state == tasks.WAITING, TASKS.c.annotator.in_(["", who]))
    query = query.where(not_(tasks.paired_with(who)))
    own_first = case((TASKS.c.annotator == who, 0), else_=1)
    row = tx.execute(query.order_by(own_first, TASKS.c.returned_at, TASKS.c.number).limit(1)).first()
    return tasks.from_row(row) if row else None


def _words(found: Task) -> str:
    return found.state.replace("_", " ")
