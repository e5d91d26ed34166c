"""Which content constraint is in force: several selectors rank in one database, and all must rank alike."""

import sqlalchemy as sa
from alembic import op

revision = "1.4"
down_revision = "1.3"


def upgrade() -> None:
    """Null until the next start of a selector."""
    op.add_column("selector_project", sa.Column("content_constraint", sa.Text))
