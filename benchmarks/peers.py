"""The searches of two other boards on the same rows, to compare their speed and to verify our results.

Danbooru stores the keys of an image's tags in an array with a GIN index. Szurubooru uses one subquery per tag, which is
simple enough to serve as the reference.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    and_,
    cast,
    column,
    exists,
    func,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from benchmarks.fill import Filled
from benchmarks.measure import Case, discard
from benchmarks.search import PAGE, Asked, find, searches
from reaction_board.database.queries.search import Search
from reaction_board.database.tables import image_tags, images, tags

COMPARED = (
    "two popular",
    "four popular",
    "any: four popular",
    "any: four, one of them on 48 images",
    "none: four popular",
    "popular, with one of two others",
)
MAKE_GIN = (
    "CREATE TABLE gin_images AS SELECT position, array_agg(tag_key) AS keys FROM image_tags GROUP BY position",
    "CREATE UNIQUE INDEX ON gin_images (position)",
    "CREATE INDEX ON gin_images USING gin (keys)",
    "VACUUM ANALYZE gin_images",
)
GIN = table("gin_images", column("position", Integer), column("keys", ARRAY(Integer)))

Condition = Callable[[Connection, Search], ColumnElement[bool]]


def gin_condition(connection: Connection, search: Search) -> ColumnElement[bool]:
    """Return the condition of a search on `gin_images`."""

    def compare(operator: str, names: Sequence[str]) -> ColumnElement[bool]:
        return GIN.c["keys"].bool_op(operator)(cast(_keys(connection, names), ARRAY(Integer)))

    return and_(
        *([compare("@>", search.tags)] if search.tags else []),
        *([compare("&&", search.any)] if search.any else []),
        *([~compare("&&", search.none)] if search.none else []),
    )


def exists_condition(connection: Connection, search: Search) -> ColumnElement[bool]:
    """Return the condition of a search on `images`."""

    def has(key: int) -> ColumnElement[bool]:
        return exists().where(image_tags.c.tag_key == key, image_tags.c.position == images.c.position)

    conditions = [has(key) for key in _keys(connection, search.tags)]
    conditions += [~has(key) for key in _keys(connection, search.none)]
    if search.any:
        conditions.append(or_(*map(has, _keys(connection, search.any))))
    if search.mime_type:
        conditions.append(images.c.mime_type == search.mime_type)
    if search.untagged is not None:
        conditions.append((func.cardinality(images.c.tags) == 0) == search.untagged)
    if search.animated is not None:
        conditions.append((images.c.frames > 1) == search.animated)
    return and_(True, *conditions)


def ask(connection: Connection, source: FromClause, condition: Condition, asked: Asked) -> tuple[list[int], int]:
    """Return the positions of the images on the page of a search, newest first, and the total."""
    matches = condition(connection, asked.search)
    page: Select[int] = select(source.c.position).where(matches).order_by(source.c.position.desc())
    page = page.limit(PAGE).offset(asked.offset)
    if asked.cursor:
        page = page.where(source.c.position < asked.cursor.position)
    total = connection.execute(select(func.count()).select_from(source).where(matches)).scalar_one()
    return list(connection.execute(page).scalars()), total


def _keys(connection: Connection, names: Sequence[str]) -> list[int]:
    keys = select(func.coalesce(tags.c.alias_of, tags.c.key)).where(tags.c.name.in_(names))
    return list(connection.execute(keys).scalars()) if names else []


def cases(connection: Connection, board: Filled, n: int) -> Iterator[Case]:
    """Yield the searches in all three ways. Ours is the floor."""
    for statement in MAKE_GIN:
        connection.execute(text(statement))
    for asked in searches(board, n):
        if asked.name in COMPARED:
            name = f"bitmaps: {asked.name}"
            yield Case(name, discard(partial(find, connection, asked)))
            for peer, source, condition in (("GIN", GIN, gin_condition), ("EXISTS", images, exists_condition)):
                act = discard(partial(ask, connection, source, condition, asked))
                yield Case(f"{peer}: {asked.name}", act, name)


def drop_gin(connection: Connection) -> None:
    """Drop the table of the comparison."""
    connection.execute(text("DROP TABLE IF EXISTS gin_images"))


def wrong_searches(connection: Connection, board: Filled, n: int) -> Iterator[str]:
    """Yield the names of the searches whose page or total differs from that of one subquery per tag."""
    for asked in searches(board, n):
        expected, total = ask(connection, images, exists_condition, asked)
        page = find(connection, asked)
        positions = [image["position"] for image in page.images]
        if asked.search.seed is None:
            right = positions == expected
        else:
            right = len(set(positions)) == min(PAGE, total) and all(map(asked.search.condition({}), page.images))
        if not right or page.total != total:
            yield asked.name
