"""A task as it stands: one image to be drawn, what was found in its mask, and what was said of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from madseg.core.errors import Forbidden, InvalidInput, NotFound
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Box, Size
from madseg.labelling.masking.tables import CANCELLED as _CANCELLED
from madseg.labelling.masking.tables import EVENTS, FINDINGS, MESSAGES, REVISIONS, TASKS
from madseg.labelling.masking.tables import SENT_BACK as _SENT_BACK
from madseg.labelling.scoring import kept
from madseg.requests import number_in, token

RANDOM_LANE, SECOND_OPINION, CONTEST = "random_lane", "second_opinion", "contest"
"""What a mask is for, where it isn't for an image of S or T."""

WAITING, DRAWING, SUBMITTED, IN_REVIEW = "waiting", "drawing", "submitted", "in_review"
ACCEPTED, SENT_BACK, CANCELLED = "accepted", _SENT_BACK, _CANCELLED
STATES = (WAITING, DRAWING, SUBMITTED, IN_REVIEW, ACCEPTED, SENT_BACK, CANCELLED)
"""Where a task stands."""

OPEN, RESOLVED = "open", "resolved"
"""Where a finding stands; the third state is ACCEPTED."""

CHUNK = 100
"""Tasks of which findings and messages are read in one query."""

MAX_MESSAGES = 1000
"""On one task."""

