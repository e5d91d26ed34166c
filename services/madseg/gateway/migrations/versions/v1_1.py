"""Images by age, so that history finds the oldest."""

from alembic import op

revision = "1.1"
down_revision = "1.0"


def upgrade() -> None:
    """Reads every image's row once."""
    op.create_index("gateway_images_by_age", "gateway_images", ["accepted_at"])
    op.create_index("gateway_imported_by_age", "gateway_imported", ["captured_at"])
