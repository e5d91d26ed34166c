"""The first tables of rounds."""

import sqlalchemy as sa
from alembic import op

revision = "1.0"
down_revision = None


def upgrade() -> None:
    """Makes them."""
    op.create_table(
        "rounds_rounds",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("serial", sa.Integer, nullable=False, unique=True),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("started_by", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(200), unique=True),
        sa.Column("going_on", sa.String(63), unique=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("steps", sa.Text, nullable=False),
        sa.Column("awaits", sa.Boolean, nullable=False),
        sa.Column("approved", sa.Boolean, nullable=False),
        sa.Column("despite", sa.Boolean, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("candidate_set_id", sa.String(32), nullable=False),
        sa.Column("campaign_id", sa.String(32), nullable=False),
        sa.Column("run_begun", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("promoting", sa.Boolean, nullable=False),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("released", sa.Integer),
        sa.Column("candidates", sa.Integer, nullable=False),
        sa.Column("counterexamples", sa.Integer, nullable=False),
        sa.Column("test", sa.Integer, nullable=False),
        sa.UniqueConstraint("model", "number"),
    )
    op.create_table(
        "rounds_policies",
        sa.Column("model", sa.String(63), primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("candidates", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("set_at", sa.BigInteger, nullable=False),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.Column("evaluated", sa.Boolean, nullable=False),
    )
    op.create_table(
        "rounds_images",
        sa.Column("model", sa.String(63), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.String(32), primary_key=True),
        sa.Column("mask", sa.String(48), nullable=False),
    )
    op.create_table(
        "rounds_sets",
        sa.Column("model", sa.String(63), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("vetoed", sa.Integer, nullable=False),
    )
    op.create_table(
        "rounds_results",
        sa.Column("mask", sa.String(48), primary_key=True),
        sa.Column("model", sa.String(63), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("confusion", sa.LargeBinary, nullable=False),
        sa.Column("mean_iou", sa.Float(53), nullable=False),
    )
    op.create_table(
        "rounds_versions",
        sa.Column("model", sa.String(63), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("report", sa.Text),
        sa.Column("trained", sa.Text, nullable=False),
    )
    op.create_table(
        "rounds_figures",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("figures", sa.Text, nullable=False),
    )
    op.create_index("rounds_by_model", "rounds_rounds", ["model", "serial"])
    op.create_index("rounds_to_stop", "rounds_rounds", ["stopping"])
