"""Search: the newest images that have every one of some tags, a page of them and how many there are in all.

Page and total come from one statement, so that they are of one moment; the key of a tag, asked before, never changes.
Ids are taken first, from an index alone; then the rows of the page are fetched by key. Totals of no tag and of one tag
are kept; of several they are counted.

Several tags are intersected from the rarest on: the ids of one are an array that the list of the next is searched for.
Since PostgreSQL 17, a search of an index for a sorted array walks both side by side and skips what lies between; an
older one searches for each id by itself, which finds the same and takes longer where all tags are popular.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, RowMapping, TextualSelect, text

from reaction_board.tables import images


def find_images(
    connection: Connection, tags: Sequence[str], limit: int, offset: int
) -> tuple[Sequence[RowMapping], int]:
    """Return a page of the images that have all these tags (distinct names), and how many there are in all.

    Newest first: by id, descending, which is by `created_at`. No tags at all means every image.
    """
    page = {"limit": limit, "offset": offset}
    if not tags:
        rows = connection.execute(_ALL, page)
    elif len(tags) == 1:
        rows = connection.execute(_ONE_TAG, {**page, "name": tags[0]})
    else:
        found = connection.execute(_KEYS, {"names": tags}).scalars().all()
        if len(found) < len(tags):
            return [], 0
        keys = {f"key{n}": key for n, key in enumerate(found)}
        rows = connection.execute(_several_tags(len(keys)), {**page, **keys})
    total_and_images = rows.mappings().all()
    return [row for row in total_and_images if row["id"]], total_and_images[0]["total"]


# Named: a prepared statement with `images.*` fails after a migration has added a column.
COLUMNS = ", ".join(f"images.{column.name}" for column in images.c)


def _statement(total: str, page: str, before: str = "") -> TextualSelect:
    """Return the statement of a search from its parts: the total, the ids in order, what both are taken from.

    The outer joins keep the total when the page is empty.
    """
    statement = text(f"""
        {before}
        SELECT found.total, {COLUMNS}
        FROM (SELECT {total}) AS found (total)
        LEFT JOIN ({page} ORDER BY image_id DESC LIMIT :limit OFFSET :offset) AS page ON true
        LEFT JOIN images ON images.id = page.image_id
        ORDER BY images.id DESC
    """)  # noqa: S608 - the parts are literals of this module
    return statement.columns(**{column.name: column.type for column in images.c})


_ALL = _statement("(SELECT images FROM totals)", "SELECT id AS image_id FROM images")
_ONE_TAG = _statement(
    "coalesce((SELECT image_count FROM tags WHERE name = :name), 0)",
    "SELECT image_id FROM image_tags WHERE tag_key = (SELECT key FROM tags WHERE name = :name)",
)
_KEYS = text("SELECT key FROM tags WHERE name = ANY(:names) ORDER BY image_count, key")


@cache
def _several_tags(count: int) -> TextualSelect:
    """Return the statement for the tags `key0`, `key1` … from the rarest on."""
    ids = "ARRAY(SELECT image_id FROM image_tags WHERE tag_key = :key0)"
    for n in range(1, count):
        ids = f"ARRAY(SELECT image_id FROM image_tags WHERE tag_key = :key{n} AND image_id = ANY({ids}))"  # noqa: S608
    # An array is counted and read without a copy on disk, which a long list of rows would get.
    hits = f"WITH hits (ids) AS MATERIALIZED (SELECT {ids})"
    return _statement("(SELECT cardinality(ids) FROM hits)", "SELECT unnest(ids) AS image_id FROM hits", hits)
