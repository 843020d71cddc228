"""One image: its record, its tags and what is counted."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, RowMapping, Uuid, any_, bindparam, delete, func, insert, select, update
from uuid_utils.compat import uuid7

from reaction_board.database.queries.tags import change_tags
from reaction_board.database.tables import images
from reaction_board.errors import ImageNotFound, InvalidField
from reaction_board.media.identify import Media

Image = RowMapping | dict[str, Any]  # by column name

_LOCK_CONTENT = select(func.pg_advisory_xact_lock(bindparam("key")))
_TRY_LOCK_CONTENT = select(func.pg_try_advisory_xact_lock(bindparam("key")))
_BY_ID = select(images).where(images.c.id == bindparam("image_id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
# In the order of ids, so that of two who lock the same images none waits for one who waits for it.
_BY_IDS_LOCKED = (
    select(images)
    .where(images.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(images.c.id)
    .with_for_update()
)
_BY_HASH = select(images).where(images.c.hash == bindparam("hash"))
_INSERT = insert(images).returning(images)
_SET_TAGS = update(images).where(images.c.id == bindparam("image_id")).values(tags=bindparam("names"))
_SET_THUMBNAIL = (
    update(images)
    .where(images.c.id == bindparam("image_id"))
    .values(thumbnail_bytes=bindparam("bytes"), thumbnail_hash=bindparam("sha256"))
)
_DELETE = delete(images).where(images.c.id == bindparam("image_id"))


def lock_content(connection: Connection, content_hash: str) -> None:
    """Take the advisory lock on this content. It is released when the transaction ends.

    It excludes every process that uses the same database. Its number is the first 64 bits of the hash.
    """
    connection.execute(_LOCK_CONTENT, {"key": _lock_key(content_hash)})


def try_lock_content(connection: Connection, content_hash: str) -> bool:
    """Take the lock of `lock_content` if nobody has it; return whether it was taken."""
    return bool(connection.execute(_TRY_LOCK_CONTENT, {"key": _lock_key(content_hash)}).scalar_one())


def _lock_key(content_hash: str) -> int:
    return int.from_bytes(bytes.fromhex(content_hash[:16]), signed=True)


def find_image(connection: Connection, image_id: UUID) -> RowMapping:
    """Return the image with that id. Raises ImageNotFound."""
    return _only(connection.execute(_BY_ID, {"image_id": image_id}).mappings().one_or_none())


def find_image_locked(connection: Connection, image_id: UUID) -> RowMapping:
    """Return the image with that id and lock its row until the transaction ends. Raises ImageNotFound."""
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
    change_tags(connection, added=[(image_id, name) for name in tags], images=1)
    return row


def replace_tags(connection: Connection, image: RowMapping, tags: Sequence[str]) -> Image:
    """Give an image, whose row is locked, these sorted and distinct tags instead of its own; return it."""
    (changed,) = _give_tags(connection, [(image, tags)])
    return changed


def change_tags_of_many(
    connection: Connection, image_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str], most: int
) -> list[Image]:
    """Give every one of some images tags and take others from it; return the images in the order of their ids given.

    `add` and `remove` have no name in common. Raises ImageNotFound, with the ids that no image has, and InvalidField if
    an image would have more than `most` tags.
    """
    rows = connection.execute(_BY_IDS_LOCKED, {"ids": list(image_ids)}).mappings()
    found = {row["id"]: row for row in rows}
    if unknown := [str(image_id) for image_id in image_ids if image_id not in found]:
        raise ImageNotFound(f"No image has the id {', '.join(unknown)}.")
    changes = []
    for image_id in image_ids:
        tags = sorted(set(found[image_id]["tags"]).difference(remove).union(add))
        if len(tags) > most:
            raise InvalidField(f"add: The image {image_id} would have more than {most} tags.")
        changes.append((found[image_id], tags))
    return _give_tags(connection, changes)


def _give_tags(connection: Connection, changes: Sequence[tuple[RowMapping, Sequence[str]]]) -> list[Image]:
    """Give images, whose rows are locked, these tags instead of those that they have; return them in this order."""
    changed = [(image["id"], set(image["tags"]), tags) for image, tags in changes if set(image["tags"]) != set(tags)]
    if changed:
        connection.execute(_SET_TAGS, [{"image_id": image_id, "names": tags} for image_id, _, tags in changed])
        change_tags(
            connection,
            added=[(image_id, name) for image_id, before, tags in changed for name in tags if name not in before],
            removed=[(image_id, name) for image_id, before, tags in changed for name in before.difference(tags)],
        )
    return [{**image, "tags": tags} for image, tags in changes]


def set_thumbnail(connection: Connection, image_id: UUID, size_bytes: int | None, sha256: str | None = None) -> None:
    """Set the size and hash of an image's thumbnail. The size is 0 if there can be none, None if it is to be made."""
    connection.execute(_SET_THUMBNAIL, {"image_id": image_id, "bytes": size_bytes, "sha256": sha256})


def delete_image(connection: Connection, image: RowMapping) -> None:
    """Forget an image, whose row is locked; the records of its tags stay."""
    change_tags(connection, removed=[(image["id"], name) for name in image["tags"]], images=-1)
    connection.execute(_DELETE, {"image_id": image["id"]})


def _only(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise ImageNotFound
    return row
