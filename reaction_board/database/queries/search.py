"""Search: a page of the images that an asker wants, the newest first or in a random order, and how many there are.

Page and total come from one statement, so that they are of one moment; the key of a tag, asked before, never changes.
Ids are taken first, from an index alone; then the rows of the page are fetched by key.

A search is of *lists* of images: each tag that all must have is one, tags of which one is enough are one together, and
so is a MIME type. Totals of all images and of one tag are kept. Lists are intersected from the shortest on: the ids of
one are an array that the next is searched for. Since PostgreSQL 17, a search of an index for a sorted array walks both
side by side and skips what lies between; an older one searches for each id by itself, which finds the same and takes
longer where all lists are long. From the other totals those follow: of one tag of several, and of none of some.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, TextualSelect, text

from reaction_board.database.tables import images
from reaction_board.errors import InvalidField

RING_FROM = 10_000  # images: of a board larger than that, a random order of everything is a ring
FEW = 500  # images: where as many are left or fewer, tags are excluded all at once


@dataclass(frozen=True)
class Search:
    """What is asked for, and in which order. Names are distinct; without any condition, it is every image."""

    tags: Sequence[str] = ()  # all of them
    any: Sequence[str] = ()  # at least one of them, if there is one here
    none: Sequence[str] = ()
    mime_type: str | None = None
    hash: str | None = None
    seed: int | None = None  # of a random order; without, the newest come first: by id, which is by `created_at`


@dataclass(frozen=True)
class Cursor:
    """A place in an order: next to an image, whether or not that is still there."""

    position: bytes  # the image's id; in a ring, its hash
    onward: bool  # the page has what comes after it, else what comes before


@dataclass(frozen=True)
class Page:
    """A page of images."""

    images: Sequence[RowMapping]
    total: int  # on all pages
    following: Cursor | None  # the page after this one, if there is one
    preceding: Cursor | None  # the page before


def find_images(
    connection: Connection, search: Search, limit: int, offset: int = 0, cursor: Cursor | None = None
) -> Page:
    """Return a page of the images that are asked for: from an offset or from a cursor on.

    By cursors, no image is skipped or met twice while others come and go, and every page takes as long as the first.
    Raises InvalidField if the cursor is of another order.
    """
    plan, values = _plan(connection, search)
    if plan is None:
        return Page([], 0, None, None)
    order = _order(connection, plan, search.seed, cursor)
    where = "offset" if cursor is None else "onward" if cursor.onward else "back"
    if order == "ring":
        values |= _arcs(search.seed, cursor)
    # One more than the page has, to know whether there is another page.
    values |= {"few": FEW, "limit": limit + 1, "offset": offset, "enough": min(limit + 1 + offset, 2**63 - 1)}
    values |= {"seed": search.seed, "position": cursor and order != "ring" and UUID(bytes=cursor.position)}
    rows = connection.execute(_statement(plan, order, where), values).mappings().all()
    found = [row for row in rows if row["id"]]
    came_from = "start" if cursor is None and not offset else where
    return _page(found, limit, rows[0]["total"], came_from, order)


def _page(found: list[RowMapping], limit: int, total: int, came_from: str, order: str) -> Page:
    """Return the page of what was found, which may be one image too many: the one farthest from where it came from."""
    more = len(found) > limit
    if came_from == "back":
        page = found[-limit:]
        following, preceding = bool(page), more
    else:
        page = found[:limit]
        following, preceding = more, came_from != "start" and bool(page)

    def cursor(image: RowMapping, *, onward: bool) -> Cursor:
        return Cursor(bytes.fromhex(image["hash"]) if order == "ring" else image["id"].bytes, onward)

    return Page(
        page,
        total,
        cursor(page[-1], onward=True) if following else None,
        cursor(page[0], onward=False) if preceding else None,
    )


@dataclass(frozen=True)
class _List:
    """SQL of a list of images: those that have one of some tags, or those with an attribute."""

    keys: tuple[str, ...] = ()  # of the tags, the rarest first
    attribute: str = ""  # a column of `images`

    def ids(self, among: str = "") -> str:
        """Return the query for the ids, or for those in an array; ids of several tags repeat."""
        table, column = ("images", "id") if self.attribute else ("image_tags", "image_id")
        also = f" AND {column} = ANY({among})" if among else ""
        return f"SELECT {column} FROM {table} WHERE {self.condition}{also}"

    @property
    def condition(self) -> str:
        if self.attribute:
            return f"{self.attribute} = :{self.attribute}"
        # With an operator for one key, the database knows that the index has the ids in their order.
        return f"tag_key = {self.keys[0]}" if len(self.keys) == 1 else f"tag_key IN ({', '.join(self.keys)})"


_Lists = tuple[_List, ...]


@dataclass(frozen=True)
class _Plan:
    """The lists that a search needs, each time the shortest first."""

    wanted: _Lists  # an image must be on all of them
    excluded: _List | None = None  # and not on this one
    unwanted: _Lists = ()  # `wanted` and `excluded` together


_KEYS = text("SELECT key, name, image_count FROM tags WHERE name = ANY(:names) ORDER BY image_count, key")


def _plan(connection: Connection, search: Search) -> tuple[_Plan | None, dict[str, Any]]:
    """Return the lists of a search, or None if it can find nothing, and the values of their SQL."""
    values: dict[str, Any] = {"hash": search.hash and bytes.fromhex(search.hash), "mime_type": search.mime_type}
    names = {*search.tags, *search.any, *search.none}
    counts: dict[str, int] = {}  # of the tags that there are, the rarest first
    keys: dict[str, str] = {}
    if len(names) == 1:  # its key needs no question of its own
        (values["name"],) = names
        counts, keys = {values["name"]: 0}, {values["name"]: "(SELECT key FROM tags WHERE name = :name)"}
    elif names:
        for n, tag in enumerate(connection.execute(_KEYS, {"names": list(names)})):
            counts[tag.name], keys[tag.name], values[f"key{n}"] = tag.image_count, f":key{n}", tag.key
    groups: list[Collection[str]] = [[name] for name in search.tags] + ([search.any] if search.any else [])
    if any(keys.keys().isdisjoint(group) for group in groups):
        return None, values

    def tagged(group: Collection[str]) -> _List:
        return _List(keys=tuple(key for name, key in keys.items() if name in group))

    def shortest_first(groups: Sequence[Collection[str]]) -> _Lists:
        by_size = sorted(groups, key=lambda group: sum(counts.get(name, 0) for name in group))
        return (
            *([_List(attribute="hash")] if search.hash else []),
            *map(tagged, by_size),
            *([_List(attribute="mime_type")] if search.mime_type else []),
        )

    wanted = shortest_first(groups)
    if keys.keys().isdisjoint(search.none):
        return _Plan(wanted), values
    return _Plan(wanted, tagged(search.none), shortest_first([*groups, search.none])), values


def _intersection(lists: _Lists) -> str:
    """Return the query for the ids on all of some lists, the shortest first."""
    ids = ""
    for one in lists:
        ids = one.ids(among=ids and f"ARRAY({ids})")
    return ids.replace("SELECT", "SELECT DISTINCT", 1) if len(lists[-1].keys) > 1 else ids


def _count(lists: _Lists) -> str:
    """Return the SQL of how many images are on all of some lists, the shortest first."""
    if not lists:
        return "(SELECT images FROM totals)"
    if len(lists) > 1 or lists[0].attribute:
        return f"(SELECT count(*) FROM ({_intersection(lists)}) AS hit)"
    (*rarer, most_popular) = lists[0].keys
    kept = f"coalesce((SELECT image_count FROM tags WHERE key = {most_popular}), 0)"
    if not rarer:
        return kept
    # Of the longest list, only what the others have in common with it is read.
    rest, longest = _List(keys=tuple(rarer)), _List(keys=(most_popular,))
    return f"({kept} + {_count((rest,))} - {_count((rest, longest))})"


def _sources(lists: _Lists) -> list[str]:
    """Return queries for the ids on one list, or for all: each can be read in order, and they may overlap."""
    if not lists:
        return ["SELECT id FROM images"]
    return [_List(keys=(key,)).ids() for key in lists[0].keys] or [lists[0].ids()]


_RING = [f"SELECT id, hash FROM images WHERE hash > :low{arc} AND hash < :high{arc}" for arc in (0, 1)]
_SHUFFLED = ("uuid_hash_extended({0}, CAST(:seed AS bigint)){1}", "{0}{1}")


def _shuffled(image_id: str, direction: str = "") -> str:
    return ", ".join(part.format(image_id, direction) for part in _SHUFFLED)


# By the order and the page's place in it: which ids come into question; how they are read, and how put together.
_PAGES = {
    ("newest", "offset"): ("true", "image_id DESC", "image_id DESC"),
    ("newest", "onward"): ("image_id < :position", "image_id DESC", "image_id DESC"),
    ("newest", "back"): ("image_id > :position", "image_id", "image_id"),
    ("shuffled", "offset"): ("true", _shuffled("image_id"), _shuffled("image_id")),
    ("shuffled", "onward"): (
        f"({_shuffled('image_id')}) > ({_shuffled('CAST(:position AS uuid)')})",
        _shuffled("image_id"),
        _shuffled("image_id"),
    ),
    ("shuffled", "back"): (
        f"({_shuffled('image_id')}) < ({_shuffled('CAST(:position AS uuid)')})",
        _shuffled("image_id", " DESC"),
        _shuffled("image_id", " DESC"),
    ),
    ("ring", "offset"): ("true", "hash", "hash < :start, hash"),
    ("ring", "onward"): ("true", "hash", "hash < :start, hash"),
    ("ring", "back"): ("true", "hash DESC", "hash < :start DESC, hash DESC"),
}
_ORDERS = {"newest": "images.id DESC", "shuffled": _shuffled("images.id"), "ring": "images.hash < :start, images.hash"}
# Named: a prepared statement with `images.*` fails after a migration has added a column.
COLUMNS = ", ".join(f"images.{column.name}" for column in images.c)


@lru_cache(maxsize=500)
def _statement(plan: _Plan, order: str, where: str) -> TextualSelect:
    """Return the statement of a search: a row for each image of the page, or one for none, each with the total."""
    condition, read, merge = _PAGES[order, where]
    columns, restrictions = "image_id", [""]
    if len(plan.wanted) > 1:
        arrays, total, sources = _intersected(plan)
    else:
        arrays, total, sources = "", _count(plan.wanted), _sources(plan.wanted)
        if plan.excluded:
            ids = " UNION ALL ".join(sources)
            total = f"{total} - {_count(plan.unwanted)}"
            arrays, total, restrictions = _walked(ids, plan.excluded, total, f"ARRAY({ids})" if plan.wanted else "")
        if order == "ring":
            columns, sources = "image_id, hash", _RING
    parts = [
        f"SELECT {columns} FROM ({one}) AS hit ({columns}) WHERE {condition}{restriction} ORDER BY {read}"
        for one in sources
        for restriction in restrictions
    ]
    if len(parts) > 1:
        # What is first in all is among the first of each.
        several = " UNION ".join(f"({part} LIMIT :enough)" for part in parts)
        parts = [f"SELECT image_id FROM ({several}) AS hit ORDER BY {merge}"]
    # The outer joins keep the total when the page is empty.
    statement = text(f"""
        {arrays}
        SELECT found.total, {COLUMNS}
        FROM (SELECT {total}) AS found (total)
        LEFT JOIN ({parts[0]} LIMIT :limit OFFSET :offset) AS page ON true
        LEFT JOIN images ON images.id = page.image_id
        ORDER BY {_ORDERS[order]}
    """)
    return statement.columns(**{column.name: column.type for column in images.c})


def _intersected(plan: _Plan) -> tuple[str, str, list[str]]:
    """Return the SQL of the arrays that several lists have to be made into, of their total, and of their ids.

    An array is counted and read without a copy on disk, which a long list of rows would get.
    """
    hits = f"hits (ids) AS MATERIALIZED (SELECT ARRAY({_intersection(plan.wanted)}))"
    if not plan.excluded:
        return f"WITH {hits}", "(SELECT cardinality(ids) FROM hits)", ["SELECT unnest(ids) FROM hits"]
    ids = plan.excluded.ids(among=_array("hits"))
    unwanted = f"unwanted (ids) AS MATERIALIZED (SELECT ARRAY(SELECT DISTINCT image_id FROM ({ids}) AS hit))"
    return (
        f"WITH {hits}, {unwanted}",
        "(SELECT cardinality(hits.ids) - cardinality(unwanted.ids) FROM hits, unwanted)",
        ["SELECT unnest(ids) FROM hits EXCEPT SELECT unnest(ids) FROM unwanted"],
    )


def _walked(ids: str, excluded: _List, total: str, among: str) -> tuple[str, str, list[str]]:
    """Return the SQL of one list, or of all images, without others: arrays, total, and how the ids are restricted.

    Images are taken in their order and each is looked up among the excluded, until the page is full. Where few are
    left, that would be nearly all images: there they are subtracted as a whole instead.
    """
    found = f"found (total) AS MATERIALIZED (SELECT {total})"
    left = f"({ids}) EXCEPT {excluded.ids(among)}"
    few = f"few (ids) AS MATERIALIZED (SELECT CASE WHEN total <= :few THEN ARRAY({left}) END FROM found)"
    looked_up = f"NOT EXISTS ({excluded.ids()} AND image_tags.image_id = hit.image_id)"
    return (
        f"WITH {found}, {few}",
        "(SELECT total FROM found)",
        [f" AND {_array('few')} IS NULL AND {looked_up}", f" AND image_id = ANY({_array('few')})"],
    )


def _array(name: str) -> str:
    return f"CAST((SELECT ids FROM {name}) AS uuid[])"


def _order(connection: Connection, plan: _Plan, seed: int | None, cursor: Cursor | None) -> str:
    """Return the order of a search. Raises InvalidField if the cursor is of another one.

    A random order of everything would have to be sorted for each page. So a large board is a ring in the order of the
    hashes, which are random themselves, and the seed decides where it begins.
    """
    if seed is None:
        order = "newest"
    elif plan.wanted:
        order = "shuffled"
    elif cursor:
        order = "ring" if len(cursor.position) == HASH_BYTES else "shuffled"
    else:
        order = "ring" if connection.execute(_TOTAL).scalar_one() > RING_FROM else "shuffled"
    if cursor and (order == "ring") != (len(cursor.position) == HASH_BYTES):
        raise InvalidField("cursor: It belongs to another order.")
    return order


_TOTAL = text("SELECT images FROM totals")
HASH_BYTES = 32
_END = b"\xff" * (HASH_BYTES + 1)  # after every hash


def _arcs(seed: int | None, cursor: Cursor | None) -> dict[str, bytes]:
    """Return the two arcs of the ring of hashes that come after a cursor, or before it, the nearer one first.

    The ring begins at a point that the seed decides and that is no hash.
    """
    start = hashlib.sha256(str(seed).encode()).digest()[:16]
    if cursor is None:
        arcs = ((start, _END), (b"", start))
    else:
        position = cursor.position
        on_first_lap = position > start
        if cursor.onward:
            arcs = ((position, _END), (b"", start)) if on_first_lap else ((position, start), (_END, _END))
        else:
            arcs = ((start, position), (_END, _END)) if on_first_lap else ((b"", position), (start, _END))
    (low0, high0), (low1, high1) = arcs
    return {"start": start, "low0": low0, "high0": high0, "low1": low1, "high1": high1}
