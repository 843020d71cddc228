"""The tables, as SQLAlchemy Core sees them. Migrations make them; a test holds the two together.

`image_tags`, whose primary key begins with the tag, *is* the newest-first list of each tag: image ids are UUIDv7, so
their order is the order of time. Three things are kept beside it, always by the transaction that changes it:
the tag names in the image's row (a page needs no second query), the count in the tag's row, and the numbers
of all images and all tags in `totals`.
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
    Table,
    Text,
    TypeDecorator,
    Uuid,
    text,
)


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


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Byte order whatever the server's locale: names sort the same everywhere, and a prefix is a range.
Name = Text(collation="C")

images = Table(
    "images",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7: its timestamp is `created_at`
    Column("hash", HexDigest, nullable=False, unique=True),  # and the key of the object in the store
    Column("filename", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),  # pixels, as displayed
    Column("height", Integer, nullable=False),
    Column("tags", ARRAY(Name), nullable=False),  # sorted names, the same as in `image_tags`
    Column("thumbnail_bytes", Integer),  # NULL until a client asks for the thumbnail; 0 if it cannot be made
    Column("thumbnail_hash", HexDigest),
    Index("ix_images_mime_type", "mime_type", "id"),  # the newest-first list of each type
    CheckConstraint("substr(id::text, 15, 1) = '7'", name="id"),
    CheckConstraint("octet_length(hash) = 32", name="hash"),
    CheckConstraint("char_length(filename) BETWEEN 1 AND 255", name="filename"),
    CheckConstraint("mime_type IN ('image/jpeg', 'image/png', 'image/gif', 'image/webp')", name="mime_type"),
    CheckConstraint("size_bytes > 0", name="size_bytes"),
    CheckConstraint("width > 0 AND height > 0", name="dimensions"),
    CheckConstraint("thumbnail_bytes >= 0", name="thumbnail_bytes"),
    CheckConstraint("(thumbnail_hash IS NOT NULL) = (coalesce(thumbnail_bytes, 0) > 0)", name="thumbnail_hash"),
)

tags = Table(
    "tags",
    metadata,
    Column("key", Integer, Identity(always=True), primary_key=True),  # small, for `image_tags`; never leaves the house
    Column("id", Uuid, nullable=False, unique=True, server_default=text("gen_random_uuid()")),
    Column("name", Name, nullable=False, unique=True),
    Column("image_count", Integer, nullable=False, server_default="0"),
    CheckConstraint("name ~ '^[a-z0-9_-]{1,64}$'", name="name"),
    CheckConstraint("image_count >= 0", name="image_count"),
)

image_tags = Table(
    "image_tags",
    metadata,
    Column("tag_key", ForeignKey(tags.c.key), primary_key=True),
    # The index serves the foreign key: without it, forgetting an image would read the whole table.
    Column("image_id", ForeignKey(images.c.id), primary_key=True, index=True),
)

totals = Table(
    "totals",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("images", BigInteger, nullable=False, server_default="0"),
    Column("tags", BigInteger, nullable=False, server_default="0"),
    # The bucket of this board has the same id in it, so that `check` never deletes the objects of another board.
    Column("board_id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    CheckConstraint("only_row", name="only_row"),
    CheckConstraint("images >= 0 AND tags >= 0", name="not_negative"),
)

# Deleted images whose objects are still in the bucket, or may be. A row is written by the transaction that deletes the
# record, and deleted when the objects are.
pending_deletes = Table(
    "pending_deletes",
    metadata,
    Column("hash", HexDigest, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False, server_default=text("now()"), index=True),
    CheckConstraint("octet_length(hash) = 32", name="hash"),
)
