"""Which metric is in force: several selectors write into one database, and all must compare alike."""

import sqlalchemy as sa
from alembic import op

revision = "1.1"
down_revision = "1.0"


def upgrade() -> None:
    """Null until the next start of a selector."""
    op.add_column("selector_project", sa.Column("metric", sa.String(64)))
