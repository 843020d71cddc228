"""Tags: their list, and which image has which."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

# What is inserted in the order of names and locked in the order of keys cannot deadlock: who still inserts holds no
# lock that another could see, and who locks waits for nothing but locks. Names that are there are not inserted
# again, because each attempt would use up a key.
_INSERT_MISSING = text("""
    INSERT INTO tags (name)
    SELECT name FROM unnest(CAST(:names AS text[])) AS name
    WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = name.name)
    ORDER BY name COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING key
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


def change_tags(connection: Connection, image_id: UUID, added: Sequence[str], removed: Sequence[str]) -> int:
    """Enter tags that an image has not, and take out tags that it has: records, lists and counts.

    New names become tags; returns how many did. The names in the image's row and the totals are the caller's to change.
    """
    names = [*added, *removed]
    if not names:
        return 0
    new_tags = len(connection.execute(_INSERT_MISSING, {"names": names}).all())
    keys = {name: key for key, name in connection.execute(_LOCK, {"names": names})}
    added_keys, removed_keys = [keys[name] for name in added], [keys[name] for name in removed]
    if removed_keys:
        connection.execute(_REMOVE, {"removed": removed_keys, "image_id": image_id})
    if added_keys:
        connection.execute(_ADD, {"added": added_keys, "image_id": image_id})
    connection.execute(_CHANGE_COUNT, {"added": added_keys, "keys": added_keys + removed_keys})
    return new_tags


# A prefix is a range: '{' is the character after 'z', the last one of a name, and names are in byte order. The number
# of all tags is kept, that of some is counted. The outer join keeps it when the page is empty.
_PAGE = text("""
    SELECT found.total, page.*
    FROM (
        SELECT CASE WHEN CAST(:first AS text) = '' THEN (SELECT tags FROM totals)
            ELSE (SELECT count(*) FROM tags WHERE name >= :first AND name < :last) END
    ) AS found (total)
    LEFT JOIN (
        SELECT id, name, image_count FROM tags WHERE name >= :first AND name < :last
        ORDER BY name LIMIT :limit OFFSET :offset
    ) AS page ON true
    ORDER BY page.name
""")


def find_tags(connection: Connection, prefix: str, limit: int, offset: int) -> tuple[Sequence[RowMapping], int]:
    """Return a page of the tags whose names begin with `prefix`, in byte order, and how many there are in all."""
    if not re.fullmatch(r"[a-z0-9_-]{0,64}", prefix):
        return [], 0
    query = {"first": prefix, "last": prefix + "{", "limit": limit, "offset": offset}
    total_and_tags = connection.execute(_PAGE, query).mappings().all()
    return [row for row in total_and_tags if row["id"]], total_and_tags[0]["total"]
