"""Who draws or reviews is changed by hand, for somebody who doesn't come back: what was drawn and found stays."""

from typing import Any

from sqlalchemy import Connection, select

from madseg.core.errors import Forbidden, NotReady
from madseg.labelling.masking import tasks
from madseg.labelling.masking.tables import TASKS
from madseg.labelling.masking.tasks import Shown, Task
from madseg.ports import Database
from madseg.security.access import Principal, Role, checked_name


def reassign(database: Database, task_id: str, name: str, who: Principal, now: int) -> Shown:
    """Has somebody draw a task, or review it where it is handed in; "": whoever takes it. It is offered to them first.

    Reviewers may give their own review back, and nothing else. The same may be asked again.

    Raises:
        InvalidInput: a name that can't be.
        NotFound: no such task.
        Forbidden: that is for operators; or the mask is theirs who is to review, or they draw its pair.
        NotReady: the task is through.
    """
    given = checked_name(name) if name else ""
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        _must_may(found, given, who)
        if found.state in (tasks.WAITING, tasks.DRAWING):
            _to_annotator(tx, found, given, now)
        elif found.state in (tasks.SUBMITTED, tasks.IN_REVIEW):
            _to_reviewer(tx, found, given, now)
        else:
            raise NotReady(f"mask task {found.id} is {found.state.replace('_', ' ')}: nobody has it any more")
        tasks.record(tx, found, who.name, "reassigned", now)
        return tasks.shown(tx, found.id)


def _must_may(found: Task, name: str, who: Principal) -> None:
    own_review = found.state == tasks.IN_REVIEW and found.reviewer == who.name and not name
    if not own_review and not who.may(Role.OPERATOR):
        raise Forbidden("operators hand tasks to somebody else; a reviewer gives back reviews of their own alone")


def _to_annotator(tx: Connection, found: Task, name: str, now: int) -> None:
    if name and _is(tx, found, tasks.paired_with(name)):
        raise Forbidden(f"{name} draws the other mask of this image, and two people are to draw it: name somebody else")
    reviewer = "" if name == found.reviewer else found.reviewer
    tasks.change(tx, found, now, state=tasks.WAITING, annotator=name, reviewer=reviewer)


def _to_reviewer(tx: Connection, found: Task, name: str, now: int) -> None:
    if name and _is(tx, found, tasks.drawn_by(name)):
        raise Forbidden(f"{name} drew this mask: name somebody else to check it")
    tasks.change(tx, found, now, state=tasks.SUBMITTED, reviewer=name)


def _is(tx: Connection, found: Task, fact: Any) -> bool:
    return tx.execute(select(TASKS.c.number).where(TASKS.c.id == found.id, fact)).first() is not None
