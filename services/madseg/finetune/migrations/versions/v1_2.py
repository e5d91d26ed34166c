"""What a run was asked for with, so that its key can't be taken for another one."""

import sqlalchemy as sa
from alembic import op

revision = "1.2"
down_revision = "1.1"


def upgrade() -> None:
    """Null for runs that are in: their keys answer whatever is asked."""
    op.add_column("finetune_runs", sa.Column("asked_sha256", sa.LargeBinary(32)))
