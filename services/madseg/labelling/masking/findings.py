"""What is wrong in a mask: pinned on a place by the reviewer, resolved by the annotator, accepted by the reviewer."""

from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from madseg.core.errors import Forbidden, InvalidInput, NotFound, NotReady
from madseg.labelling.masking import tasks
from madseg.labelling.masking.reviews import must_review
from madseg.labelling.masking.tables import FINDINGS
from madseg.labelling.masking.tasks import ACCEPTED, OPEN, RESOLVED, Finding, Task
from madseg.ports import Database

TYPES = ("missing", "extra", "wrong_class", "boundary", "other")
"""What may be wrong."""

MAX_FINDINGS = 1000
"""Of one task."""

_STEPS = {(OPEN, RESOLVED), (RESOLVED, ACCEPTED), (RESOLVED, OPEN), (OPEN, ACCEPTED)}
"""From which state a finding may go to which. Only to resolved it is the annotator who takes it."""


def add(
    database: Database, task_id: str, who: str, revision: int, x: int, y: int, kind: str, text: str, now: int
) -> Finding:
    """Pins a finding on a place of a revision.

    Raises:
        NotFound: no such task or revision.
        NotReady: nobody reviews it now.
        Forbidden: somebody else does.
        InvalidInput: a place outside the picture, no type, OTHER without a text, more than 1000 findings.
    """
    if kind not in TYPES:
        raise InvalidInput(f"a finding needs a type: one of {', '.join(TYPES)}", field="type")
    if kind == "other" and not text.strip():
        raise InvalidInput("a finding of another type needs a text that says which", field="text")
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        must_review(found, who)
        if not 1 <= revision <= found.revision:
            raise NotFound(f"mask task {found.id} has no revision {revision}: it has 1..{found.revision}")
        if x >= found.size.width or y >= found.size.height:
            raise InvalidInput(
                f"the place must be inside the picture of {found.size}, got row {y}, column {x}", field="place"
            )
        number = 1 + (tx.execute(_last(found)).scalar() or 0)
        if number > MAX_FINDINGS:
            raise InvalidInput(f"a task has at most {MAX_FINDINGS} findings: send it back with a message", field="type")
        made = Finding(number, revision, x, y, kind, text, OPEN, who)
        _insert(tx, found, made)
        tasks.change(tx, found, now)
        tasks.record(tx, found, who, "found", now, number)
        return made


def update_state(database: Database, task_id: str, who: str, number: int, state: str, now: int) -> Finding:
    """Changes a finding's state; one that has it already keeps it.

    Raises:
        NotFound: no such task or finding.
        NotReady: it isn't the time for that, or the finding doesn't stand so that it could be.
        Forbidden: somebody else draws or reviews the mask.
        InvalidInput: no state.
    """
    if state not in (OPEN, RESOLVED, ACCEPTED):
        raise InvalidInput("state must be OPEN, RESOLVED or ACCEPTED", field="state")
    with database.write() as tx:
        found = tasks.task(tx, task_id)
        _must_be_due(found, who, state)
        row = _row(tx, found, number)
        if row.state != state:
            if (row.state, state) not in _STEPS:
                raise NotReady(f"finding {number} is {row.state}: it can't become {state}")
            here = (FINDINGS.c.task_id == found.id, FINDINGS.c.finding == number)
            tx.execute(update(FINDINGS).where(*here).values(state=state))
            tasks.change(tx, found, now)
            tasks.record(tx, found, who, "opened" if state == OPEN else state, now, number)
        return tasks.finding_of(_row(tx, found, number))


def _must_be_due(found: Task, who: str, state: str) -> None:
    if state != RESOLVED:
        must_review(found, who)
    elif found.annotator != who:
        raise Forbidden(f"only the annotator of mask task {found.id} resolves its findings")
    elif found.state != tasks.DRAWING:
        raise NotReady(
            f"mask task {found.id} is {found.state.replace('_', ' ')}: findings are resolved while it is drawn"
        )


def _row(tx: Connection, found: Task, number: int) -> Any:
    query = select(FINDINGS).where(FINDINGS.c.task_id == found.id, FINDINGS.c.finding == number)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"mask task {found.id} has no finding {number}")
    return row


def _last(found: Task) -> Any:
    return select(func.max(FINDINGS.c.finding)).where(FINDINGS.c.task_id == found.id)


def _insert(tx: Connection, found: Task, made: Finding) -> None:
    values = {
        "task_id": found.id,
        "finding": made.number,
        "revision": made.revision,
        "x": made.x,
        "y": made.y,
        "type": made.type,
        "text": made.text,
        "state": made.state,
        "author": made.author,
    }
    tx.execute(insert(FINDINGS), values)
