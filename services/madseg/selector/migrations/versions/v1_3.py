"""Candidate sets that are cut by entropy, by lot, or for a competition."""

import sqlalchemy as sa
from alembic import op

revision = "1.3"
down_revision = "1.2"


def upgrade() -> None:
    """Sets that are in were cut by discrepancy."""
    for column in (
        sa.Column("strategy", sa.String(16)),
        sa.Column("grouped", sa.Boolean),
        sa.Column("seed", sa.BigInteger),
        sa.Column("contestants", sa.Text),
    ):
        op.add_column("selector_candidate_sets", column)
    op.add_column("selector_candidates", sa.Column("score", sa.Double))
