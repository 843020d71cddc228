"""Search: the newest images that have every one of some tags, a page of them and how many there are in all.

Page and total come from one statement, so that they are of one moment. Ids are taken first, from an index alone;
then the rows of the page are fetched by key. Totals of no tag and of one tag are kept; of several they are counted.

Several tags are intersected in one of two ways. If one of them is much rarer than the others, each of its images is
asked for the other tags (`_probe`): it costs as much as the rarest tag is common. Else the lists of all tags, which
are sorted by image, are merged (`_merge`): it costs as much as all of them together, but a twelfth a row.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, RowMapping, TextualSelect, text

from reaction_board.tables import images

PROBE_COST = 12  # rows merged in the time in which one is probed, as measured at a million images
MOST_MERGED = 4  # lists; more tags than that are rarely all popular, and planning many joins takes long


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
        found = connection.execute(_KEYS, {"names": tags}).all()
        if len(found) < len(tags):
            return [], 0
        keys, counts = zip(*found, strict=True)
        if len(keys) > MOST_MERGED or PROBE_COST * counts[0] < sum(counts):
            rows = connection.execute(_PROBE, {**page, "rarest": keys[0], "others": list(keys[1:])})
        else:
            rows = connection.execute(_merge(len(keys)), {**page, **{f"key{n}": key for n, key in enumerate(keys)}})
    total_and_images = rows.mappings().all()
    return [row for row in total_and_images if row["id"]], total_and_images[0]["total"]


def _statement(total: str, page: str, hits: str = "") -> TextualSelect:
    """Return the statement of a search from its parts: the total, the ids in order, the set of ids to name in both.

    The outer joins keep the total when the page is empty.
    """
    statement = text(f"""
        {f"WITH hits (image_id) AS MATERIALIZED ({hits})" if hits else ""}
        SELECT found.total, images.*
        FROM (SELECT {total}) AS found (total)
        LEFT JOIN ({page} DESC LIMIT :limit OFFSET :offset) AS page (image_id) ON true
        LEFT JOIN images ON images.id = page.image_id
        ORDER BY images.id DESC
    """)  # noqa: S608 - the parts are literals of this module
    return statement.columns(**{column.name: column.type for column in images.c})


_ALL = _statement("(SELECT images FROM image_total)", "SELECT id FROM images ORDER BY id")
_ONE_TAG = _statement(
    "coalesce((SELECT image_count FROM tags WHERE name = :name), 0)",
    """SELECT image_id FROM image_tags WHERE tag_key = (SELECT key FROM tags WHERE name = :name)
       ORDER BY image_id""",
)
_KEYS = text("SELECT key, image_count FROM tags WHERE name = ANY(:names) ORDER BY image_count, key")
_SEVERAL = ("(SELECT count(*) FROM hits)", "SELECT image_id FROM hits ORDER BY image_id")
# Counting keeps this a subquery for each row: an EXISTS would be planned as a join that reads all of a popular tag.
_PROBE = _statement(
    *_SEVERAL,
    hits="""
        SELECT image_id FROM image_tags AS rarest
        WHERE tag_key = :rarest AND cardinality(CAST(:others AS integer[])) = (
            SELECT count(*) FROM image_tags AS other
            WHERE other.image_id = rarest.image_id AND other.tag_key = ANY(:others)
        )
    """,
)


@cache
def _merge(lists: int) -> TextualSelect:
    """Return the statement that intersects the lists of so many tags, `key0`, `key1` …"""
    joins = " ".join(
        f"JOIN image_tags AS list{n} ON list{n}.image_id = list0.image_id AND list{n}.tag_key = :key{n}"
        for n in range(1, lists)
    )
    hits = f"SELECT list0.image_id FROM image_tags AS list0 {joins} WHERE list0.tag_key = :key0"  # noqa: S608 - numbers
    return _statement(*_SEVERAL, hits=hits)
