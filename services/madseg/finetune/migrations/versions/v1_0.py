"""The first table of fine-tuning."""

import sqlalchemy as sa
from alembic import op

revision = "1.0"
down_revision = None


def upgrade() -> None:
    """Makes it."""
    op.create_table(
        "finetune_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("started_by", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(200), unique=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("examples", sa.Text, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("launches", sa.Integer, nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("releasing", sa.Boolean, nullable=False),
        sa.Column("release_begun", sa.Boolean, nullable=False),
        sa.Column("released", sa.Integer),
        sa.Column("promoted_by", sa.String(64)),
    )
    op.create_index("finetune_runs_by_state", "finetune_runs", ["state", "number"])
