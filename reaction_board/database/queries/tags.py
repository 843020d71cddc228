"""Tags: resolving names, one tag, and the list of tags. `aliases.py` changes which tags names stand for."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    RowMapping,
    Select,
    TableValuedAlias,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import BIT, insert

from reaction_board.database.tables import CHUNK, Name, tags, totals

Tag = RowMapping | dict[str, Any]  # id, name, image_count, and the fields that the function adds

given, tag = tags.alias("given"), tags.alias("tag")  # the row of a name, and the row of the tag that it stands for
stands_for = func.coalesce(given.c.alias_of, given.c.key)

_KEYS = (
    select(given.c.name, given.c.key, tag.c.name.label("tag_name"), tag.c.key.label("tag_key"))
    .select_from(given.outerjoin(tag, tag.c.key == given.c.alias_of))
    .where(given.c.name == any_(bindparam("names", type_=ARRAY(Name))))
)
# In the order of names, so that two transactions that insert the same names cannot deadlock.
_NAMES = func.unnest(bindparam("names", type_=ARRAY(Name))).table_valued(column("name", Name)).render_derived("new")
_INSERT = (
    insert(tags)
    .from_select(["name"], select(_NAMES.c.name).order_by(_NAMES.c.name.collate("C")))
    .on_conflict_do_nothing()
    .returning(tags.c.name, tags.c.key)
)


@dataclass(frozen=True)
class Names:
    """Names at one moment: their keys, and which of them are aliases."""

    keys: dict[str, int]  # of the names' own rows, and of the tags that aliases stand for
    aliases: dict[str, str]  # the tag of each alias
    new_tags: int  # the number of new tags, which the caller must add to `totals`

    def resolve(self, names: Iterable[str]) -> list[str]:
        """Return the tags that some of these names stand for, sorted and distinct."""
        return sorted({self.aliases.get(name, name) for name in names})


def look_up(connection: Connection, names: Collection[str], others: Collection[str] = ()) -> Names:
    """Return the tags that names stand for. Unknown names become tags, except those in `others`."""
    if not names and not others:
        return Names({}, {}, 0)
    known = _look_up(connection, {*names, *others})
    # Only missing names are inserted, because each attempt uses up a key.
    if not (missing := [name for name in names if name not in known.keys]):
        return known
    new: dict[str, int] = dict(connection.execute(_INSERT, {"names": missing}).all())
    again = known
    if len(new) < len(missing):  # another transaction has inserted the others, and has committed
        again = _look_up(connection, {*names, *others})
    return Names({**again.keys, **new}, again.aliases, len(new))


def _look_up(connection: Connection, names: Collection[str]) -> Names:
    keys: dict[str, int] = {}
    aliases: dict[str, str] = {}
    for row in connection.execute(_KEYS, {"names": list(names)}):
        keys[row.name] = row.key
        if row.tag_name is not None:
            keys[row.tag_name], aliases[row.name] = row.tag_key, row.tag_name
    return Names(keys, aliases, 0)


def united(names: ColumnElement[Any]) -> TableValuedAlias:
    """Return SQL for the chunks and bits of the union of the lists of some names."""
    return func.united(names).table_valued(column("chunk", Integer), column("bits", BIT(CHUNK)))


def image_count(of: FromClause) -> ColumnElement[int]:
    """Return SQL for the number of images that a search for a tag finds. `of` is the tag's row of `tags`.

    While others are being merged into the tag, their images count, too.
    """
    both = united(func.array_append(of.c.merging, of.c.name)).alias("united")
    in_all = select(func.coalesce(func.sum(func.bit_count(both.c.bits)), 0)).correlate(of).scalar_subquery()
    return case((of.c.merging.is_(None), of.c.image_count), else_=cast(in_all, Integer))


_IMAGE_COUNT = image_count(tags).label("image_count")
_alias = tags.alias("alias")
_ALIASES = (
    select(_alias.c.name)
    .where(_alias.c.alias_of == tags.c.key)
    .order_by(_alias.c.name)
    .correlate(tags)
    .scalar_subquery()
)
_ONE = (
    select(
        tags.c.id,
        tags.c.name,
        _IMAGE_COUNT,
        func.array(_ALIASES, type_=ARRAY(Name)).label("aliases"),
        func.coalesce(tags.c.merging, cast([], ARRAY(Name))).label("merging"),
    )
    .select_from(tags.join(given, tags.c.key == stands_for))
    .where(given.c.name == bindparam("name"))
)


def find_tag(connection: Connection, name: str) -> Tag | None:
    """Return the tag that a name stands for, or None if the name is unknown.

    The tag has its `aliases`, sorted by name, and in `merging` those whose merge is unfinished.
    """
    return connection.execute(_ONE, {"name": name}).mappings().one_or_none()


# A prefix is a range, because names are in byte order, and '{' follows 'z', the highest character of a name.
_MATCHES = tags.c.alias_of.is_(None) & (tags.c.name >= bindparam("first")) & (tags.c.name < bindparam("last"))
_ORDERS: dict[str, list[ColumnElement[Any]]] = {
    "name": [tags.c.name],
    "count": [_IMAGE_COUNT.desc(), tags.c.name],
}


def _page(order: str, *, has_prefix: bool) -> Select[Any]:
    """Return the statement for a page: a row for each tag, or one row if there is none, each with the total."""
    count = select(func.count()).select_from(tags).where(_MATCHES) if has_prefix else select(totals.c.tags)
    found = select(count.scalar_subquery().label("total")).subquery("found")
    page = (
        select(tags.c.id, tags.c.name, _IMAGE_COUNT, tags.c.merging)
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
) -> tuple[Sequence[Tag], int]:
    """Return a page of the tags whose names begin with `prefix`, and their total number.

    The order is by `name`, in byte order, or by `count`, the largest first. Aliases are left out. A tag has `merging`
    only if merges into it are unfinished.
    """
    if not re.fullmatch(r"[a-z0-9_-]{0,64}", prefix):
        return [], 0
    statement = _PAGES[order, bool(prefix)]
    values = {"first": prefix, "last": prefix + "{", "page_limit": limit, "page_offset": offset}
    rows = connection.execute(statement, values).mappings().all()
    return [_listed(row) for row in rows if row["id"]], rows[0]["total"]


def _listed(row: RowMapping) -> Tag:
    return row if row["merging"] else {name: value for name, value in row.items() if name != "merging"}
