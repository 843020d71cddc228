"""The tables, as SQLAlchemy Core sees them. Migrations create them, and a test verifies that the two agree.

`image_tags` says which image has which tag. A transaction that changes it also changes all data that are derived from
it: the tag names in the image's row (so a page needs no second query), the count in the tag's row, the numbers of all
images and tags in `totals`, and the bitmaps that searches read. `queries/lists.py` explains positions, lists and
chunks.

`tags` has a row for each name, of a tag or of an alias. `queries/aliases.py` explains aliases and merges.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import BIT


class HexDigest(TypeDecorator[str]):
    """A SHA-256 digest: 64 hexadecimal digits in Python, 32 bytes in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Return the bytes of the digits."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the digits of the bytes."""
        return None if value is None else bytes(value).hex()


Image = RowMapping | dict[str, Any]  # a row of `images`, by column name

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

TAG_PATTERN = "[a-z0-9_-]{1,64}"
# Byte order, whatever the server's locale. So names sort the same everywhere, and a prefix is a range.
Name = Text(collation="C")

CHUNK = 8192  # positions in one row of `bitmaps`

images = Table(
    "images",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7: its timestamp is `created_at`
    Column("position", Integer, nullable=False, unique=True),  # 0, 1, 2, … in the order of `created_at`, never reused
    Column("hash", HexDigest, nullable=False, unique=True),  # also the key of the object in the store
    Column("filename", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),  # pixels, as displayed
    Column("height", Integer, nullable=False),
    Column("frames", Integer, nullable=False),  # more than one if the image is animated
    Column("tags", ARRAY(Name), nullable=False),  # sorted names, the same as in `image_tags`
    Column("thumbnail_bytes", Integer),  # NULL until a client asks for the thumbnail; 0 if there can be none
    Column("thumbnail_hash", HexDigest),
    CheckConstraint("substr(id::text, 15, 1) = '7'", name="id"),
    CheckConstraint("octet_length(hash) = 32", name="hash"),
    CheckConstraint("char_length(filename) BETWEEN 1 AND 255", name="filename"),
    CheckConstraint("mime_type IN ('image/jpeg', 'image/png', 'image/gif', 'image/webp')", name="mime_type"),
    CheckConstraint("size_bytes > 0", name="size_bytes"),
    CheckConstraint("width > 0 AND height > 0", name="dimensions"),
    CheckConstraint("position >= 0", name="position"),
    CheckConstraint("frames > 0", name="frames"),
    CheckConstraint("thumbnail_bytes >= 0", name="thumbnail_bytes"),
    CheckConstraint("(thumbnail_hash IS NOT NULL) = (coalesce(thumbnail_bytes, 0) > 0)", name="thumbnail_hash"),
)

# The lowest bit and the number of bits of each band of a fingerprint: see `queries/fingerprints.py`.
BANDS = ((51, 13), (38, 13), (25, 13), (12, 13), (0, 12))
bands = [literal_column(f"(((bits >> {lowest}) & {(1 << width) - 1})::integer)", Integer()) for lowest, width in BANDS]

# The fingerprints of pictures. An image without a row has no fingerprint yet.
fingerprints = Table(
    "fingerprints",
    metadata,
    Column("position", ForeignKey(images.c.position, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("bits", BigInteger),  # NULL: the picture has no structure, or cannot be decoded
    # The indexes contain all columns of a search, so it reads only them.
    *(
        Index(f"ix_fingerprints_band_{number}", band, postgresql_include=["position", "bits"])
        for number, band in enumerate(bands)
    ),
)

tags = Table(
    "tags",
    metadata,
    Column("key", Integer, Identity(always=True), primary_key=True),  # small, for `image_tags`; internal
    # NULL for an alias that was never a tag. A tag that becomes an alias keeps its id.
    Column("id", Uuid, unique=True, server_default=text("gen_random_uuid()")),
    Column("name", Name, nullable=False, unique=True),
    Column("image_count", Integer, nullable=False, server_default="0"),
    Column("has_bitmaps", Boolean, nullable=False, server_default=text("false")),  # once popular
    Column("alias_of", ForeignKey("tags.key")),  # the tag that this alias stands for: never another alias
    Column("merging", ARRAY(Name)),  # aliases of this tag that images still have, until their merge is finished
    CheckConstraint(f"name ~ '^{TAG_PATTERN}$'", name="name"),
    CheckConstraint("image_count >= 0", name="image_count"),
    CheckConstraint("id IS NOT NULL OR alias_of IS NOT NULL", name="id"),
    CheckConstraint("alias_of IS NULL OR (alias_of <> key AND merging IS NULL)", name="alias_of"),
    CheckConstraint("cardinality(merging) > 0", name="merging"),
)
# These indexes have no column that counting changes, so counting updates no index.
Index("ix_tags_alias_of", tags.c.alias_of, postgresql_where=tags.c.alias_of.is_not(None))
Index("ix_tags_merging", tags.c.key, postgresql_where=tags.c.merging.is_not(None))

# `position` has no foreign key: it would need an index by position, without which deleting an image would read the
# whole table. The code that deletes an image removes it from its lists, and `check` compares the two.
image_tags = Table(
    "image_tags",
    metadata,
    Column("tag_key", ForeignKey(tags.c.key), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
)

bitmaps = Table(
    "bitmaps",
    metadata,
    Column("list", Integer, primary_key=True, autoincrement=False),  # the key of a tag, or a list of `queries/lists.py`
    Column("chunk", Integer, primary_key=True, autoincrement=False),  # position // CHUNK
    Column("bits", BIT(CHUNK), nullable=False),  # the leftmost bit stands for the chunk's first position
)

totals = Table(
    "totals",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("images", BigInteger, nullable=False, server_default="0"),
    Column("tags", BigInteger, nullable=False, server_default="0"),  # without aliases
    # The bucket of this board contains the same id, so that `check` never deletes the objects of another board.
    Column("board_id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("next_position", BigInteger, nullable=False, server_default="0"),
    Column("newest", BigInteger, nullable=False, server_default="0"),  # latest `created_at`, milliseconds since 1970
    CheckConstraint("only_row", name="only_row"),
    CheckConstraint("images >= 0 AND tags >= 0", name="not_negative"),
)

# Deleted images whose objects may still be in the bucket. The transaction that deletes a record adds the row, and
# deleting the objects removes it.
pending_deletes = Table(
    "pending_deletes",
    metadata,
    Column("hash", HexDigest, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("tried", DateTime(timezone=True), nullable=False, server_default=text("now()"), index=True),  # the last time
    CheckConstraint("octet_length(hash) = 32", name="hash"),
)
