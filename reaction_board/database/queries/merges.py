"""Merges: a tag becomes an alias of another one, and its images get that.

It is an alias from the first step on. Then each step gives the tag to some of its images. Until all of them have it,
the name of the alias is in `merging` of the tag:

    name        alias_of    merging    images
    laughing                {lol}      those that were moved, and those that had it before
    lol         laughing               those that are still to be moved

Searches and counts unite the lists of a tag and of what is merging into it, so what they find does not depend on how
far the merge is. A step is one transaction. Repeating it finishes the merge, whoever repeats it and whatever failed
before. If the tags of an image are changed meanwhile, that change moves the image, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    all_,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
    update,
)

from reaction_board.database.queries import lists
from reaction_board.database.queries.aliases import count, find, forget_finished, point
from reaction_board.database.queries.tags import look_up, united
from reaction_board.database.tables import Name, image_tags, images, tags, totals
from reaction_board.errors import AliasConflict

STEP = 1000  # images that one step moves

_NAMES = bindparam("names", type_=ARRAY(Name))
_TAG_KEY = bindparam("tag_key", type_=Integer)
_VERSION = select(totals.c.names_version)


@dataclass(frozen=True)
class Step:
    """What a step of a merge has done."""

    moved: int  # images
    remaining: int  # images that still have what is merging into the tag


_POSITIONS = (
    select(image_tags.c.position)
    .where(image_tags.c.tag_key == select(tags.c.key).where(tags.c.name == bindparam("name")).scalar_subquery())
    .order_by(image_tags.c.position)
    .limit(bindparam("step"))
)
_AT = images.c.position == any_(bindparam("positions", type_=ARRAY(Integer)))
_SOURCES = bindparam("sources", type_=ARRAY(Name))
# In the order of ids, as everybody locks images. One that has lost the name meanwhile is left out.
_LOCK_IMAGES = (
    select(images.c.position)
    .where(_AT, images.c.tags.op("&&", is_comparison=True)(_SOURCES))
    .order_by(images.c.id)
    .with_for_update()
)
_CARRIED = (
    func.unnest(func.array_append(images.c.tags, bindparam("target", type_=Name)))
    .table_valued(column("name", Name))
    .render_derived("carried")
)
_NAMES_AFTER = (
    select(_CARRIED.c.name)
    .distinct()
    .where(_CARRIED.c.name != all_(_SOURCES))
    .order_by(_CARRIED.c.name)
    .correlate(images)
    .scalar_subquery()
)
_MOVE = update(images).where(_AT).values(tags=func.array(_NAMES_AFTER, type_=ARRAY(Name)))
_BEGIN = (
    update(tags)
    .where(tags.c.key == _TAG_KEY)
    .values(merging=func.coalesce(tags.c.merging, cast([], ARRAY(Name))).concat(_SOURCES))
)
_UNITED = united(_NAMES).alias("united")
_REMAINING = select(cast(func.coalesce(func.sum(func.bit_count(_UNITED.c.bits)), 0), Integer))


def merge(connection: Connection, name: str, into: str) -> Step:
    """Make a tag an alias of the tag that `into` stands for, which may be new, and give that to some of its images.

    What was merging into the tag before, and is not finished, is continued, too. Raises TagNotFound, AliasConflict if
    the name stands for another tag or `into` stands for the name, and NamesChanged.
    """
    version = connection.execute(_VERSION).scalar_one()
    found = find(connection, [name, into])
    source, target = found.tag_of(name), found.tag_of(into) if into in found.by_name else None
    has_begun = source["name"] != name
    if has_begun and source is not target:
        raise AliasConflict(f"{name!r} stands for {source['name']!r}: merge that.")
    if source is target and not has_begun:
        raise AliasConflict(f"{into!r} is {name!r}, or stands for it.")
    before = (target and target["merging"]) or []
    entering = [] if has_begun else [name, *(source["merging"] or [])]
    sources, target_name = [*entering, *before], target["name"] if target else into

    positions = _lock_images(connection, sources)
    names = look_up(connection, [target_name], sources)
    target_key = names.keys[target_name]
    if positions:
        connection.execute(_MOVE, {"positions": positions, "sources": sources, "target": target_name})

    lists.lock(connection)
    lists.count(connection, new_tags=names.new_tags, names_version=version)
    if entering:
        count(connection, new_tags=-1)
        point(connection, [source["key"]], target_key)
        connection.execute(_BEGIN, {"tag_key": target_key, "sources": entering})
    keys = [names.keys[one] for one in sources]
    lists.leave(connection, ((key, position) for key in keys for position in positions))
    lists.enter(connection, ((target_key, position) for position in positions))
    unfinished = forget_finished(connection, target_key)
    remaining = connection.execute(_REMAINING, {"names": unfinished}).scalar_one() if unfinished else 0
    return Step(len(positions), remaining)


def _lock_images(connection: Connection, names: Sequence[str]) -> Sequence[int]:
    """Lock some images that have one of these names; return their positions. There may be none left."""
    for name in names:
        if positions := connection.execute(_POSITIONS, {"name": name, "step": STEP}).scalars().all():
            values = {"positions": positions, "sources": names}
            return connection.execute(_LOCK_IMAGES, values).scalars().all()
    return []


# For a check of the whole board

_alias = tags.alias("alias")
_UNFINISHED = select(tags.c.name, tags.c.merging).where(tags.c.merging.is_not(None)).order_by(tags.c.name)
_IS_MERGING = func.coalesce(_alias.c.name == any_(tags.c.merging), False)
_FORGOTTEN = (
    select(_alias.c.name, tags.c.name.label("tag"))
    .select_from(_alias.join(tags, tags.c.key == _alias.c.alias_of))
    .where(_alias.c.image_count > 0, ~_IS_MERGING)
    .order_by(_alias.c.name)
)
_RESUME = (
    update(tags)
    .where(tags.c.key == _alias.c.alias_of, _alias.c.name == bindparam("alias_name"), ~_IS_MERGING)
    .values(merging=func.array_append(tags.c.merging, _alias.c.name))
)


def find_unfinished(connection: Connection) -> Sequence[tuple[str, list[str]]]:
    """Return the tags into which others are being merged, and the names of these."""
    return [(row.name, row.merging) for row in connection.execute(_UNFINISHED)]


def find_forgotten(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return the aliases that images have although no merge takes these from them, and the tags they stand for."""
    return [(row.name, row.tag) for row in connection.execute(_FORGOTTEN)]


def resume(connection: Connection, name: str) -> None:
    """Let the merge of an alias into the tag that it stands for go on."""
    lists.lock(connection)
    connection.execute(_RESUME, {"alias_name": name})
