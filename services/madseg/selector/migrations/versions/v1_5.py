"""What a candidate set was asked for with, so that its key can't be taken for another one."""

import sqlalchemy as sa
from alembic import op

revision = "1.5"
down_revision = "1.4"


def upgrade() -> None:
    """Null for sets that are in: their keys answer whatever is asked."""
    op.add_column("selector_candidate_sets", sa.Column("asked_sha256", sa.LargeBinary(32)))
