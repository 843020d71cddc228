"""The size of each image's thumbnail, once it is made."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("thumbnail_bytes", sa.Integer()))
    # Not held against the rows that are there, which have none: that would read them all, while nobody else can.
    op.execute("ALTER TABLE images ADD CONSTRAINT ck_images_thumbnail_bytes CHECK (thumbnail_bytes >= 0) NOT VALID")


def downgrade() -> None:
    op.drop_column("images", "thumbnail_bytes")
