"""The records of the whole board, in portions: to compare them with the bucket, and kept counts with fresh ones."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Row, RowMapping, TextClause, bindparam, select, text

from reaction_board.database.queries.tags import lock_counts
from reaction_board.database.tables import images

PORTION = 1000  # rows in memory at once

_RECORDS = (
    select(*(images.c[name] for name in ("id", "hash", "size_bytes", "thumbnail_bytes")))
    .where(images.c.hash > bindparam("after"))
    .order_by(images.c.hash)
    .limit(PORTION)
)
# Each of these looks at one portion and compares within one statement, so of one moment.
_TAG_COUNTS = text(f"""
    SELECT key AS last, name, image_count AS kept, (SELECT count(*) FROM image_tags WHERE tag_key = key) AS counted
    FROM tags WHERE key > :after ORDER BY key LIMIT {PORTION}
""")  # noqa: S608 - a number
_TAG_NAMES = text(f"""
    SELECT id AS last, tags AS kept, ARRAY(
        SELECT name FROM image_tags JOIN tags ON key = tag_key WHERE image_id = images.id ORDER BY name
    ) AS counted
    FROM images WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT {PORTION}
""")  # noqa: S608 - a number
_TOTALS = text("""
    SELECT images AS kept_images, (SELECT count(*) FROM images) AS images,
        tags AS kept_tags, (SELECT count(*) FROM tags) AS tags
    FROM totals
""")
_RECOUNT_TAG = text("""
    UPDATE tags SET image_count = (SELECT count(*) FROM image_tags WHERE tag_key = key) WHERE name = :name
""")
_RECOUNT_TOTALS = text("UPDATE totals SET images = (SELECT count(*) FROM images), tags = (SELECT count(*) FROM tags)")


def all_records(connection: Connection) -> Iterator[RowMapping]:
    """Yield id, hash, size_bytes and thumbnail_bytes of all images by hash: in the order of the bucket's keys."""
    after = ""
    while rows := connection.execute(_RECORDS, {"after": after}).mappings().all():
        yield from rows
        after = rows[-1]["hash"]


def wrong_tag_counts(connection: Connection) -> Iterator[tuple[str, int, int]]:
    """Yield name, kept count and fresh count of every tag where they differ."""
    for row in _portions(connection, _TAG_COUNTS, 0):
        if row.kept != row.counted:
            yield row.name, row.kept, row.counted


def wrong_tag_names(connection: Connection) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield id, kept names and listed names of every image whose row names other tags than the lists of tags."""
    for row in _portions(connection, _TAG_NAMES, "00000000-0000-0000-0000-000000000000"):
        if row.kept != row.counted:
            yield str(row.last), row.kept, row.counted


def wrong_totals(connection: Connection) -> dict[str, tuple[int, int]]:
    """Return kept and fresh count of the totals that differ, by name."""
    row = connection.execute(_TOTALS).one()
    totals = {"images": (row.kept_images, row.images), "tags": (row.kept_tags, row.tags)}
    return {name: (kept, counted) for name, (kept, counted) in totals.items() if kept != counted}


def recount_tag(connection: Connection, name: str) -> None:
    """Set a tag's count to a fresh one."""
    lock_counts(connection)
    connection.execute(_RECOUNT_TAG, {"name": name})


def recount_totals(connection: Connection) -> None:
    """Set the totals to fresh counts."""
    lock_counts(connection)
    connection.execute(_RECOUNT_TOTALS)


def _portions(connection: Connection, statement: TextClause, after: object) -> Iterator[Row[tuple[object, ...]]]:
    rows: Sequence[Row[tuple[object, ...]]]
    while rows := connection.execute(statement, {"after": after}).all():
        yield from rows
        after = rows[-1].last
