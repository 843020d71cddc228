"""Aliases: other names of tags.

Each name has one row in `tags`, so it is a tag or an alias, never both. `alias_of` leads from an alias to its tag, and
never to another alias: a change that would create a chain resolves it. Wherever a request names tags, the statement
that looks the names up resolves aliases.

A transaction changes which tag a name stands for only under the lock on all lists. A change of images looks its names
up before it takes that lock. Under the lock, it verifies that the tags of the images are still tags. If one has become
an alias, the transaction is repeated (NamesChanged). So no image gets a name that has already become an alias.

Locks are taken in the same order everywhere: rows of images, by id; new names, by name; the lists.
"""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    RowMapping,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    null,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from reaction_board.database.queries import lists
from reaction_board.database.tables import Name, bitmaps, tags
from reaction_board.errors import AliasConflict, TagInUse, TagNotFound

_NAMES = bindparam("names", type_=ARRAY(Name))
_KEYS = bindparam("keys", type_=ARRAY(Integer))
_TAG_KEY = bindparam("tag_key", type_=Integer)


# Looking names up

# Joined, so that the plan uses the index for any number of names: comparing each row with 10,000 names took
# seconds, while everybody waits for the lock.
_WANTED = func.unnest(_NAMES).table_valued(column("name", Name)).render_derived("wanted")
_FOUND = union(
    select(tags.c.key).join(_WANTED, tags.c.name == _WANTED.c.name),
    select(tags.c.alias_of).join(_WANTED, tags.c.name == _WANTED.c.name),
).subquery()
_ROWS = select(tags).join(_FOUND, tags.c.key == _FOUND.c.key)


@dataclass(frozen=True)
class Rows:
    """The rows of some names, and of the tags that they stand for."""

    by_name: dict[str, RowMapping]
    by_key: dict[int, RowMapping]

    def tag_of(self, name: str) -> RowMapping:
        """Return the tag that a name stands for. Raises TagNotFound."""
        if name not in self.by_name:
            raise TagNotFound(f"No tag or alias is named {name!r}.")
        row = self.by_name[name]
        return row if row["alias_of"] is None else self.by_key[row["alias_of"]]


def find(connection: Connection, names: Collection[str]) -> Rows:
    """Return the rows of some names, as far as they exist."""
    rows = connection.execute(_ROWS, {"names": list(names)}).mappings().all()
    return Rows({row["name"]: row for row in rows}, {row["key"]: row for row in rows})


# Changing which tag a name stands for

# This includes the aliases of the tags.
_POINT = (
    update(tags)
    .where(or_(tags.c.key == any_(_KEYS), tags.c.alias_of == any_(_KEYS)))
    .values(alias_of=_TAG_KEY, merging=None)
)
_DROP_BITMAPS = delete(bitmaps).where(bitmaps.c.list == any_(_KEYS))
_HAVE_NONE = update(tags).where(tags.c.key == any_(_KEYS)).values(has_bitmaps=False)


def point(connection: Connection, keys: Sequence[int], tag_key: int) -> None:
    """Make tags and their own aliases aliases of another tag. The lists are locked."""
    connection.execute(_POINT, {"keys": keys, "tag_key": tag_key})


def drop_bitmaps(connection: Connection, keys: Sequence[int]) -> None:
    """Delete the bitmaps of tags without images. The lists are locked."""
    connection.execute(_DROP_BITMAPS, {"keys": keys})
    connection.execute(_HAVE_NONE, {"keys": keys})


_MERGING = select(func.unnest(tags.c.merging)).where(tags.c.key == _TAG_KEY)
_FINISHED = select(tags.c.key, tags.c.name).where(tags.c.name == any_(_NAMES), tags.c.image_count == 0)
_SET_MERGING = update(tags).where(tags.c.key == _TAG_KEY).values(merging=func.nullif(_NAMES, cast([], ARRAY(Name))))


def forget_finished(connection: Connection, tag_key: int) -> list[str]:
    """Remove the finished merges from a tag, and return the names of the unfinished ones. The lists are locked."""
    merging = list(connection.execute(_MERGING, {"tag_key": tag_key}).scalars())
    finished = dict(connection.execute(_FINISHED, {"names": merging}).all()) if merging else {}
    if not finished:
        return merging
    unfinished = [name for name in merging if name not in finished.values()]
    connection.execute(_SET_MERGING, {"tag_key": tag_key, "names": unfinished})
    drop_bitmaps(connection, [*finished])
    return unfinished


# Replacing the aliases of a tag

