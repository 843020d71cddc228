"""Suggestions: completing what is typed to names, and tags that go together with others."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    RowMapping,
    Select,
    all_,
    any_,
    bindparam,
    case,
    column,
    distinct,
    exists,
    func,
    select,
    true,
)

from reaction_board.database.queries import walk
from reaction_board.database.queries.combine import ALL, List, Walk
from reaction_board.database.queries.tags import Tag, given, image_count, stands_for, tag
from reaction_board.database.tables import Name, images, tags

NEWEST = 1000  # images found, among which others are counted


def _page(found: CTE, page: FromClause, order: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Return the statement of a page of what was found: a row for each name, or one for none, each with the total."""
    total = select(func.count().label("total")).select_from(found).subquery("total")
    # The outer join keeps the total when the page is empty.
    return select(total.c.total, *page.c).select_from(total.outerjoin(page, true())).order_by(*order)


def _rows(rows: Sequence[RowMapping]) -> tuple[Sequence[Tag], int]:
    """Return the tags in the rows of a page, with what is not NULL, and the total."""
    tags = [{name: value for name, value in row.items() if value is not None} for row in rows if row["id"]]
    return tags, rows[0]["total"]


# Completion

# Separators are alike. Only the longest word is looked for in each name: what contains that is looked at more closely.
_LIKE_TYPED = func.translate(tags.c.name, "_", "-")
_OF_ALIAS = select(image_count(tag)).where(tag.c.key == tags.c.alias_of).scalar_subquery()
_MATCHING = (
    select(
        tags.c.key,
        tags.c.alias_of,
        tags.c.name,
        (func.strpos("-" + _LIKE_TYPED, "-" + bindparam("typed")) > 0).label("begins"),
        case((tags.c.alias_of.is_(None), image_count(tags)), else_=_OF_ALIAS).label("images"),
    )
    .where(func.strpos(tags.c.name, bindparam("longest_word")) > 0, func.strpos(_LIKE_TYPED, bindparam("typed")) > 0)
    .cte("matching")
)
_BEST = [_MATCHING.c.begins.desc(), _MATCHING.c.images.desc(), _MATCHING.c.name]
_MATCHES = (
    select(_MATCHING).order_by(*_BEST).limit(bindparam("page_limit")).offset(bindparam("page_offset")).subquery("page")
)
_MATCHED = (
    select(
        tag.c.id,
        tag.c.name,
        _MATCHES.c.images.label("image_count"),
        case((_MATCHES.c.alias_of.is_not(None), _MATCHES.c.name)).label("alias"),
        _MATCHES.c.begins,
        _MATCHES.c.name.label("matched"),
    )
    .select_from(_MATCHES.join(tag, tag.c.key == func.coalesce(_MATCHES.c.alias_of, _MATCHES.c.key)))
    .subquery("matched")
)
_COMPLETE = _page(_MATCHING, _MATCHED, [_MATCHED.c.begins.desc(), _MATCHED.c.image_count.desc(), _MATCHED.c.matched])


def complete(connection: Connection, typed: str, limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the names that contain what is typed, and how many there are in all.

    First those of which a word begins with it, then the others, each time those on most images first. A row is a tag,
    with `alias` if what matches is an alias of it. What is typed is in lower case; a space stands for any separator.
    """
    typed = "-".join(typed.split()).replace("_", "-")
    if not re.fullmatch(r"[a-z0-9-]{0,64}", typed):
        return [], 0
    values = {"typed": typed, "longest_word": max(typed.split("-"), key=len)}
    rows = connection.execute(_COMPLETE, {**values, "page_limit": limit, "page_offset": offset}).mappings().all()
    return _rows(rows)


# What goes together

_CARRIED = func.unnest(images.c.tags).table_valued(column("name", Name)).render_derived("carried")
_ON_IMAGES = images.c.position == any_(bindparam("positions", type_=ARRAY(Integer)))
_LEFT_OUT = all_(bindparam("left_out", type_=ARRAY(Name)))


def _together(*, is_merging: bool) -> Select[Any]:
    """Return the statement of a page of the tags on some images. While merges are unfinished, images have aliases."""
    on_images = images.join(_CARRIED, true())
    name: ColumnElement[str]
    if is_merging:
        on_images = on_images.join(given, given.c.name == _CARRIED.c.name).join(tag, tag.c.key == stands_for)
        name, together = tag.c.name, func.count(distinct(images.c.position))
    else:
        name, together = _CARRIED.c.name, func.count()
    counted = (
        select(name.label("name"), together.label("together"))
        .select_from(on_images)
        .where(_ON_IMAGES, name != _LEFT_OUT)
        .group_by(name)
        .cte("counted")
    )
    most = (
        select(counted)
        .order_by(counted.c.together.desc(), counted.c.name)
        .limit(bindparam("page_limit"))
        .offset(bindparam("page_offset"))
        .subquery("most")
    )
    page = (
        select(tags.c.id, tags.c.name, image_count(tags).label("image_count"), most.c.together)
        .select_from(most.join(tags, tags.c.name == most.c.name))
        .subquery("page")
    )
    statement = _page(counted, page, [page.c.together.desc(), page.c.name])
    return statement.add_columns(exists(select(tags.c.key).where(tags.c.merging.is_not(None))).label("is_merging"))


_TOGETHER = {is_merging: _together(is_merging=is_merging) for is_merging in (False, True)}


def find_together(connection: Connection, names: Sequence[str], limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the other tags on the newest images that have some tags, and how many there are in all.

    Most images first; `together` says on how many of the newest NEWEST images a tag is.
    """
    lists = [List(ALL, name=name) for name in names]
    found = walk.read(connection, lists, Walk(offset=0, wanted=NEWEST, start=None, back=False), seed=None)
    left_out = [carried for name in names for carried in found.carried.get(name, [name])]
    values = {"positions": found.positions, "left_out": left_out, "page_limit": limit, "page_offset": offset}
    rows = connection.execute(_TOGETHER[False], values).mappings().all()
    if rows[0]["is_merging"]:
        rows = connection.execute(_TOGETHER[True], values).mappings().all()
    return _rows(rows)
