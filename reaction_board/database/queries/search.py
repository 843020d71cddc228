"""Search: a page of the images that a search finds, the newest first or in random order, and their total number.

`lists.py` explains positions, lists and chunks. A search has three steps.

1. Its conditions become lists of three kinds: an image must be on every list of `ALL`, on at least one of `ANY`, and on
   none of `NONE`. MIME types, `untagged` and `animated` are lists, too.
2. `walk.py` returns the total, and the positions on the page.
3. The rows of the page are fetched by position.

The total and the page are of one moment: if an image of the page changes before its row is fetched, the search is
repeated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ARRAY, Connection, Integer, any_, bindparam, select

from reaction_board.database.queries import lists
from reaction_board.database.queries.combine import ALL, ANY, CARRIED, NONE, Carried, List, Walk
from reaction_board.database.queries.lists import ATTEMPTS, EVERYTHING
from reaction_board.database.queries.walk import Found, read, read_one
from reaction_board.database.tables import Image, images


@dataclass(frozen=True)
class Search:
    """The conditions and the order of a search. Names are distinct. Without a condition, it finds every image."""

    tags: Sequence[str] = ()  # all of them
    any: Sequence[str] = ()  # at least one of them, unless the list is empty
    none: Sequence[str] = ()
    mime_type: str | None = None
    hash: str | None = None
    untagged: bool | None = None
    animated: bool | None = None
    seed: int | None = None  # of a random order; None: the newest first

    def condition(self, carried: Carried) -> Callable[[Image], bool]:
        """Return a function that says whether an image meets all conditions.

        `carried` maps the names of the search to those in records.
        """
        all_of = [frozenset(carried.get(name, (name,))) for name in self.tags]
        any_of, none_of = (
            frozenset(one for name in names for one in carried.get(name, (name,))) for names in (self.any, self.none)
        )

        def holds(image: Image) -> bool:
            names = set(image["tags"])
            return (
                not any(map(names.isdisjoint, all_of))
                and not (any_of and names.isdisjoint(any_of))
                and names.isdisjoint(none_of)
                and self.mime_type in (None, image["mime_type"])
                and self.hash in (None, image["hash"])
                and self.untagged in (None, not names)
                and self.animated in (None, image["frames"] > 1)
            )

        return holds


@dataclass(frozen=True)
class Cursor:
    """A place in an order, next to an image, which may have been deleted."""

    position: int
    onward: bool  # True for the images after the position, False for those before it


@dataclass(frozen=True)
class Page:
    """A page of images."""

    images: Sequence[Image]
    total: int  # on all pages
    following: Cursor | None  # the page after this one, if there is one
    preceding: Cursor | None  # the page before


def find_images(
    connection: Connection, search: Search, limit: int, offset: int = 0, cursor: Cursor | None = None
) -> Page:
    """Return a page of the images that a search finds, starting at an offset or a cursor.

    A client that follows cursors sees every image once, even while others are added and deleted.
    """
    walk = Walk(
        offset=offset,
        wanted=limit + 1,  # one more than the page, to know whether there is another page
        start=cursor.position if cursor else None,
        back=cursor is not None and not cursor.onward,
    )
    for _ in range(ATTEMPTS):
        found = _find(connection, search, walk)
        rows = _fetch(connection, found.positions)
        matching = {row["position"]: row for row in filter(search.condition(found.carried), rows)}
        if len(matching) == len(found.positions):
            break
    return _page(found.positions, matching, found.total, limit, walk)


def _page(found: Sequence[int], rows: Mapping[int, Image], total: int, limit: int, walk: Walk) -> Page:
    """Return the page for the positions that a walk has read, of which the last one may be beyond the page.

    A row may be missing. Cursors hold positions, so a missing row causes no gap.
    """
    more = len(found) > limit
    found = found[:limit]
    if walk.back:
        found = found[::-1]
        following, preceding = bool(found), more
    else:
        following, preceding = more, bool(found) and (walk.start is not None or walk.offset > 0)
    return Page(
        [rows[position] for position in found if position in rows],
        total,
        Cursor(found[-1], onward=True) if following else None,
        Cursor(found[0], onward=False) if preceding else None,
    )


_ROWS = select(images).where(images.c.position == any_(bindparam("positions", type_=ARRAY(Integer))))


def _fetch(connection: Connection, found: Sequence[int]) -> list[Image]:
    """Return the images at some positions, in this order, without deleted ones."""
    if not found:
        return []
    rows = connection.execute(_ROWS, {"positions": found})
    names = tuple(rows.keys())
    by_position: dict[int, Image] = {row.position: dict(zip(names, row, strict=True)) for row in rows}
    return [by_position[position] for position in found if position in by_position]


def _find(connection: Connection, search: Search, walk: Walk) -> Found:
    """Return the number of images that a search finds, and the positions that a walk reads."""
    if search.hash is None:
        return read(connection, _lists(search), walk, search.seed)
    names = [*search.tags, *search.any, *search.none]
    values = {"hash": search.hash, "name": names, "named_kind": [ALL] * len(names)}
    image = connection.execute(_BY_HASH[bool(names)], values).mappings().one_or_none()
    carried = (image and image.get("carried")) or {}
    if image is None or not search.condition(carried)(image):
        return Found(0, [], {})
    return Found(1, read_one(image["position"], walk, search.seed), carried)


_HAS_HASH = images.c.hash == bindparam("hash")
_BY_HASH = {False: select(images).where(_HAS_HASH), True: select(images, CARRIED.label("carried")).where(_HAS_HASH)}


def _lists(search: Search) -> list[List]:
    """Return the lists of a search."""
    found = [
        List(kind, name=name)
        for kind, names in ((ALL, search.tags), (ANY, search.any), (NONE, search.none))
        for name in names
    ]
    if search.mime_type:
        found.append(List(ALL, lists.TYPES[search.mime_type]))
    if search.untagged is not None:
        found.append(List(ALL if search.untagged else NONE, lists.UNTAGGED))
    if search.animated is not None:
        found.append(List(ALL if search.animated else NONE, lists.ANIMATED))
    if len(found) == 1 and found[0].kind == ANY:
        return [replace(found[0], kind=ALL)]
    if all(part.kind != ALL for part in found):
        found.append(List(ALL, EVERYTHING))
    return found
