"""The tables of masks.

Nothing that somebody drew or said is overwritten: a save is a row, and `events` are who did what to a task.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from madseg.labelling.tables import METADATA


def _number() -> Column[int]:
    return Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _task(*, key: bool = False) -> Column[str]:
    return Column("task_id", String(32), ForeignKey("labelling_mask_tasks.id"), primary_key=key, nullable=False)


SENT_BACK, CANCELLED = "sent_back", "cancelled"
"""The states of a task whose image was sent back, and of one whose campaign was cancelled."""

GONE = (SENT_BACK, CANCELLED)
"""Tasks in these states are there for the audit alone."""

TASKS = Table(
    "labelling_mask_tasks",
    METADATA,
    _number(),
    Column("id", String(32), nullable=False, unique=True),
    Column("image_id", LargeBinary(16), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("annotator", String(64), nullable=False),
    Column("reviewer", String(64), nullable=False),
    Column("campaign_id", String(32), ForeignKey("labelling_campaigns.id")),
    Column("first_id", String(32), ForeignKey("labelling_mask_tasks.id")),
    Column("target_model", String(63)),
    Column("target_version", Integer),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("crop_left", Integer, nullable=False),
    Column("crop_top", Integer, nullable=False),
    Column("crop_width", Integer, nullable=False),
    Column("crop_height", Integer, nullable=False),
    Column("classes", Integer, nullable=False),
    Column("background", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("accepted_revision", Integer, nullable=False),
    Column("drawing_ms", BigInteger, nullable=False),
    Column("replacement", LargeBinary(16)),
    Column("returned_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
"""`purpose` is counterexample, test, random_lane, contest or second_opinion: `first_id` is the task of the first mask
then. `state` is waiting (for its annotator, where it has one), drawing, submitted, in_review, accepted, sent_back or
cancelled. `annotator` and `reviewer` are empty where there is none. `classes` labels there are; a mask that is begun
empty is `background`. `replacement` is the image that took the place of one sent back. Those `returned_at` last come
last."""
Index("labelling_mask_tasks_by_state", TASKS.c.state, TASKS.c.annotator, TASKS.c.number)
Index("labelling_mask_tasks_by_image", TASKS.c.image_id, TASKS.c.purpose)
Index("labelling_mask_tasks_by_campaign", TASKS.c.campaign_id, TASKS.c.number)
Index("labelling_mask_tasks_by_first", TASKS.c.first_id)

REVISIONS = Table(
    "labelling_mask_revisions",
    METADATA,
    _task(key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("author", String(64), nullable=False),
    Column("saved_by", String(64), nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("map", LargeBinary, nullable=False),
    Column("drawing_ms", BigInteger, nullable=False),
    Column("idempotency_key", String(200)),
    UniqueConstraint("task_id", "idempotency_key"),
)
"""`map` is the wire form of a label map, compressed with Zstandard, and `sha256` that of the wire form. `saved_by` is
somebody else than the `author` where the mask was drawn elsewhere."""

FINDINGS = Table(
    "labelling_mask_findings",
    METADATA,
    _task(key=True),
    Column("finding", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("type", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("author", String(64), nullable=False),
)
"""`type` is missing, extra, wrong_class, boundary or other; `state` is open, resolved or accepted."""

MESSAGES = Table(
    "labelling_mask_messages",
    METADATA,
    _number(),
    _task(),
    Column("author", String(64), nullable=False),
    Column("said_at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
)
Index("labelling_mask_messages_by_task", MESSAGES.c.task_id, MESSAGES.c.number)

EVENTS = Table(
    "labelling_mask_events",
    METADATA,
    _number(),
    _task(),
    Column("happened_at", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("finding", Integer),
)
"""For the audit. `act` is made, taken, returned, reassigned, submitted, sent_back (the image), cancelled (with its
campaign), review (taken), found,
resolved, accepted and opened (of a finding), accept and send_back (of a revision). `revision` is the last one then."""
Index("labelling_mask_events_by_task", EVENTS.c.task_id, EVENTS.c.number)
