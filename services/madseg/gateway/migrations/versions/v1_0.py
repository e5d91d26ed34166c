"""The tables of madseg 0.1."""

import sqlalchemy as sa
from alembic import op

revision = "1.0"
down_revision = None


def upgrade() -> None:
    """Makes them."""
    op.create_table(
        "gateway_images",
        # SQLite counts up by itself only in a column of its type INTEGER.
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("image_id", sa.String(32), nullable=False, unique=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("original_uri", sa.Text, nullable=False),
        sa.Column("canonical_uri", sa.Text, nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("crop_left", sa.Integer, nullable=False),
        sa.Column("crop_top", sa.Integer, nullable=False),
        sa.Column("crop_width", sa.Integer, nullable=False),
        sa.Column("crop_height", sa.Integer, nullable=False),
        sa.Column("grid_id", sa.String(64), nullable=False),
        sa.Column("perceptual_hash", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("captured_at", sa.BigInteger, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("random_lane", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gateway_imported",
        sa.Column("image_id", sa.String(32), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("captured_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "gateway_bans",
        sa.Column("image_id", sa.String(32), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("banned_at", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.Boolean, nullable=False),
    )
