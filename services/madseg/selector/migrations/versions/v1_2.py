"""When images were accepted, and how far versions have been taken over the images that are in."""

import sqlalchemy as sa
from alembic import op

revision = "1.2"
down_revision = "1.1"


def upgrade() -> None:
    """Images that are in keep no time of acceptance; the sweeps begin at the first one."""
    op.add_column("selector_images", sa.Column("accepted_at", sa.BigInteger))
    op.create_table(
        "selector_sweeps",
        _version(),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "selector_sweep_marks",
        _version(),
        sa.Column("taken_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("missing", sa.BigInteger, nullable=False),
    )


def _version() -> sa.Column[int]:
    known = sa.ForeignKey("selector_versions.id")
    return sa.Column("version_id", sa.Integer, known, primary_key=True, autoincrement=False)
