"""One image: its record, its tags and what is counted."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update
from uuid_utils.compat import uuid7

from reaction_board.errors import ImageNotFound
from reaction_board.media import Media
from reaction_board.queries.tags import change_tags
from reaction_board.tables import images

_LOCK_CONTENT = select(func.pg_advisory_xact_lock(bindparam("key")))
_BY_ID = select(images).where(images.c.id == bindparam("image_id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_BY_HASH = select(images).where(images.c.hash == bindparam("hash"))
_INSERT = insert(images).returning(images)
_SET_TAGS = update(images).where(images.c.id == bindparam("image_id")).values(tags=bindparam("names")).returning(images)
_DELETE = delete(images).where(images.c.id == bindparam("image_id"))


def lock_content(connection: Connection, content_hash: str) -> None:
    """Wait for, and hold until the transaction ends, the lock of everything that changes these bytes' object.

    It excludes every process that uses the same database. Its number is the first 64 bits of the hash.
    """
    connection.execute(_LOCK_CONTENT, {"key": int.from_bytes(bytes.fromhex(content_hash[:16]), signed=True)})


def find_image(connection: Connection, image_id: UUID) -> RowMapping:
    """Return the image with that id. Raises ImageNotFound."""
    return _only(connection.execute(_BY_ID, {"image_id": image_id}).mappings().one_or_none())


def find_image_locked(connection: Connection, image_id: UUID) -> RowMapping:
    """Return the image with that id, which nobody else can change until the transaction ends. Raises ImageNotFound."""
    return _only(connection.execute(_BY_ID_LOCKED, {"image_id": image_id}).mappings().one_or_none())


def find_image_by_hash(connection: Connection, content_hash: str) -> RowMapping | None:
    """Return the image with these bytes, or None."""
    return connection.execute(_BY_HASH, {"hash": content_hash}).mappings().one_or_none()


def add_image(connection: Connection, media: Media, filename: str, tags: Sequence[str]) -> RowMapping:
    """Add an image with its tags, sorted and distinct names; return it. Its id is made now, and is its time."""
    image_id = uuid7()
    image = {
        "id": image_id,
        "hash": media.hash,
        "filename": filename,
        "mime_type": media.mime_type,
        "size_bytes": media.size_bytes,
        "width": media.width,
        "height": media.height,
        "tags": tags,
    }
    row = connection.execute(_INSERT, image).mappings().one()
    change_tags(connection, image_id, added=tags, images=1)
    return row


def replace_tags(connection: Connection, image_id: UUID, tags: Sequence[str]) -> RowMapping:
    """Give an image these tags, sorted and distinct names, instead of those it has; return it.

    The image's row is locked, so that of two replacements at once the later one wins whole.
    Raises ImageNotFound.
    """
    image = find_image_locked(connection, image_id)
    before, after = set(image["tags"]), set(tags)
    if before == after:
        return image
    row = connection.execute(_SET_TAGS, {"image_id": image_id, "names": tags}).mappings().one()
    change_tags(connection, image_id, added=sorted(after - before), removed=sorted(before - after))
    return row


def delete_image(connection: Connection, image_id: UUID) -> None:
    """Forget an image; the records of its tags stay. Raises ImageNotFound."""
    image = find_image_locked(connection, image_id)
    change_tags(connection, image_id, removed=image["tags"], images=-1)
    connection.execute(_DELETE, {"image_id": image_id})


def _only(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise ImageNotFound
    return row
