"""Suggestions: names that complete the typed text, and tags that often occur together."""

import re
from collections import Counter
from collections.abc import Sequence
from heapq import nsmallest
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Select,
    any_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    true,
)

from reaction_board.database.queries import walk
from reaction_board.database.queries.combine import ALL, List, Walk
from reaction_board.database.queries.tags import Tag, image_count, tag
from reaction_board.database.tables import Name, images, tags

NEWEST = 1000  # images of a search, on which other tags are counted

# Completion

# Tags into which others are being merged. Each is counted once, however many of its names match.
_MERGED = (
    select(tag.c.key, image_count(tag).label("images"))
    .where(tag.c.merging.is_not(None))
    .cte("merged")
    .prefix_with("MATERIALIZED")
)
_OF_ALIAS = select(tag.c.image_count).where(tag.c.key == tags.c.alias_of).scalar_subquery()
_IMAGES = func.coalesce(
    select(_MERGED.c.images).where(_MERGED.c.key == func.coalesce(tags.c.alias_of, tags.c.key)).scalar_subquery(),
    case((tags.c.alias_of.is_(None), tags.c.image_count), else_=_OF_ALIAS),
)


def _complete(*, has_separators: bool) -> Select[Any]:
    """Return the statement for a page of matching names: a row for each, or one row if none match, with the total.

    The statement reads all names once. It treats both separators alike. If the text has separators, the longest of its
    words selects the names that are compared with the whole text.
    """
    contains: list[ColumnElement[bool]] = [tags.c.name.like(bindparam("contains"))]
    words: ColumnElement[str] = tags.c.name
    beginnings = ["begins", "after_hyphen", "after_underscore"]
    if has_separators:
        words, beginnings = func.translate(tags.c.name, "_", "-"), beginnings[:2]
        contains.append(words.like(bindparam("all_contain")))
    begins_word = or_(*(words.like(bindparam(pattern)) for pattern in beginnings))
    matching = (
        select(
            tags.c.key,
            tags.c.alias_of,
            tags.c.name,
            begins_word.label("begins"),
            _IMAGES.label("images"),
        )
        .where(*contains)
        .cte("matching")
    )
    page = (
        select(matching)
        .order_by(matching.c.begins.desc(), matching.c.images.desc(), matching.c.name)
        .limit(bindparam("page_limit"))
        .offset(bindparam("page_offset"))
        .subquery("page")
    )
    alias = case((page.c.alias_of.is_not(None), page.c.name)).label("alias")
    listed = select(
        tag.c.id, tag.c.name, page.c.images.label("image_count"), alias, page.c.begins, page.c.name.label("by")
    )
    listed_tags = listed.join(page, tag.c.key == func.coalesce(page.c.alias_of, page.c.key)).subquery("listed")
    total = select(func.count().label("total")).select_from(matching).subquery("total")
    # The outer join keeps the total when the page is empty.
    return (
        select(total.c.total, *(listed_tags.c[name] for name in ("id", "name", "image_count", "alias")))
        .select_from(total.outerjoin(listed_tags, true()))
        .order_by(listed_tags.c.begins.desc(), listed_tags.c.image_count.desc(), listed_tags.c.by)
    )


_COMPLETE = {has_separators: _complete(has_separators=has_separators) for has_separators in (False, True)}


def complete(connection: Connection, typed: str, limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the names that contain the typed text, and their total number.

    Names with a word that begins with the text come first, then the others, each group by image count. A row is a tag,
    with `alias` if the match is one of its aliases. `typed` is in lower case; a space matches either separator.
    """
    typed = "-".join(typed.split()).replace("_", "-")
    if not re.fullmatch(r"[a-z0-9-]{0,64}", typed):
        return [], 0
    values = {
        "contains": f"%{max(typed.split('-'), key=len)}%",
        "all_contain": f"%{typed}%",
        "begins": f"{typed}%",
        "after_hyphen": f"%-{typed}%",
        "after_underscore": rf"%\_{typed}%",
        "page_limit": limit,
        "page_offset": offset,
    }
    rows = connection.execute(_COMPLETE["-" in typed], values).mappings().all()
    return [_match(row) for row in rows if row["id"]], rows[0]["total"]


def _match(row: RowMapping) -> Tag:
    match = {name: row[name] for name in ("id", "name", "image_count")}
    return {**match, "alias": row["alias"]} if row["alias"] else match


# Tags that occur together

# As text: a thousand arrays would take longer on their way.
_LINES = func.string_agg(func.array_to_string(images.c.tags, " "), "\n")
_merging = func.unnest(tags.c.merging).table_valued(column("name", Name)).render_derived("merging")
_ALIASES = select(func.jsonb_object_agg(_merging.c.name, tags.c.name)).select_from(tags.join(_merging, true()))
_ON_IMAGES = select(
    func.coalesce(_LINES, "").label("lines"),
    _ALIASES.where(tags.c.merging.is_not(None)).scalar_subquery().label("aliases"),
).where(images.c.position == any_(bindparam("positions", type_=ARRAY(Integer))))
_NAMED = select(tags.c.id, tags.c.name, image_count(tags).label("image_count")).where(
    tags.c.name == any_(bindparam("names", type_=ARRAY(Name)))
)


def find_together(connection: Connection, names: Sequence[str], limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the other tags on the newest images that have some tags, and their total number.

    The tags on most images come first. `together` is the number of the NEWEST images that have the tag.
    """
    lists = [List(ALL, name=name) for name in names]
    found = walk.read(connection, lists, Walk(offset=0, wanted=NEWEST, start=None, back=False), seed=None)
    lines, aliases = connection.execute(_ON_IMAGES, {"positions": found.positions}).one()
    counts: Counter[str]
    if aliases:  # of unfinished merges, during which an image may have both an alias and its tag
        counts = Counter(one for line in lines.splitlines() for one in {aliases.get(one, one) for one in line.split()})
    else:
        counts = Counter(lines.split())
    for name in names:
        for carried in found.carried.get(name, [name]):
            del counts[carried]
    most = nsmallest(offset + limit, counts.items(), key=lambda counted: (-counted[1], counted[0]))[offset:]
    by_name = {row["name"]: row for row in connection.execute(_NAMED, {"names": [name for name, _ in most]}).mappings()}
    return [{**by_name[name], "together": count} for name, count in most], len(counts)
