"""The tables of version 1.0.0: images, tags, which image has which tag, counts, and the bitmaps of searches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CHUNK = 8192  # positions in one bitmap
BANDS = ((51, 13), (38, 13), (25, 13), (12, 13), (0, 12))  # of a fingerprint: the lowest bit and the number of bits


def upgrade() -> None:
    name = sa.Text(collation="C")
    op.create_table(
        "images",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(name), nullable=False),
        sa.Column("thumbnail_bytes", sa.Integer()),
        sa.Column("thumbnail_hash", sa.LargeBinary()),
        sa.CheckConstraint("substr(id::text, 15, 1) = '7'", name=op.f("ck_images_id")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_images_hash")),
        sa.CheckConstraint("char_length(filename) BETWEEN 1 AND 255", name=op.f("ck_images_filename")),
        sa.CheckConstraint(
            "mime_type IN ('image/jpeg', 'image/png', 'image/gif', 'image/webp')", name=op.f("ck_images_mime_type")
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_images_size_bytes")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_images_dimensions")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_images_position")),
        sa.CheckConstraint("frames > 0", name=op.f("ck_images_frames")),
        sa.CheckConstraint("thumbnail_bytes >= 0", name=op.f("ck_images_thumbnail_bytes")),
        sa.CheckConstraint(
            "(thumbnail_hash IS NOT NULL) = (coalesce(thumbnail_bytes, 0) > 0)", name=op.f("ck_images_thumbnail_hash")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("position", name=op.f("uq_images_position")),
        sa.UniqueConstraint("hash", name=op.f("uq_images_hash")),
    )
    op.create_table(
        "fingerprints",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bits", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["position"], ["images.position"], name=op.f("fk_fingerprints_position_images"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_fingerprints")),
    )
    for number, (lowest, width) in enumerate(BANDS):
        op.create_index(
            f"ix_fingerprints_band_{number}",
            "fingerprints",
            [sa.text(f"(((bits >> {lowest}) & {(1 << width) - 1})::integer)")],
            postgresql_include=["position", "bits"],
        )
    op.create_table(
        "tags",
        sa.Column("key", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()")),
        sa.Column("name", name, nullable=False),
        sa.Column("image_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("has_bitmaps", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("alias_of", sa.Integer()),
        sa.Column("merging", postgresql.ARRAY(name)),
        sa.CheckConstraint("name ~ '^[a-z0-9_-]{1,64}$'", name=op.f("ck_tags_name")),
        sa.CheckConstraint("image_count >= 0", name=op.f("ck_tags_image_count")),
        sa.CheckConstraint("id IS NOT NULL OR alias_of IS NOT NULL", name=op.f("ck_tags_id")),
        sa.CheckConstraint("alias_of IS NULL OR (alias_of <> key AND merging IS NULL)", name=op.f("ck_tags_alias_of")),
        sa.CheckConstraint("cardinality(merging) > 0", name=op.f("ck_tags_merging")),
        sa.ForeignKeyConstraint(["alias_of"], ["tags.key"], name=op.f("fk_tags_alias_of_tags")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tags")),
        sa.UniqueConstraint("id", name=op.f("uq_tags_id")),
        sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
    )
    op.create_index("ix_tags_alias_of", "tags", ["alias_of"], postgresql_where=sa.text("alias_of IS NOT NULL"))
    op.create_index("ix_tags_merging", "tags", ["key"], postgresql_where=sa.text("merging IS NOT NULL"))
    op.create_table(
        "image_tags",
        sa.Column("tag_key", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["tag_key"], ["tags.key"], name=op.f("fk_image_tags_tag_key_tags")),
        sa.PrimaryKeyConstraint("tag_key", "position", name=op.f("pk_image_tags")),
    )
    op.create_table(
        "bitmaps",
        sa.Column("list", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chunk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bits", postgresql.BIT(CHUNK), nullable=False),
        sa.PrimaryKeyConstraint("list", "chunk", name=op.f("pk_bitmaps")),
    )
    totals = op.create_table(
        "totals",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("images", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tags", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("board_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("next_position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("newest", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_totals_only_row")),
        sa.CheckConstraint("images >= 0 AND tags >= 0", name=op.f("ck_totals_not_negative")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_totals")),
    )
    op.bulk_insert(totals, [{"images": 0, "tags": 0}])
    op.create_table(
        "pending_deletes",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tried", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_pending_deletes_hash")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_pending_deletes")),
    )
    op.create_index(op.f("ix_pending_deletes_tried"), "pending_deletes", ["tried"])
    # Room for a new version of a row in its page, so that counting touches no index.
    op.execute("ALTER TABLE tags SET (fillfactor = 50)")
    op.execute("ALTER TABLE totals SET (fillfactor = 10)")
    # Until a vacuum, the index of a list that changed does not say which of its entries are visible.
    op.execute(
        "ALTER TABLE image_tags SET (autovacuum_vacuum_scale_factor = 0.01,"
        " autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01)"
    )
    # And so it is with the indexes of fingerprints.
    op.execute("ALTER TABLE fingerprints SET (autovacuum_vacuum_insert_scale_factor = 0.01)")
    # Each upload rewrites the newest bitmap of each popular list of its image, 1 KB a time. A vacuum that comes often
    # and does not pause keeps the table small.
    op.execute(
        "ALTER TABLE bitmaps SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0,"
        " autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)"
    )
    # The bits of positions in one chunk: bits_of(position % 8192, 1). Unlike bit_or(set_bit(…)), it makes one copy of
    # the bits for each position, in C, and not three.
    op.execute(f"CREATE AGGREGATE bits_of(integer, integer) (SFUNC = set_bit, STYPE = bit, INITCOND = '{'0' * CHUNK}')")
    # The bits of what is on any of some tags, by name. A function, because almost no search needs it: what is in a
    # function costs no planning until that is called. STRICT keeps PostgreSQL from planning it inline.
    op.execute(UNITED)


UNITED = """
    CREATE FUNCTION united(names text[]) RETURNS TABLE (chunk integer, bits bit)
    LANGUAGE sql STABLE STRICT ROWS 100 AS $$
        WITH lists AS (SELECT key, has_bitmaps FROM tags WHERE name = ANY(names))
        SELECT chunk, bit_or(bits) FROM (
            SELECT chunk, bits FROM lists JOIN bitmaps ON list = key WHERE has_bitmaps
            UNION ALL
            SELECT position / 8192, bits_of(position % 8192, 1)
            FROM lists JOIN image_tags ON tag_key = key WHERE NOT has_bitmaps GROUP BY 1
        ) AS parts GROUP BY chunk
    $$
"""


def downgrade() -> None:
    op.drop_table("pending_deletes")
    op.execute("DROP FUNCTION united(text[])")
    op.execute("DROP AGGREGATE bits_of(integer, integer)")
    op.drop_table("totals")
    op.drop_table("bitmaps")
    op.drop_table("image_tags")
    op.drop_table("tags")
    op.drop_table("fingerprints")
    op.drop_table("images")
