"""Reviewers at work: a mask that somebody else drew is taken, looked at, and accepted or sent back.

A review is its reviewer's; one that nobody has touched for an hour may be taken over, so that nobody's leaving holds
a mask up.
"""

from sqlalchemy import ColumnElement, Connection, and_, case, not_, or_, select

from madseg.core.errors import Forbidden, InvalidInput, NotReady, Stale
from madseg.labelling.masking import tasks
from madseg.labelling.masking.tables import FINDINGS, TASKS
from madseg.labelling.masking.tasks import Shown, Task
from madseg.ports import Database

ACCEPT, SEND_BACK = "accept", "send_back"
"""What a reviewer decides."""

IDLE_MICROS = 3600 * 1_000_000
"""After so long without a finding a review may be taken over."""


def take(database: Database, task_id: str, who: str, now: int) -> Shown | None:
    """The mask named, else the one that the caller reviews, else the next that somebody else drew; None: none is left.

    What the caller has reviewed before comes first. Whoever drew the other mask of an image comes last.

    Raises:
        NotFound: no such task.
        Forbidden: the caller drew it.
        NotReady: it isn't to be reviewed now.
    """
    with database.write() as tx:
        found = _named(tx, task_id, who, now) if task_id else _held(tx, who) or _next(tx, who, now)
        if found is None:
            return None
        if found.state != tasks.IN_REVIEW or found.reviewer != who:
            tasks.change(tx, found, now, state=tasks.IN_REVIEW, reviewer=who)
            tasks.record(tx, found, who, "review", now)
        return tasks.shown(tx, found.id)


def decide(database: Database, task_id: str, who: str, revision: int, decision: str, now: int) -> Shown:
    """Accepts the last revision, or sends it back to its annotator. The same decision may come again.

    Raises:
        NotFound: no such task.
        Forbidden: somebody else reviews it, or the caller drew it.
        NotReady: nobody reviews it now, or a finding isn't accepted.
        Stale: the revision isn't the last one.
        InvalidInput: no decision.
    """
    if decision not in (ACCEPT, SEND_BACK):
        raise InvalidInput("decision must be ACCEPT or SEND_BACK", field="decision")
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        _must_not_have_drawn(tx, found, who)
        after = tasks.ACCEPTED if decision == ACCEPT else tasks.DRAWING
        if found.state == after and found.reviewer == who and found.revision == revision:
            return tasks.shown(tx, found.id)
        must_review(found, who)
        if revision != found.revision:
            raise Stale(f"the last revision is {found.revision}, not {revision}: look at that one")
        if decision == ACCEPT:
            _must_be_settled(tx, found)
            tasks.change(tx, found, now, state=tasks.ACCEPTED, accepted_revision=revision)
        else:
            tasks.change(tx, found, now, state=tasks.DRAWING)
        tasks.record(tx, found, who, decision, now)
        return tasks.shown(tx, found.id)


def must_review(found: Task, who: str) -> None:
    """Does nothing where somebody reviews a mask.

    Raises:
        NotReady: nobody does.
        Forbidden: somebody else does.
    """
    if found.state != tasks.IN_REVIEW:
        raise NotReady(f"mask task {found.id} is {found.state.replace('_', ' ')}, not in review: take the review first")
    if found.reviewer != who:
        raise Forbidden(f"mask task {found.id} is reviewed by {found.reviewer}: take another review")


def must_not_copy(tx: Connection, found: Task, who: str) -> None:
    """Does nothing where somebody may see a mask: two that are to be compared are drawn without a look at the other.

    Raises:
        Forbidden: they are drawing the other mask of the image, and don't review this one.
    """
    if found.reviewer == who:
        return
    if tx.execute(select(TASKS.c.number).where(TASKS.c.id == found.id, tasks.paired_with(who, _UNFINISHED))).first():
        raise Forbidden("you draw the other mask of this image: you see this one once yours is accepted")


_UNFINISHED = (tasks.WAITING, tasks.DRAWING, tasks.SUBMITTED, tasks.IN_REVIEW)


def _must_be_settled(tx: Connection, found: Task) -> None:
    query = select(FINDINGS.c.finding).where(FINDINGS.c.task_id == found.id, FINDINGS.c.state != tasks.ACCEPTED)
    numbers = [str(row.finding) for row in tx.execute(query.order_by(FINDINGS.c.finding))]
    if numbers:
        raise NotReady(f"findings {', '.join(numbers)} aren't accepted yet: accept them, or send the mask back")


def _must_not_have_drawn(tx: Connection, found: Task, who: str) -> None:
    if tx.execute(select(TASKS.c.number).where(TASKS.c.id == found.id, tasks.drawn_by(who))).first() is not None:
        raise Forbidden(f"you drew the mask of task {found.id}: somebody else is to check it")


def _named(tx: Connection, task_id: str, who: str, now: int) -> Task:
    found = tasks.task(tx, task_id)
    _must_not_have_drawn(tx, found, who)
    if found.state == tasks.IN_REVIEW and found.reviewer != who and found.changed_at > now - IDLE_MICROS:
        raise NotReady(f"mask task {found.id} is reviewed by {found.reviewer}: take another one")
    if found.state not in (tasks.SUBMITTED, tasks.IN_REVIEW):
        raise NotReady(f"mask task {found.id} is {found.state.replace('_', ' ')}: it isn't to be reviewed now")
    return found


def _held(tx: Connection, who: str) -> Task | None:
    query = select(TASKS).where(TASKS.c.state == tasks.IN_REVIEW, TASKS.c.reviewer == who, not_(tasks.drawn_by(who)))
    row = tx.execute(query.order_by(TASKS.c.number).limit(1)).first()
    return tasks.from_row(row) if row else None


def _next(tx: Connection, who: str, now: int) -> Task | None:
    query = select(TASKS).where(_free(now), not_(tasks.drawn_by(who)))
    third_first = case((tasks.paired_with(who), 1), else_=0)
    known_first = case((TASKS.c.reviewer == who, 0), (TASKS.c.reviewer == "", 1), else_=2)
    row = tx.execute(query.order_by(third_first, known_first, TASKS.c.number).limit(1)).first()
    return tasks.from_row(row) if row else None


def _free(now: int) -> ColumnElement[bool]:
    left = and_(TASKS.c.state == tasks.IN_REVIEW, TASKS.c.changed_at <= now - IDLE_MICROS)
    return or_(TASKS.c.state == tasks.SUBMITTED, left)
