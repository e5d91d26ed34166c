"""The first tables of labelling."""

import sqlalchemy as sa
from alembic import op

revision = "1.0"
down_revision = None


def upgrade() -> None:
    """Makes them."""
    _campaigns()
    _judgements()
    _chosen()
    _masks()


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)


def _campaign(*, key: bool = False) -> sa.Column[str]:
    known = sa.ForeignKey("labelling_campaigns.id")
    return sa.Column("campaign_id", sa.String(32), known, primary_key=key, nullable=False)


def _campaigns() -> None:
    op.create_table(
        "labelling_campaigns",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("candidate_set_id", sa.String(32), nullable=False),
        sa.Column("target_model", sa.String(63), nullable=False),
        sa.Column("target_version", sa.Integer, nullable=False),
        sa.Column("competitors", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("carried", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.String(200), unique=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("chosen_at", sa.BigInteger),
    )
    op.create_table(
        "labelling_items",
        _campaign(key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("image_id", sa.LargeBinary(16), nullable=False),
        sa.Column("map_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("mean_discrepancy", sa.Double, nullable=False),
        sa.Column("perceptual_hash", sa.BigInteger),
        sa.Column("main_class", sa.Text, nullable=False),
        sa.Column("full", sa.Boolean, nullable=False),
        sa.Column("grades", sa.Integer, nullable=False),
        sa.Column("grade_sum", sa.Integer, nullable=False),
        sa.Column("abstentions", sa.Integer, nullable=False),
        sa.Column("vetoes", sa.Integer, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("free", sa.Integer, nullable=False),
        sa.UniqueConstraint("campaign_id", "image_id"),
    )
    op.create_index("labelling_items_free", "labelling_items", ["campaign_id", "free", "position"])
    op.create_index("labelling_items_needed", "labelling_items", ["campaign_id", "needed"])
    op.create_index("labelling_items_by_image", "labelling_items", ["image_id"])


def _judgements() -> None:
    op.create_table(
        "labelling_assignments",
        sa.Column("id", sa.String(32), primary_key=True),
        _campaign(),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("rater", sa.String(64), nullable=False),
        sa.Column("repeat", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Column("due", sa.Integer, nullable=False),
        sa.UniqueConstraint("campaign_id", "position", "rater", "repeat"),
    )
    op.create_index("labelling_assignments_by_rater", "labelling_assignments", ["campaign_id", "rater", "state"])
    op.create_index("labelling_assignments_by_lease", "labelling_assignments", ["campaign_id", "state", "leased_until"])
    op.create_table(
        "labelling_judgements",
        _number(),
        sa.Column("assignment_id", sa.String(32)),
        _campaign(),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("image_id", sa.LargeBinary(16), nullable=False),
        sa.Column("map_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("rater", sa.String(64), nullable=False),
        sa.Column("repeat", sa.Boolean, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("grade", sa.Integer),
        sa.Column("reason", sa.String(16)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("looked_ms", sa.BigInteger, nullable=False),
        sa.Column("given_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("changed_at", sa.BigInteger),
        sa.Column("changed_by", sa.String(64)),
        sa.Column("origin", sa.BigInteger),
    )
    op.create_index("labelling_judgements_by_item", "labelling_judgements", ["campaign_id", "position"])
    op.create_index("labelling_judgements_by_rater", "labelling_judgements", ["campaign_id", "rater", "number"])
    op.create_index("labelling_judgements_by_image", "labelling_judgements", ["image_id", "kind"])
    op.create_index("labelling_judgements_by_assignment", "labelling_judgements", ["assignment_id"])


def _chosen() -> None:
    op.create_table(
        "labelling_chosen",
        _campaign(key=True),
        sa.Column("purpose", sa.String(16), primary_key=True),
        sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("image_id", sa.LargeBinary(16), nullable=False),
        sa.Column("mean", sa.Double),
        sa.Column("mean_discrepancy", sa.Double, nullable=False),
        sa.Column("main_class", sa.Text, nullable=False),
        sa.Column("left_at", sa.BigInteger),
    )
    op.create_index("labelling_chosen_by_image", "labelling_chosen", ["image_id"])
    op.create_table(
        "labelling_errands",
        _number(),
        sa.Column("image_id", sa.LargeBinary(16), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
    )
    op.create_index("labelling_errands_open", "labelling_errands", ["done_at", "number"])


def _masks() -> None:
    op.create_table(
        "labelling_mask_tasks",
        _number(),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("image_id", sa.LargeBinary(16), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("annotator", sa.String(64), nullable=False),
        sa.Column("reviewer", sa.String(64), nullable=False),
        sa.Column("campaign_id", sa.String(32), sa.ForeignKey("labelling_campaigns.id")),
        sa.Column("first_id", sa.String(32), sa.ForeignKey("labelling_mask_tasks.id")),
        sa.Column("target_model", sa.String(63)),
        sa.Column("target_version", sa.Integer),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("crop_left", sa.Integer, nullable=False),
        sa.Column("crop_top", sa.Integer, nullable=False),
        sa.Column("crop_width", sa.Integer, nullable=False),
        sa.Column("crop_height", sa.Integer, nullable=False),
        sa.Column("classes", sa.Integer, nullable=False),
        sa.Column("background", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("accepted_revision", sa.Integer, nullable=False),
        sa.Column("drawing_ms", sa.BigInteger, nullable=False),
        sa.Column("replacement", sa.LargeBinary(16)),
        sa.Column("returned_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("labelling_mask_tasks_by_state", "labelling_mask_tasks", ["state", "annotator", "number"])
    op.create_index("labelling_mask_tasks_by_image", "labelling_mask_tasks", ["image_id", "purpose"])
    op.create_index("labelling_mask_tasks_by_campaign", "labelling_mask_tasks", ["campaign_id", "number"])
    op.create_index("labelling_mask_tasks_by_first", "labelling_mask_tasks", ["first_id"])
    op.create_table(
        "labelling_mask_revisions",
        _mask_task(key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("saved_by", sa.String(64), nullable=False),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("map", sa.LargeBinary, nullable=False),
        sa.Column("drawing_ms", sa.BigInteger, nullable=False),
        sa.Column("idempotency_key", sa.String(200)),
        sa.UniqueConstraint("task_id", "idempotency_key"),
    )
    op.create_table(
        "labelling_mask_findings",
        _mask_task(key=True),
        sa.Column("finding", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("x", sa.Integer, nullable=False),
        sa.Column("y", sa.Integer, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
    )
    op.create_table(
        "labelling_mask_messages",
        _number(),
        _mask_task(),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("said_at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("labelling_mask_messages_by_task", "labelling_mask_messages", ["task_id", "number"])
    op.create_table(
        "labelling_mask_events",
        _number(),
        _mask_task(),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("finding", sa.Integer),
    )
    op.create_index("labelling_mask_events_by_task", "labelling_mask_events", ["task_id", "number"])


def _mask_task(*, key: bool = False) -> sa.Column[str]:
    known = sa.ForeignKey("labelling_mask_tasks.id")
    return sa.Column("task_id", sa.String(32), known, primary_key=key, nullable=False)
