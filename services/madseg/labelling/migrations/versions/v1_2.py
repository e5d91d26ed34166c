"""What a campaign was asked for with, so that its key can't be taken for another one."""

import sqlalchemy as sa
from alembic import op

revision = "1.2"
down_revision = "1.1"


def upgrade() -> None:
    """Null for campaigns that are in: their keys answer whatever is asked."""
    op.add_column("labelling_campaigns", sa.Column("asked_sha256", sa.LargeBinary(32)))
