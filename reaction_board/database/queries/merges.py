"""Merges: a tag becomes an alias of another tag, and its images get the other tag.

The first step makes the alias. Each step gives the other tag to some of the images. Until all of them have it, the name
of the alias is in `merging` of the other tag:

    name        alias_of    merging    images
    laughing                {lol}      those that were moved, and those that had it before
    lol         laughing               those that are still to be moved

Searches and counts unite the list of a tag with the lists of the aliases in its `merging`, so their results do not
depend on the progress of the merge. A step is one transaction. Any client can finish the merge by repeating the step,
also after a failure. A change of an image's tags during the merge moves that image, too.
"""

from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    RowMapping,
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
from reaction_board.database.queries.aliases import find, forget_finished, point
from reaction_board.database.queries.tags import look_up, united
from reaction_board.database.tables import Name, image_tags, images, tags
from reaction_board.errors import AliasConflict

STEP = 1000  # images that one step moves

_NAMES = bindparam("names", type_=ARRAY(Name))
_TAG_KEY = bindparam("tag_key", type_=Integer)


_KEY = select(tags.c.key).where(tags.c.name == bindparam("name")).scalar_subquery()
_ON_LIST = select(image_tags.c.position).where(image_tags.c.tag_key == _KEY)
_POSITIONS = _ON_LIST.order_by(image_tags.c.position).limit(bindparam("step"))
_GIVEN = bindparam("positions", type_=ARRAY(Integer))
_STILL_ON_LIST = _ON_LIST.where(image_tags.c.position == any_(_GIVEN))
_AT = images.c.position == any_(_GIVEN)
# In the order of ids, like every transaction that locks images.
_LOCK_IMAGES = select(images.c.position, images.c.tags).where(_AT).order_by(images.c.id).with_for_update()
_SOURCES = bindparam("sources", type_=ARRAY(Name))
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
_MOVE = update(images).where(_AT).values(tags=func.array(_NAMES_AFTER, type_=ARRAY(Name))).returning(images.c.position)
_BEGIN = (
    update(tags)
    .where(tags.c.key == _TAG_KEY)
    .values(merging=func.coalesce(tags.c.merging, cast([], ARRAY(Name))).concat(_SOURCES))
)
_UNITED = united(_NAMES).alias("united")
_REMAINING = select(cast(func.coalesce(func.sum(func.bit_count(_UNITED.c.bits)), 0), Integer))


def merge(connection: Connection, name: str, into: str) -> int:
    """Make a tag an alias of the tag that `into` stands for, which may be new, and move some of its images.

    Return the number of moved images. This also continues unfinished merges into the same tag. Merging an alias into
    itself continues its merge. Raises TagNotFound, AliasConflict if the name stands for another tag or `into` stands
    for the name, and NamesChanged.
    """
    found = find(connection, [name, into])
    source, target = found.tag_of(name), found.tag_of(into) if into in found.by_name else None
    has_begun = source["name"] != name
    _assert_can_merge(source, target, name, into)
    entering = [] if has_begun else [name, *(source["merging"] or [])]
    sources = [*entering, *((target and target["merging"]) or [])]
    target_name = target["name"] if target else into

    carried = _lock_images(connection, sources)
    names = look_up(connection, [target_name], sources)
    target_key = names.keys[target_name]
    values = {"positions": [*carried], "sources": sources, "target": target_name}
    positions = connection.execute(_MOVE, values).scalars().all() if carried else []

    lists.lock(connection)
    lists.require_tags(connection, [target_key, *([source["key"]] if entering else [])])
    if entering:
        _begin(connection, source, target_key, entering)
    lists.count(connection, new_tags=names.new_tags - bool(entering))
    lists.leave(connection, ((names.keys[one], position) for position in carried for one in carried[position]))
    lists.enter(connection, ((target_key, position) for position in positions))
    forget_finished(connection, target_key)
    return len(positions)


def _assert_can_merge(source: RowMapping, target: RowMapping | None, name: str, into: str) -> None:
    """Raise AliasConflict unless the tag of `name` can be merged into that of `into`, or its merge be continued."""
    if source["name"] != name and source is not target:
        raise AliasConflict(f"{name!r} is an alias of {source['name']!r}. Use that name instead.")
    if source["name"] == name and source is target:
        what = "the same tag" if into == name else f"an alias of {name!r}: remove it from the aliases of that tag first"
        raise AliasConflict(f"{into!r} is {what}.")


def _begin(connection: Connection, source: RowMapping, target_key: int, entering: Sequence[str]) -> None:
    """Make a tag an alias of another one, whose `merging` gets the entering names. The lists are locked.

    Raises NamesChanged if another merge into the tag has begun since it was looked up.
    """
    name = source["name"]
    if find(connection, [name]).by_name[name]["merging"] != source["merging"]:
        raise lists.NamesChanged
    point(connection, [source["key"]], target_key)
    connection.execute(_BEGIN, {"tag_key": target_key, "sources": entering})


def _lock_images(connection: Connection, names: Sequence[str]) -> dict[int, set[str]]:
    """Lock some images on the list of one of these names. Return which of the names they have, by position.

    The result is empty if no such image is left. A position on the list counts as having the name, even if its record
    differs or is missing. So a merge ends on a damaged board, too.
    """
    for name in names:
        positions = connection.execute(_POSITIONS, {"name": name, "step": STEP}).scalars().all()
        if not positions:
            continue
        rows = connection.execute(_LOCK_IMAGES, {"positions": positions}).all()
        carried = {row.position: {*names}.intersection(row.tags) for row in rows}
        # Some images may have lost the name before their rows were locked.
        for position in connection.execute(_STILL_ON_LIST, {"name": name, "positions": positions}).scalars():
            carried.setdefault(position, set()).add(name)
        return {position: has for position, has in carried.items() if has}
    return {}


def remaining(connection: Connection, name: str) -> int:
    """Return the number of images that still have to get the tag that a name stands for."""
    merging = find(connection, [name]).tag_of(name)["merging"]
    return int(connection.execute(_REMAINING, {"names": merging}).scalar_one()) if merging else 0


# For the check of the whole board

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
    """Return the tags into which others are being merged, each with the names of the others."""
    return [(row.name, row.merging) for row in connection.execute(_UNFINISHED)]


def find_forgotten(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return the aliases that images have although no merge is under way, each with the tag that it stands for."""
    return [(row.name, row.tag) for row in connection.execute(_FORGOTTEN)]


def resume(connection: Connection, name: str) -> None:
    """Make the merge of an alias into its tag unfinished again, so that it can be continued."""
    lists.lock(connection)
    connection.execute(_RESUME, {"alias_name": name})