_ALIASES = select(tags).where(tags.c.alias_of == any_(_KEYS))
_NEW = func.unnest(_NAMES).table_valued(column("name", Name)).render_derived("new")
_ADD = (
    insert(tags)
    .from_select(["id", "name", "alias_of"], select(null(), _NEW.c.name, _TAG_KEY).order_by(_NEW.c.name.collate("C")))
    .on_conflict_do_nothing()
)
_RELEASE = update(tags).where(tags.c.key == any_(_KEYS), tags.c.id.is_not(None)).values(alias_of=None)
_FORGET = delete(tags).where(tags.c.key == any_(_KEYS), tags.c.id.is_(None))


def set_aliases(connection: Connection, name: str, aliases: AbstractSet[str]) -> str:
    """Replace the aliases of the tag that a name stands for. Return the name of the tag.

    An alias that is left out becomes a tag again if it used to be one; otherwise the name is free. A tag without images
    can become an alias together with its own aliases. Raises TagNotFound; TagInUse if images have one of the names;
    AliasConflict if one of the names stands for another tag, is the tag itself, or has an alias that is not in the
    list; and NamesChanged.
    """
    found = find(connection, [name, *aliases])
    tag = found.tag_of(name)
    if unknown := {alias for alias in aliases if alias not in found.by_name}:
        connection.execute(_ADD, {"names": sorted(unknown), "tag_key": tag["key"]})
    lists.lock(connection)
    # This second look-up sees the changes that others have committed before the lock.
    found = find(connection, [name, *aliases])
    if not found.by_name.keys() >= {name, *aliases}:
        raise lists.NamesChanged
    tag = found.tag_of(name)
    before = connection.execute(_ALIASES, {"keys": [tag["key"]]}).mappings().all()
    added = [found.by_name[alias] for alias in sorted(aliases) if found.by_name[alias]["alias_of"] != tag["key"]]
    removed = [row for row in before if row["name"] not in aliases]
    _assert_can_become_aliases(connection, added, tag, found, aliases, unknown)
    _assert_can_be_removed(removed)
    if added or removed or unknown:
        _change_aliases(connection, tag["key"], added, removed)
    return str(tag["name"])


def _change_aliases(
    connection: Connection, tag_key: int, added: Sequence[RowMapping], removed: Sequence[RowMapping]
) -> None:
    """Make the added names aliases of a tag. Make the removed ones tags again, or free. The lists are locked."""
    added_keys, removed_keys = [row["key"] for row in added], [row["key"] for row in removed]
    drop_bitmaps(connection, added_keys)
    point(connection, added_keys, tag_key)
    forget_finished(connection, tag_key)
    connection.execute(_RELEASE, {"keys": removed_keys})
    connection.execute(_FORGET, {"keys": removed_keys})
    new_tags = sum(row["id"] is not None for row in removed) - sum(row["alias_of"] is None for row in added)
    lists.count(connection, new_tags=new_tags)


def _assert_can_be_removed(removed: Sequence[RowMapping]) -> None:
    """Raise TagInUse if images still have one of the aliases, because its merge is not finished."""
    if names := [row["name"] for row in removed if row["image_count"]]:
        raise TagInUse(f"Images still have {names[0]!r}. Finish its merge first.")


def _assert_can_become_aliases(
    connection: Connection,
    added: Sequence[RowMapping],
    tag: RowMapping,
    found: Rows,
    aliases: AbstractSet[str],
    unknown: AbstractSet[str],
) -> None:
    """Raise AliasConflict or TagInUse unless the added names can become aliases of a tag, as `set_aliases` says.

    `found` has the rows of the names in `aliases`. The `unknown` ones had no row before.
    """
    left_out = {
        row["alias_of"]: row["name"]
        for row in connection.execute(_ALIASES, {"keys": [row["key"] for row in added]}).mappings()
        if row["name"] not in aliases
    }
    for row in added:
        name = row["name"]
        if row["key"] == tag["key"]:
            raise AliasConflict(f"{name!r} is the tag itself, so it cannot be an alias of it.")
        if row["alias_of"] is not None:
            # An unknown name points to the tag as it was before the lock. Others may be aliases of a tag in the list.
            if name not in unknown and (stands_for := found.tag_of(name)["name"]) not in aliases:
                raise AliasConflict(
                    f"{name!r} is an alias of {stands_for!r}. Remove it from the aliases of that tag first."
                )
        elif row["key"] in left_out:
            raise AliasConflict(f"{left_out[row['key']]!r} is an alias of {name!r}. List both.")
        elif row["image_count"] or (row["merging"] and forget_finished(connection, row["key"])):
            raise TagInUse(f"Images have {name!r}. To make it an alias, merge it into {tag['name']!r}.")
