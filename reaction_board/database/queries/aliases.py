"""Aliases: other names of tags; and merges, which make a tag an alias of another one.

Each name has one row in `tags`, so it is a tag or an alias, never both. `alias_of` leads from an alias to its tag,
never to another alias: chains are resolved when they are made. Wherever a request names tags, the statement that looks
the names up resolves them.

A tag that is merged into another one is an alias of it from the first step on. Then each step gives the tag to some of
its images. Until all of them have it, the name of the alias is in `merging` of the tag:

    name        alias_of    merging    images
    laughing                {lol}      those that were moved, and those that had it before
    lol         laughing               those that are still to be moved

Searches and counts unite the lists of a tag and of what is merging into it, so what they find does not depend on how
far the merge is. A step is one transaction. Repeating it finishes the merge, whoever repeats it and whatever failed
before. If the tags of an image are changed meanwhile, that change moves the image, too.

What a name stands for is changed under the lock on all lists, and `names_version` in `totals` rises. A change of images
looks its names up before it takes that lock; under the lock, it compares the version. If that has changed, the
transaction is repeated (NamesChanged). So no image gets a name after that has become an alias.

Locks are taken in the same order everywhere: rows of images, by id; new names, by name; the lists.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from reaction_board.database.queries import lists
from reaction_board.database.queries.tags import look_up, united
from reaction_board.database.tables import Name, bitmaps, image_tags, images, tags, totals
from reaction_board.errors import AliasConflict, TagInUse, TagNotFound

STEP = 1000  # images that one step of a merge moves

_NAMES = bindparam("names", type_=ARRAY(Name))
_KEYS = bindparam("keys", type_=ARRAY(Integer))
_TAG_KEY = bindparam("tag_key", type_=Integer)
_alias = tags.alias("alias")


# Looking names up

# The rows of names, and of the tags that they stand for.
_ROWS = select(tags).where(
    or_(tags.c.name == any_(_NAMES), tags.c.key.in_(select(_alias.c.alias_of).where(_alias.c.name == any_(_NAMES))))
)
_VERSION = select(totals.c.names_version)


@dataclass(frozen=True)
class _Rows:
    by_name: dict[str, RowMapping]
    by_key: dict[int, RowMapping]

    def tag_of(self, name: str) -> RowMapping:
        """Return the tag that a name stands for. Raises TagNotFound."""
        if name not in self.by_name:
            raise TagNotFound
        row = self.by_name[name]
        return row if row["alias_of"] is None else self.by_key[row["alias_of"]]


def _find(connection: Connection, names: Collection[str]) -> _Rows:
    rows = connection.execute(_ROWS, {"names": list(names)}).mappings().all()
    return _Rows({row["name"]: row for row in rows}, {row["key"]: row for row in rows})


# Aliases

_ALIASES = select(tags).where(tags.c.alias_of == _TAG_KEY)
_NEW = func.unnest(_NAMES).table_valued(column("name", Name)).render_derived("new")
_ADD = (
    insert(tags)
    .from_select(["id", "name", "alias_of"], select(null(), _NEW.c.name, _TAG_KEY).order_by(_NEW.c.name.collate("C")))
    .on_conflict_do_nothing()
)
# Their own aliases, too.
_POINT = (
    update(tags)
    .where(or_(tags.c.key == any_(_KEYS), tags.c.alias_of == any_(_KEYS)))
    .values(alias_of=_TAG_KEY, merging=None)
)
_RELEASE = update(tags).where(tags.c.key == any_(_KEYS), tags.c.id.is_not(None)).values(alias_of=None)
_FORGET = delete(tags).where(tags.c.key == any_(_KEYS), tags.c.id.is_(None))
_DROP_BITMAPS = delete(bitmaps).where(bitmaps.c.list == any_(_KEYS))
_HAVE_NONE = update(tags).where(tags.c.key == any_(_KEYS)).values(has_bitmaps=False)
_COUNT = update(totals).values(tags=totals.c.tags + bindparam("new_tags"), names_version=totals.c.names_version + 1)


def set_aliases(connection: Connection, name: str, aliases: Collection[str]) -> str:
    """Give the tag that a name stands for these aliases instead of its own; return its name.

    An alias that is left out is a tag again if it has been one, else nobody's. A tag without images that becomes an
    alias brings its own aliases along. Raises TagNotFound; TagInUse if images have one of the names; AliasConflict if
    one of them stands for another tag, or is the tag.
    """
    found = _find(connection, [name, *aliases])
    tag = found.tag_of(name)
    if unknown := [alias for alias in aliases if alias not in found.by_name]:
        connection.execute(_ADD, {"names": unknown, "tag_key": tag["key"]})
    lists.lock(connection)
    # What others have changed meanwhile is seen now.
    found = _find(connection, [name, *aliases])
    tag = found.tag_of(name)
    before = connection.execute(_ALIASES, {"tag_key": tag["key"]}).mappings().all()
    added = [found.by_name[alias] for alias in aliases if found.by_name[alias]["alias_of"] != tag["key"]]
    removed = [row for row in before if row["name"] not in aliases]
    for row in added:
        _assert_can_become_alias(row, tag, found, unknown)
    if busy := [row["name"] for row in removed if row["image_count"]]:
        raise TagInUse(f"Images still have {busy[0]!r}: finish its merge first.")
    if not added and not removed and not unknown:
        return str(tag["name"])
    keys = [row["key"] for row in added]
    _drop_bitmaps(connection, keys)
    connection.execute(_POINT, {"keys": keys, "tag_key": tag["key"]})
    keys = [row["key"] for row in removed]
    connection.execute(_RELEASE, {"keys": keys})
    connection.execute(_FORGET, {"keys": keys})
    new_tags = sum(row["id"] is not None for row in removed) - sum(row["alias_of"] is None for row in added)
    connection.execute(_COUNT, {"new_tags": new_tags})
    return str(tag["name"])


def _drop_bitmaps(connection: Connection, keys: Sequence[int]) -> None:
    """Forget the bitmaps of tags without images."""
    connection.execute(_DROP_BITMAPS, {"keys": keys})
    connection.execute(_HAVE_NONE, {"keys": keys})


def _assert_can_become_alias(row: RowMapping, tag: RowMapping, found: _Rows, unknown: Collection[str]) -> None:
    name = row["name"]
    if row["key"] == tag["key"]:
        raise AliasConflict(f"{name!r} is the tag: it cannot stand for itself.")
    if row["alias_of"] is not None and name not in unknown:  # those point to what was the tag before the lock
        raise AliasConflict(f"{name!r} stands for {found.tag_of(name)['name']!r}.")
    if row["image_count"] or row["merging"]:
        raise TagInUse(f"Images have {name!r}: merge it into {tag['name']!r}.")


# Merges


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
_MERGING = select(func.unnest(tags.c.merging)).where(tags.c.key == _TAG_KEY)
_FINISHED = select(tags.c.key, tags.c.name).where(tags.c.name == any_(_NAMES), tags.c.image_count == 0)
_SET_MERGING = update(tags).where(tags.c.key == _TAG_KEY).values(merging=func.nullif(_NAMES, cast([], ARRAY(Name))))
_UNITED = united(_NAMES).alias("united")
_REMAINING = select(cast(func.coalesce(func.sum(func.bit_count(_UNITED.c.bits)), 0), Integer))


def merge(connection: Connection, name: str, into: str) -> Step:
    """Make a tag an alias of the tag that `into` stands for, which may be new, and give that to some of its images.

    What was merging into the tag before, and is not finished, is continued, too. Raises TagNotFound, AliasConflict if
    the name stands for another tag or `into` stands for the name, and NamesChanged.
    """
    version = connection.execute(_VERSION).scalar_one()
    found = _find(connection, [name, into])
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
        connection.execute(_COUNT, {"new_tags": -1})
        connection.execute(_POINT, {"keys": [source["key"]], "tag_key": target_key})
        connection.execute(_BEGIN, {"tag_key": target_key, "sources": entering})
    keys = [names.keys[one] for one in sources]
    lists.leave(connection, ((key, position) for key in keys for position in positions))
    lists.enter(connection, ((target_key, position) for position in positions))
    return Step(len(positions), _finish(connection, target_key))


def _lock_images(connection: Connection, names: Sequence[str]) -> Sequence[int]:
    """Lock some images that have one of these names; return their positions. There may be none left."""
    for name in names:
        if positions := connection.execute(_POSITIONS, {"name": name, "step": STEP}).scalars().all():
            values = {"positions": positions, "sources": names}
            return connection.execute(_LOCK_IMAGES, values).scalars().all()
    return []


def _finish(connection: Connection, tag_key: int) -> int:
    """Forget the merges into a tag that are finished. Return how many images the others have. The lists are locked."""
    merging = connection.execute(_MERGING, {"tag_key": tag_key}).scalars().all()
    if not merging:
        return 0
    finished = dict(connection.execute(_FINISHED, {"names": merging}).all())
    left = [name for name in merging if name not in finished.values()]
    if finished:
        connection.execute(_SET_MERGING, {"tag_key": tag_key, "names": left})
        _drop_bitmaps(connection, [*finished])
    return connection.execute(_REMAINING, {"names": left}).scalar_one() if left else 0