MAX_WORDS, WORDS_OF_ONE = 1 << 20, 100
"""Characters of findings and messages in a page of tasks, and what each counts for beside its text: four bytes each at
most, and a message of gRPC has 4 MiB where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task's row. `annotator`, `reviewer`, `campaign_id`, `first_id` and `replacement` are "" where there is none.

    `first_id` is the task of the first mask, where this is a second opinion. Times in microseconds since the epoch.
    """

    number: int
    id: str
    image_id: str
    purpose: str
    state: str
    annotator: str
    reviewer: str
    campaign_id: str
    first_id: str
    target: VersionRef | None
    size: Size
    crop: Box
    classes: int
    background: int
    revision: int
    accepted_revision: int
    drawing_ms: int
    replacement: str
    created_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a review. The fields are those of the proto."""

    number: int
    revision: int
    x: int
    y: int
    type: str
    text: str
    state: str
    author: str


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote on a task; `at` in microseconds since the epoch."""

    author: str
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A task with all that is told of it."""

    task: Task
    findings: tuple[Finding, ...]
    messages: tuple[Message, ...]


def task(tx: Connection, task_id: str) -> Task:
    """The task of an id.

    Raises:
        NotFound: there is none.
    """
    row = tx.execute(select(TASKS).where(TASKS.c.id == task_id)).one_or_none()
    if row is None:
        raise NotFound(f"no mask task {task_id[:100]!r}: ListMaskTasks names those there are")
    return from_row(row)


def from_row(row: Any) -> Task:
    """The task of a row."""
    return Task(
        number=row.number,
        id=row.id,
        image_id=row.image_id.hex(),
        purpose=row.purpose,
        state=row.state,
        annotator=row.annotator,
        reviewer=row.reviewer,
        campaign_id=row.campaign_id or "",
        first_id=row.first_id or "",
        target=VersionRef(row.target_model, row.target_version) if row.target_model else None,
        size=Size(row.height, row.width),
        crop=Box(row.crop_left, row.crop_top, row.crop_width, row.crop_height),
        classes=row.classes,
        background=row.background,
        revision=row.revision,
        accepted_revision=row.accepted_revision,
        drawing_ms=row.drawing_ms,
        replacement=row.replacement.hex() if row.replacement else "",
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def shown(tx: Connection, task_id: str) -> Shown:
    """A task with all that is told of it.

    Raises:
        NotFound: there is none.
    """
    return with_words(tx, [task(tx, task_id)])[0]


def page(
    tx: Connection, campaign_id: str, state: str, purpose: str, annotator: str, size: int, page_token: str
) -> tuple[list[Shown], str]:
    """Tasks in the order in which they were made, and the token of the next page. What is "" doesn't filter.

    A page ends early where much was said.

    Raises:
        NotFound: no such campaign.
        InvalidInput: the token isn't one of this list.
    """
    query = select(TASKS).order_by(TASKS.c.number).limit(size + 1)
    if campaign_id:
        query = query.where(TASKS.c.campaign_id == kept.campaign(tx, campaign_id).id)
    for column, value in ((TASKS.c.state, state), (TASKS.c.purpose, purpose), (TASKS.c.annotator, annotator)):
        if value:
            query = query.where(column == value)
    rows = [from_row(row) for row in tx.execute(query.where(TASKS.c.number > (number_in(page_token, "task") or 0)))]
    found = _readable(tx, rows[:size])
    return found, token(task=found[-1].task.number) if len(found) < len(rows) else ""


def _readable(tx: Connection, tasks: Sequence[Task]) -> list[Shown]:
    """As many of the tasks, from the first, as have `MAX_WORDS` between them; one at least, where there is one."""
    found: list[Shown] = []
    words = 0
    for at in range(0, len(tasks), CHUNK):
        for item in with_words(tx, tasks[at : at + CHUNK]):
            texts = [*(finding.text for finding in item.findings), *(message.text for message in item.messages)]
            words += sum(WORDS_OF_ONE + len(text) for text in texts)
            if found and words > MAX_WORDS:
                return found
            found.append(item)
    return found


def with_words(tx: Connection, tasks: Sequence[Task]) -> list[Shown]:
    """Tasks with their findings and messages."""
    findings: dict[str, list[Finding]] = {item.id: [] for item in tasks}
    messages: dict[str, list[Message]] = {item.id: [] for item in tasks}
    ids = list(findings)
    for at in range(0, len(ids), CHUNK):
        some = ids[at : at + CHUNK]
        query = select(FINDINGS).where(FINDINGS.c.task_id.in_(some)).order_by(FINDINGS.c.task_id, FINDINGS.c.finding)
        for row in tx.execute(query):
            findings[row.task_id].append(finding_of(row))
        said = select(MESSAGES).where(MESSAGES.c.task_id.in_(some)).order_by(MESSAGES.c.number)
        for row in tx.execute(said):
            messages[row.task_id].append(Message(row.author, row.said_at, row.text))
    return [Shown(item, tuple(findings[item.id]), tuple(messages[item.id])) for item in tasks]


def finding_of(row: Any) -> Finding:
    """The finding of a row."""
    return Finding(row.finding, row.revision, row.x, row.y, row.type, row.text, row.state, row.author)


def change(tx: Connection, found: Task, now: int, **values: Any) -> None:
    """Sets columns of a task."""
    tx.execute(update(TASKS).where(TASKS.c.number == found.number).values(changed_at=now, **values))


def record(tx: Connection, found: Task, who: str, act: str, now: int, finding: int | None = None) -> None:
    """Keeps who did what."""
    values = {"task_id": found.id, "happened_at": now, "who": who, "act": act, "finding": finding}
    tx.execute(insert(EVENTS), {**values, "revision": found.revision})


def say(tx: Connection, found: Task, who: str, text: str, now: int) -> Message:
    """Writes a message on a task.

    Raises:
        InvalidInput: there is nothing in it, or the task has 1000 messages.
    """
    if not text.strip():
        raise InvalidInput("a message must have something in it", field="text")
    if tx.execute(select(func.count()).where(MESSAGES.c.task_id == found.id)).scalar_one() >= MAX_MESSAGES:
        raise InvalidInput(
            f"a task has at most {MAX_MESSAGES} messages: mask task {found.id} takes no more", field="text"
        )
    return note(tx, found, who, text, now)


def note(tx: Connection, found: Task, who: str, text: str, now: int) -> Message:
    """Writes down why something was done to a task, however many messages it has."""
    tx.execute(insert(MESSAGES), {"task_id": found.id, "author": who, "said_at": now, "text": text})
    change(tx, found, now)
    return Message(who, now, text)


def must_draw(found: Task, who: str) -> None:
    """Does nothing where somebody draws a task or drew it last.

    Raises:
        Forbidden: somebody else does, or nobody.
    """
    if found.annotator != who or found.state == WAITING:
        whose = f"{found.annotator}'s" if found.annotator and found.annotator != who else "not yours yet"
        raise Forbidden(f"mask task {found.id} is {whose}: take a task first, and draw your own alone")


def drawn_by(who: str, tasks: Any = TASKS) -> ColumnElement[bool]:
    """True for tasks that somebody draws or is to draw, or of which a revision is theirs."""
    theirs = or_(REVISIONS.c.author == who, REVISIONS.c.saved_by == who)
    saved = select(REVISIONS.c.revision).where(REVISIONS.c.task_id == tasks.c.id, theirs).exists()
    return or_(tasks.c.annotator == who, saved)


def paired_with(who: str, states: Sequence[str] = STATES) -> ColumnElement[bool]:
    """True for tasks whose image somebody draws or drew under the other task of a pair, which has one of the states."""
    other = TASKS.alias("other")
    pair = or_(other.c.id == TASKS.c.first_id, other.c.first_id == TASKS.c.id)
    return select(other.c.number).where(pair, other.c.state.in_(states), drawn_by(who, other)).exists()
