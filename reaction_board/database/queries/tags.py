"""Tags: their names and keys, and the list of them."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, RowMapping, Select, any_, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import insert

from reaction_board.database.tables import Name, tags, totals

Tag = RowMapping  # id, name, image_count

_KEYS = select(tags.c.name, tags.c.key).where(tags.c.name == any_(bindparam("names", type_=ARRAY(Name))))
# In the order of names: two transactions that insert the same ones cannot deadlock.
_NAMES = func.unnest(bindparam("names", type_=ARRAY(Name))).table_valued(column("name", Name)).render_derived("new")
_INSERT = (
    insert(tags)
    .from_select(["name"], select(_NAMES.c.name).order_by(_NAMES.c.name.collate("C")))
    .on_conflict_do_nothing()
    .returning(tags.c.name, tags.c.key)
)


def keys_of(connection: Connection, names: Collection[str]) -> tuple[dict[str, int], int]:
    """Return the keys of tags by their names, and how many of them are new: names without a tag become tags.

    The number of all tags in `totals` is the caller's to change.
    """
    if not names:
        return {}, 0
    keys = _keys(connection, names)
    # Only missing names are inserted: each attempt uses up a key.
    if not (missing := [name for name in names if name not in keys]):
        return keys, 0
    new: dict[str, int] = dict(connection.execute(_INSERT, {"names": missing}).all())
    if len(new) < len(missing):  # another transaction has inserted the others, and has committed
        keys = _keys(connection, names)
    return keys | new, len(new)


def _keys(connection: Connection, names: Collection[str]) -> dict[str, int]:
    return dict(connection.execute(_KEYS, {"names": list(names)}).all())


# A prefix is a range: '{' is the character after 'z', the last one of a name, and names are in byte order.
_MATCHES = (tags.c.name >= bindparam("first")) & (tags.c.name < bindparam("last"))
_ORDERS: dict[str, list[ColumnElement[Any]]] = {
    "name": [tags.c.name],
    "count": [tags.c.image_count.desc(), tags.c.name],
}


def _page(order: str, *, has_prefix: bool) -> Select[Any]:
    """Return the statement of a page: a row for each tag, or one for none, each with the total."""
    count = select(func.count()).select_from(tags).where(_MATCHES) if has_prefix else select(totals.c.tags)
    found = select(count.scalar_subquery().label("total")).subquery("found")
    page = (
        select(tags.c.id, tags.c.name, tags.c.image_count)
        .where(_MATCHES)
        .order_by(*_ORDERS[order])
        .limit(bindparam("page_limit"))
        .offset(bindparam("page_offset"))
        .subquery("tags")
    )
    # The outer join keeps the total when the page is empty.
    joined = select(found.c.total, *page.c).select_from(found.outerjoin(page, true()))
    return joined.order_by(*([page.c.image_count.desc()] if order == "count" else []), page.c.name)


_PAGES = {(order, prefix): _page(order, has_prefix=prefix) for order in _ORDERS for prefix in (False, True)}


def find_tags(
    connection: Connection, prefix: str, limit: int, offset: int, order: str = "name"
) -> tuple[Sequence[RowMapping], int]:
    """Return a page of the tags whose names begin with `prefix`, and how many there are in all.

    By `name` in byte order, or by `count`, those on most images first.
    """
    if not re.fullmatch(r"[a-z0-9_-]{0,64}", prefix):
        return [], 0
    statement = _PAGES[order, bool(prefix)]
    values = {"first": prefix, "last": prefix + "{", "page_limit": limit, "page_offset": offset}
    rows = connection.execute(statement, values).mappings().all()
    return [row for row in rows if row["id"]], rows[0]["total"]
