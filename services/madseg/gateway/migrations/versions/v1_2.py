"""How many images of a source came in within a window of time."""

import sqlalchemy as sa
from alembic import op

revision = "1.2"
down_revision = "1.1"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "gateway_taken",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("seconds", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("begun", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("images", sa.Integer, nullable=False),
    )
