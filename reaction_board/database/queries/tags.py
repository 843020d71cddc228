"""Tags: their list, and which image has which."""

import re
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

Tag = RowMapping  # id, name, image_count
Entries = Sequence[tuple[UUID, str]]  # images and names of tags

# New names are inserted in their order, before anything is counted; all that is counted is changed under one lock,
# taken last of all. So nobody waits for one who waits for him: who still inserts has no lock of counts, and who has it
# waits for nothing. It is held until its transaction is on disk: the later it is taken, the less others wait. Locks on
# the rows of tags, in an order, would exclude fewer, but each commit wakes all who wait for a row, to look again.
# Names that are there are not inserted again, because each attempt would use up a key.
_INSERT_MISSING = text("""
    INSERT INTO tags (name)
    SELECT name FROM unnest(CAST(:names AS text[])) AS name
    WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = name.name)
    ORDER BY name COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING key
""")
_ADD = text("""
    INSERT INTO image_tags (tag_key, image_id)
    SELECT key, image_id FROM unnest(CAST(:image_ids AS uuid[]), CAST(:names AS text[])) AS entry (image_id, name)
    JOIN tags USING (name)
    ON CONFLICT DO NOTHING
    RETURNING tag_key
""")
_REMOVE = text("""
    DELETE FROM image_tags
    USING unnest(CAST(:image_ids AS uuid[]), CAST(:names AS text[])) AS entry (image_id, name) JOIN tags USING (name)
    WHERE tag_key = key AND image_tags.image_id = entry.image_id
    RETURNING tag_key
""")
# Two statements: the second one sees what was committed before it had the lock.
_LOCK_COUNTS = text("SELECT pg_advisory_xact_lock(0, 0)")
_COUNT = text("""
    WITH total AS (
        UPDATE totals SET images = images + :images, tags = tags + :tags
        WHERE CAST(:images AS integer) <> 0 OR CAST(:tags AS integer) <> 0
    )
    UPDATE tags SET image_count = image_count + change
    FROM unnest(CAST(:keys AS integer[]), CAST(:changes AS integer[])) AS counted (key, change)
    WHERE tags.key = counted.key
""")


def lock_counts(connection: Connection) -> None:
    """Wait for, and hold until the transaction ends, the lock of all that is counted: take no other lock after it."""
    connection.execute(_LOCK_COUNTS)


def change_tags(connection: Connection, *, added: Entries = (), removed: Entries = (), images: int = 0) -> None:
    """Enter images into the lists of tags that they have not, take them out of lists, and count both.

    The change in the number of `images` is counted, too. New names become tags. The caller has locked the images'
    rows or just made them; the names in them are the caller's to change.
    """
    new_tags = 0
    changes: Counter[int] = Counter()
    if added:
        entries = {"image_ids": [image_id for image_id, _ in added], "names": [name for _, name in added]}
        changes.update(connection.execute(_ADD, entries).scalars())
        if changes.total() < len(added):
            names = sorted({name for _, name in added})
            new_tags = len(connection.execute(_INSERT_MISSING, {"names": names}).all())
            changes.update(connection.execute(_ADD, entries).scalars())
    if removed:
        entries = {"image_ids": [image_id for image_id, _ in removed], "names": [name for _, name in removed]}
        changes.subtract(connection.execute(_REMOVE, entries).scalars())
    lock_counts(connection)
    counted = {"keys": list(changes), "changes": list(changes.values())}
    connection.execute(_COUNT, {**counted, "images": images, "tags": new_tags})


# A prefix is a range: '{' is the character after 'z', the last one of a name, and names are in byte order. The number
# of all tags is kept, that of some is counted. The outer join keeps it when the page is empty.
_ORDERS = {"name": "name", "count": "image_count DESC, name"}
_PAGES = {
    order: text(f"""
        SELECT found.total, page.*
        FROM (
            SELECT CASE WHEN CAST(:first AS text) = '' THEN (SELECT tags FROM totals)
                ELSE (SELECT count(*) FROM tags WHERE name >= :first AND name < :last) END
        ) AS found (total)
        LEFT JOIN (
            SELECT id, name, image_count FROM tags WHERE name >= :first AND name < :last
            ORDER BY {columns} LIMIT :limit OFFSET :offset
        ) AS page ON true
        ORDER BY {columns}
    """)  # noqa: S608 - literals of this module
    for order, columns in _ORDERS.items()
}


def find_tags(
    connection: Connection, prefix: str, limit: int, offset: int, order: str = "name"
) -> tuple[Sequence[RowMapping], int]:
    """Return a page of the tags whose names begin with `prefix`, and how many there are in all.

    By `name` in byte order, or by `count`, those on most images first.
    """
    if not re.fullmatch(r"[a-z0-9_-]{0,64}", prefix):
        return [], 0
    query = {"first": prefix, "last": prefix + "{", "limit": limit, "offset": offset}
    total_and_tags = connection.execute(_PAGES[order], query).mappings().all()
    return [row for row in total_and_tags if row["id"]], total_and_tags[0]["total"]
