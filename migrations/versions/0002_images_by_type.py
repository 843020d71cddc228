"""The list of images of each type. Uploads wait while it is made: about a second for a million images."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_images_mime_type", "images", ["mime_type", "id"])


def downgrade() -> None:
    op.drop_index("ix_images_mime_type", "images")
