"""Tags: their list, and which image has which."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, func, select, text

from reaction_board.tables import tags

# What is inserted in the order of names and locked in the order of keys cannot deadlock: who still inserts holds no
# lock that another could see, and who locks waits for nothing but locks. Names that are there are not inserted
# again, because each attempt would use up a key.
_INSERT_MISSING = text("""
    INSERT INTO tags (name)
    SELECT name FROM unnest(CAST(:names AS text[])) AS name
    WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = name.name)
    ORDER BY name COLLATE "C"
    ON CONFLICT DO NOTHING
""")
# Locking and counting are two statements: in one, the order of the locks is not certain.
_LOCK = text("""
    SELECT key, name FROM tags WHERE name = ANY(:names) ORDER BY key FOR NO KEY UPDATE
""")
_CHANGE_COUNT = text("""
    UPDATE tags SET image_count = image_count + CASE WHEN key = ANY(:added) THEN 1 ELSE -1 END WHERE key = ANY(:keys)
""")
_ADD = text("""
    INSERT INTO image_tags (tag_key, image_id) SELECT key, :image_id FROM unnest(CAST(:added AS integer[])) AS key
""")
_REMOVE = text("""
    DELETE FROM image_tags WHERE tag_key = ANY(:removed) AND image_id = :image_id
""")


def change_tags(connection: Connection, image_id: UUID, added: Sequence[str], removed: Sequence[str]) -> None:
    """Enter tags that an image has not, and take out tags that it has: records, lists and counts.

    The names in the image's row are the caller's to change. New names become tags.
    """
    names = [*added, *removed]
    if not names:
        return
    connection.execute(_INSERT_MISSING, {"names": names})
    keys = {name: key for key, name in connection.execute(_LOCK, {"names": names})}
    added_keys, removed_keys = [keys[name] for name in added], [keys[name] for name in removed]
    if removed_keys:
        connection.execute(_REMOVE, {"removed": removed_keys, "image_id": image_id})
    if added_keys:
        connection.execute(_ADD, {"added": added_keys, "image_id": image_id})
    connection.execute(_CHANGE_COUNT, {"added": added_keys, "keys": added_keys + removed_keys})


# A prefix is a range: '{' is the character after 'z', the last one of a name, and names are in byte order.
_MATCHING = (tags.c.name >= bindparam("first"), tags.c.name < bindparam("last"))
_PAGE = (
    select(tags.c.id, tags.c.name, tags.c.image_count)
    .where(*_MATCHING)
    .order_by(tags.c.name)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_TOTAL = select(func.count()).select_from(tags).where(*_MATCHING)


def find_tags(connection: Connection, prefix: str, limit: int, offset: int) -> tuple[Sequence[RowMapping], int]:
    """Return a page of the tags whose names begin with `prefix`, in byte order, and how many there are in all."""
    if not re.fullmatch(r"[a-z0-9_-]{0,64}", prefix):
        return [], 0
    bounds = {"first": prefix, "last": prefix + "{"}
    page = connection.execute(_PAGE, {**bounds, "limit": limit, "offset": offset}).mappings().all()
    return page, connection.execute(_TOTAL, bounds).scalar_one()
