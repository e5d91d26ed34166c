"""Images that are forgotten, and errands by their image."""

import sqlalchemy as sa
from alembic import op

revision = "1.1"
down_revision = "1.0"


def upgrade() -> None:
    """Adds a table and an index."""
    op.create_table(
        "labelling_bans",
        sa.Column("image_id", sa.LargeBinary(16), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("banned_at", sa.BigInteger, nullable=False),
    )
    op.create_index("labelling_errands_by_image", "labelling_errands", ["image_id"])
