"""Search: the newest images that have every one of some tags, a page of them and how many there are in all.

Page and total come from one statement, so that they are of one moment; the key of a tag, asked before, never changes.
Ids are taken first, from an index alone; then the rows of the page are fetched by key. Totals of no tag and of one tag
are kept; of several they are counted.

Several tags are intersected from the rarest on: the ids of one are an array that the list of the next is searched for.
Since PostgreSQL 17, a search of an index for a sorted array walks both side by side and skips what lies between; an
older one searches for each id by itself, which finds the same and takes longer where all tags are popular.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Connection, RowMapping, TextualSelect, text

from reaction_board.tables import images


@dataclass(frozen=True)
class Cursor:
    """A place in the list of images: next to an image, whether or not that is still there."""

    position: UUID  # the image's id
    older: bool  # the page has what is older than it, else what is newer


@dataclass(frozen=True)
class Found:
    """A page of images, the newest first."""

    images: Sequence[RowMapping]
    total: int  # on all pages
    older: Cursor | None  # the page after this one, if there is one
    newer: Cursor | None  # the page before


def find_images(
    connection: Connection, tags: Sequence[str], limit: int, offset: int = 0, cursor: Cursor | None = None
) -> Found:
    """Return a page of the images that have all these tags (distinct names): from an offset or from a cursor on.

    Newest first: by id, descending, which is by `created_at`. No tags at all means every image. By cursors, no image is
    skipped or met twice while others come and go, and every page takes as long as the first.
    """
    where = "offset" if cursor is None else "older" if cursor.older else "newer"
    # One more than the page has, to know whether there is another page.
    values = {"limit": limit + 1, "offset": offset, "position": cursor and cursor.position}
    if not tags:
        rows = connection.execute(_all(where), values)
    elif len(tags) == 1:
        rows = connection.execute(_one_tag(where), {**values, "name": tags[0]})
    else:
        keys = connection.execute(_KEYS, {"names": tags}).scalars().all()
        if len(keys) < len(tags):
            return Found([], 0, None, None)
        rows = connection.execute(
            _several_tags(len(keys), where), {**values, **{f"key{n}": key for n, key in enumerate(keys)}}
        )
    total_and_images = rows.mappings().all()
    found = [row for row in total_and_images if row["id"]]
    return _page(found, limit, total_and_images[0]["total"], came_from=where if cursor or offset else "start")


def _page(found: list[RowMapping], limit: int, total: int, came_from: str) -> Found:
    """Return the page of what was found, which may be one image too many: the one farthest from where it came from."""
    more = len(found) > limit
    if came_from == "newer":
        page = found[-limit:]
        older, newer = bool(page), more
    else:
        page = found[:limit]
        older, newer = more, came_from != "start" and bool(page)
    return Found(
        page,
        total,
        Cursor(page[-1]["id"], older=True) if older else None,
        Cursor(page[0]["id"], older=False) if newer else None,
    )


PAGES = {
    "offset": "ORDER BY image_id DESC LIMIT :limit OFFSET :offset",
    "older": "WHERE image_id < :position ORDER BY image_id DESC LIMIT :limit",
    "newer": "WHERE image_id > :position ORDER BY image_id LIMIT :limit",
}


# Named: a prepared statement with `images.*` fails after a migration has added a column.
COLUMNS = ", ".join(f"images.{column.name}" for column in images.c)


def _statement(total: str, hits: str, where: str, before: str = "") -> TextualSelect:
    """Return the statement of a search from its parts: the total, the ids of all hits, what both are taken from.

    The outer joins keep the total when the page is empty.
    """
    statement = text(f"""
        {before}
        SELECT found.total, {COLUMNS}
        FROM (SELECT {total}) AS found (total)
        LEFT JOIN (SELECT image_id FROM ({hits}) AS hit (image_id) {PAGES[where]}) AS page ON true
        LEFT JOIN images ON images.id = page.image_id
        ORDER BY images.id DESC
    """)  # noqa: S608 - the parts are literals of this module
    return statement.columns(**{column.name: column.type for column in images.c})


@cache
def _all(where: str) -> TextualSelect:
    return _statement("(SELECT images FROM totals)", "SELECT id FROM images", where)


@cache
def _one_tag(where: str) -> TextualSelect:
    return _statement(
        "coalesce((SELECT image_count FROM tags WHERE name = :name), 0)",
        "SELECT image_id FROM image_tags WHERE tag_key = (SELECT key FROM tags WHERE name = :name)",
        where,
    )


_KEYS = text("SELECT key FROM tags WHERE name = ANY(:names) ORDER BY image_count, key")


@cache
def _several_tags(count: int, where: str) -> TextualSelect:
    """Return the statement for the tags `key0`, `key1` … from the rarest on."""
    ids = "ARRAY(SELECT image_id FROM image_tags WHERE tag_key = :key0)"
    for n in range(1, count):
        ids = f"ARRAY(SELECT image_id FROM image_tags WHERE tag_key = :key{n} AND image_id = ANY({ids}))"  # noqa: S608
    # An array is counted and read without a copy on disk, which a long list of rows would get.
    hits = f"WITH hits (ids) AS MATERIALIZED (SELECT {ids})"
    return _statement("(SELECT cardinality(ids) FROM hits)", "SELECT unnest(ids) FROM hits", where, hits)
