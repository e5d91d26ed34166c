"""What a round was asked for with, so that its key can't be taken for another one."""

import sqlalchemy as sa
from alembic import op

revision = "1.1"
down_revision = "1.0"


def upgrade() -> None:
    """Null for rounds that are in: their keys answer whatever is asked."""
    op.add_column("rounds_rounds", sa.Column("asked_sha256", sa.LargeBinary(32)))
