"""What a run waits for."""

import sqlalchemy as sa
from alembic import op

revision = "1.1"
down_revision = "1.0"


def upgrade() -> None:
    """Null until a run has to wait."""
    op.add_column("finetune_runs", sa.Column("waits_for", sa.Text))
