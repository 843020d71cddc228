"""Lists: which images are on which list, as positions and as bitmaps.

Every image has a *position*: 0, 1, 2, … in the order in which images arrive. Positions are never reused, so "newest
first" means descending positions.

A *list* is a set of positions: those of all images, or of the images with a tag, of a MIME type, without a tag, or with
an animation. The table `image_tags` has the list of each tag. A popular list is also stored as bitmaps: the row (list,
chunk) of `bitmaps` has one bit for each of the 8,192 positions of a chunk, the leftmost bit for the first position.

    position            0 1 2 3 4 5 6 7 …     (chunk 0, shortened)
    cat                 1 0 1 1 0 0 1 0
    funny               0 0 1 1 1 0 1 1
    animated            0 0 0 1 0 0 0 1
    cat and funny,
    not animated        0 0 1 0 0 0 1 0       two images: the newest is at position 6

So every search combines the chunks of its lists with AND, OR and AND NOT. The number of one-bits in the result is the
exact total, and the rightmost bits are the newest images. See `search.py`.

The transaction that changes images also changes their lists, under one lock on all lists. It assigns positions and
`created_at` under the same lock, so the order of positions, of `created_at` and of commits is the same. This lock is
the last one that a transaction takes, so its holder never waits for another lock. It is released when the transaction
is on disk. The change is a separate statement after the lock, so that it sees all earlier commits.

Positions have 31 bits. After 2³¹ uploads, deleted images included, new ones are refused (BoardFull).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    any_,
    bindparam,
    column,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import BIT, insert

from reaction_board.database.tables import CHUNK, Image, bitmaps, image_tags, images, tags, totals

# The lists that are not those of tags. The key of a tag is above 0.
EVERYTHING = 0
UNTAGGED = -1
ANIMATED = -2
TYPES = {"image/jpeg": -3, "image/png": -4, "image/gif": -5, "image/webp": -6}
NAMES = {EVERYTHING: "everything", UNTAGGED: "untagged", ANIMATED: "animated"} | {TYPES[name]: name for name in TYPES}

MAX_POSITIONS = 2**31
# A tag gets bitmaps when it is on at least 2,000 images, and on 8 positions of each chunk on average. Below that, its
# entries take less space, and become bits as fast as stored bits are read. The tag keeps its bitmaps from then on.
POPULAR = 2000
POPULAR_SHARE = 1024

Entry = tuple[int, int]  # list, position

# For a page that changes while it is read, and for a transaction whose names change. Both rarely happen twice.
ATTEMPTS = 5


class NamesChanged(Exception):
    """A tag has become an alias since it was looked up. Repeat the transaction."""


def lists_of(image: Image) -> Iterator[int]:
    """Yield the lists that an image is on, other than those of its tags."""
    yield EVERYTHING
    yield TYPES[image["mime_type"]]
    if not image["tags"]:
        yield UNTAGGED
    if image["frames"] > 1:
        yield ANIMATED


def chunk_of(position: ColumnElement[int]) -> ColumnElement[int]:
    """Return SQL for the chunk of a position."""
    return position.bitwise_rshift(CHUNK.bit_length() - 1)


def bits_of(position: ColumnElement[int]) -> ColumnElement[Any]:
    """Return SQL that aggregates positions of one chunk to its bits. The migration defines this aggregate."""
    return func.bits_of(position.bitwise_and(CHUNK - 1), 1, type_=BIT(CHUNK))


def positions(chunk: int, bits: bytes) -> Iterator[int]:
    """Yield the positions of the one-bits of a chunk, the newest first."""
    text = format(int.from_bytes(bits), f"0{CHUNK}b")
    at = text.rfind("1")
    while at >= 0:
        yield chunk * CHUNK + at
        at = text.rfind("1", 0, at)


# Changing lists

# Changes have the same plan for all values. The generic plan saves planning while other transactions wait for the lock.
_LOCK = select(func.pg_advisory_xact_lock(0, 0), func.set_config("plan_cache_mode", "force_generic_plan", True))


def _counting(changed: CTE, sign: int) -> CTE:
    """Return SQL that updates the counts of tags after rows of `image_tags` were inserted (1) or deleted (-1)."""
    change = select(changed.c.tag_key, func.count().label("entries")).group_by(changed.c.tag_key).subquery()
    return (
        update(tags)
        .where(tags.c.key == change.c.tag_key)
        .values(image_count=tags.c.image_count + sign * change.c.entries)
        .returning(tags.c.key, tags.c.image_count, tags.c.has_bitmaps)
        .cte("counted")
    )


def _bits(entries: FromClause) -> Select[Any]:
    """Return the query for the list, chunk and bits of entries."""
    list_, chunk = entries.c.list, chunk_of(entries.c.position)
    return select(list_, chunk.label("chunk"), bits_of(entries.c.position).label("bits")).group_by(list_, chunk)


def entering(entries: FromClause) -> Select[int]:
    """Return the statement that enters positions into lists, counts them, and returns tags that have become popular.

    `entries` has the columns list and position; the parameter `popular` is POPULAR.
    """
    list_ = entries.c.list
    entered = (
        insert(image_tags)
        .from_select(["tag_key", "position"], select(list_, entries.c.position).where(list_ > 0))
        .on_conflict_do_nothing()
        .returning(image_tags.c.tag_key)
        .cte("entered")
    )
    with_bitmaps = _bits(entries).outerjoin_from(entries, tags, tags.c.key == list_)
    with_bitmaps = with_bitmaps.where(or_(list_ <= 0, tags.c.has_bitmaps))
    setting = insert(bitmaps).from_select(["list", "chunk", "bits"], with_bitmaps)
    bits = bitmaps.c.bits.bitwise_or(setting.excluded.bits)
    set_bits = setting.on_conflict_do_update(constraint=bitmaps.primary_key, set_={"bits": bits}).cte("set_bits")
    counted = _counting(entered, 1)
    popular = func.greatest(bindparam("popular"), totals.c.next_position // POPULAR_SHARE)
    return (
        select(counted.c.key)
        .where(~counted.c.has_bitmaps, counted.c.image_count >= select(popular).scalar_subquery())
        .add_cte(set_bits)
    )


def _leaving(entries: FromClause) -> Select[int]:
    """Return the statement that removes positions from lists, and updates counts."""
    left = (
        delete(image_tags)
        .where(image_tags.c.tag_key == entries.c.list, image_tags.c.position == entries.c.position)
        .returning(image_tags.c.tag_key)
        .cte("left_tags")
    )
    mask = _bits(entries).subquery()
    cleared = (
        update(bitmaps)
        .where(bitmaps.c.list == mask.c.list, bitmaps.c.chunk == mask.c.chunk)
        .values(bits=bitmaps.c.bits.bitwise_and(mask.c.bits.bitwise_not()))
        .cte("cleared")
    )
    return select(func.count()).select_from(_counting(left, -1)).add_cte(cleared)


_ENTRIES = (
    func.unnest(bindparam("lists", type_=ARRAY(Integer)), bindparam("positions", type_=ARRAY(Integer)))
    .table_valued(column("list", Integer), column("position", Integer))
    .render_derived("entry")
)
_ENTER, _LEAVE = entering(_ENTRIES), _leaving(_ENTRIES)
# True if no list belongs to a tag that has become an alias: see `aliases.py`.
are_tags = ~exists().where(tags.c.key == any_(bindparam("lists", type_=ARRAY(Integer))), tags.c.alias_of.is_not(None))
_ARE_TAGS = select(are_tags)
_COUNT = update(totals).values(
    images=totals.c.images + bindparam("new_images"), tags=totals.c.tags + bindparam("new_tags")
)
_PROMOTE = update(tags).where(tags.c.key == bindparam("list")).values(has_bitmaps=True)


def lock(connection: Connection) -> None:
    """Take the lock on all lists, which is released when the transaction ends. Take no other lock after it."""
    connection.execute(_LOCK)


def enter(connection: Connection, entries: Iterable[Entry]) -> None:
    """Add positions to lists, and update counts. The lists are locked."""
    if values := _values(entries):
        promote(connection, connection.execute(_ENTER, {**values, "popular": POPULAR}).scalars().all())


def promote(connection: Connection, popular: Iterable[int]) -> None:
    """Give bitmaps to tags that have become popular. The lists are locked."""
    for key in popular:
        connection.execute(_PROMOTE, {"list": key})
        rebuild(connection, key)


def leave(connection: Connection, entries: Iterable[Entry]) -> None:
    """Remove positions from lists, and update counts. The lists are locked."""
    if values := _values(entries):
        connection.execute(_LEAVE, values)


def require_tags(connection: Connection, keys: Iterable[int]) -> None:
    """Raise NamesChanged if one of these tags has become an alias. The lists are locked."""
    if not connection.execute(_ARE_TAGS, {"lists": list(keys)}).scalar_one():
        raise NamesChanged


def count(connection: Connection, *, new_images: int = 0, new_tags: int = 0) -> None:
    """Change the total numbers of images and tags. The lists are locked."""
    if new_images or new_tags:
        connection.execute(_COUNT, {"new_images": new_images, "new_tags": new_tags})


def rebuild(connection: Connection, list_: int) -> None:
    """Rebuild the bitmaps of a list. The lists are locked."""
    connection.execute(delete(bitmaps).where(bitmaps.c.list == list_))
    fresh = fresh_bits(list_).subquery()
    rows = select(literal(list_), fresh.c.chunk, fresh.c.bits)
    connection.execute(insert(bitmaps).from_select(["list", "chunk", "bits"], rows))


def fresh_bits(list_: int, first: int = 0, end: int = MAX_POSITIONS // CHUNK) -> Select[Any]:
    """Return the query that computes the chunks and bits of a list from its source, from chunk `first` up to `end`."""
    if list_ > 0:
        position, on_list = image_tags.c.position, image_tags.c.tag_key == list_
    else:
        position, on_list = images.c.position, _CONDITIONS[list_]
    chunk = chunk_of(position)
    return (
        select(chunk.label("chunk"), bits_of(position).label("bits"))
        .where(on_list, position.between(first * CHUNK, end * CHUNK - 1))
        .group_by(chunk)
    )


_CONDITIONS = {
    EVERYTHING: true(),
    UNTAGGED: func.cardinality(images.c.tags) == 0,
    ANIMATED: images.c.frames > 1,
    **{list_: images.c.mime_type == mime_type for mime_type, list_ in TYPES.items()},
}


def _values(entries: Iterable[Entry]) -> dict[str, list[int]]:
    ordered = sorted(entries)
    return {"lists": [entry[0] for entry in ordered], "positions": [entry[1] for entry in ordered]} if ordered else {}
