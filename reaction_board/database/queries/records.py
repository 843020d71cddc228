"""The records of the whole board: for comparing them with the bucket, and with the data that are derived from them.

Each comparison is one statement, so both of its sides are of the same moment. No statement reads more than a portion.
"""

from collections.abc import Iterator

from sqlalchemy import (
    Connection,
    Integer,
    RowMapping,
    all_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import BIT

from reaction_board.database.queries import lists
from reaction_board.database.tables import CHUNK, Name, bitmaps, image_tags, images, tags, totals

# Portions
RECORDS = 1000  # in memory
TAGS = 100  # counted by one statement
ENTRIES = 20_000  # compared by one statement
CHUNKS = 128  # of a list, compared by one statement

_RECORDS = (
    select(*(images.c[name] for name in ("id", "hash", "size_bytes", "thumbnail_bytes")))
    .where(images.c.hash > bindparam("after"))
    .order_by(images.c.hash)
    .limit(RECORDS)
)
_ENTRIES_OF_TAG = select(func.count()).where(image_tags.c.tag_key == tags.c.key).scalar_subquery()
_TAG_COUNTS = (
    select(tags.c.key, tags.c.name, tags.c.image_count.label("kept"), _ENTRIES_OF_TAG.label("counted"))
    .where(tags.c.key > bindparam("after"))
    .order_by(tags.c.key)
    .limit(TAGS)
)
_IMAGES = select(func.count()).select_from(images).scalar_subquery()
_TAGS = select(func.count()).select_from(tags).where(tags.c.alias_of.is_(None)).scalar_subquery()
_TOTALS = select(
    totals.c.images.label("kept_images"), _IMAGES.label("images"), totals.c.tags.label("kept_tags"), _TAGS.label("tags")
)
_RECOUNT_TAG = update(tags).where(tags.c.name == bindparam("tag")).values(image_count=_ENTRIES_OF_TAG)
_RECOUNT_TOTALS = update(totals).values(images=_IMAGES, tags=_TAGS)


def all_records(connection: Connection) -> Iterator[RowMapping]:
    """Yield id, hash, size_bytes and thumbnail_bytes of all images by hash, which is the order of the bucket's keys."""
    after = ""
    while rows := connection.execute(_RECORDS, {"after": after}).mappings().all():
        yield from rows
        after = rows[-1]["hash"]


def wrong_tag_counts(connection: Connection) -> Iterator[tuple[str, int, int]]:
    """Yield the name, the stored count and the fresh count of every tag whose counts differ."""
    after = 0
    while rows := connection.execute(_TAG_COUNTS, {"after": after}).all():
        yield from ((row.name, row.kept, row.counted) for row in rows if row.kept != row.counted)
        after = rows[-1].key


def board_id(connection: Connection) -> str:
    """Return the id of this board, which its bucket also contains."""
    return str(connection.execute(select(totals.c.board_id)).scalar_one())


def wrong_totals(connection: Connection) -> dict[str, tuple[int, int]]:
    """Return the stored and the fresh count of every total that differs, by name."""
    row = connection.execute(_TOTALS).one()
    found = {"images": (row.kept_images, row.images), "tags": (row.kept_tags, row.tags)}
    return {name: (kept, counted) for name, (kept, counted) in found.items() if kept != counted}


def recount_tag(connection: Connection, name: str) -> None:
    """Set the count of a tag to a fresh count."""
    lists.lock(connection)
    connection.execute(_RECOUNT_TAG, {"tag": name})


def recount_totals(connection: Connection) -> None:
    """Set the totals to fresh counts."""
    lists.lock(connection)
    connection.execute(_RECOUNT_TOTALS)


# The names in the rows of images, and the entries in the lists of tags

_NAMES = func.unnest(images.c.tags).table_valued(column("name", Name)).render_derived("named")
_UNLISTED = (
    select(images.c.id, _NAMES.c.name)
    .select_from(images.join(_NAMES, true()).outerjoin(tags, tags.c.name == _NAMES.c.name))
    .outerjoin(image_tags, (image_tags.c.tag_key == tags.c.key) & (image_tags.c.position == images.c.position))
    .where(images.c.position.between(bindparam("first"), bindparam("last")))
    .where(image_tags.c.tag_key.is_(None))
)
_ENTRY = tuple_(image_tags.c.tag_key, image_tags.c.position)
_AFTER = tuple_(bindparam("after_key", type_=Integer), bindparam("after_position", type_=Integer)) < _ENTRY
_PORTION = (
    select(image_tags).where(_AFTER).order_by(image_tags.c.tag_key, image_tags.c.position).limit(ENTRIES).subquery()
)
_PORTION_END = select(_PORTION).order_by(_PORTION.c.tag_key.desc(), _PORTION.c.position.desc()).limit(1)
_UNNAMED = (
    select(images.c.id, image_tags.c.position, tags.c.name)
    .select_from(image_tags.join(tags, tags.c.key == image_tags.c.tag_key))
    .outerjoin(images, images.c.position == image_tags.c.position)
    .where(_AFTER, tuple_(bindparam("key", type_=Integer), bindparam("position", type_=Integer)) >= _ENTRY)
    .where(or_(images.c.id.is_(None), tags.c.name != all_(images.c.tags)))
)


def wrong_tag_names(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield an image and a description for each difference between the names in its row and the lists of tags."""
    for first in range(0, _next_position(connection), CHUNK):
        for image_id, name in connection.execute(_UNLISTED, {"first": first, "last": first + CHUNK - 1}):
            yield str(image_id), f"{name} does not list it"
    after_key, after_position = 0, -1
    while end := connection.execute(
        _PORTION_END, {"after_key": after_key, "after_position": after_position}
    ).one_or_none():
        key, position = end
        values = {"after_key": after_key, "after_position": after_position, "key": key, "position": position}
        for image_id, at, name in connection.execute(_UNNAMED, values):
            yield str(image_id or f"position {at}"), f"{name} lists it, but its record does not name the tag"
        after_key, after_position = key, position


def _next_position(connection: Connection) -> int:
    return connection.execute(select(totals.c.next_position)).scalar_one()


# The bitmaps, and their sources

_LISTS = select(tags.c.key, tags.c.name).where(tags.c.has_bitmaps).order_by(tags.c.key)
_NONE = cast(literal_column("0"), BIT(CHUNK))


def wrong_bitmaps(connection: Connection) -> Iterator[tuple[int, str, int]]:
    """Yield the number, the name and the count of wrong chunks of every list with wrong bitmaps."""
    chunks = -(-_next_position(connection) // CHUNK)
    for list_, name in [*lists.NAMES.items(), *connection.execute(_LISTS)]:
        wrong = sum(_wrong_chunks(connection, list_, first) for first in range(0, chunks, CHUNKS))
        if wrong:
            yield list_, name, wrong


def _wrong_chunks(connection: Connection, list_: int, first: int) -> int:
    fresh = lists.fresh_bits(list_, first, first + CHUNKS).subquery("fresh")
    of_list = (bitmaps.c.list == list_) & bitmaps.c.chunk.between(first, first + CHUNKS - 1)
    stored = select(bitmaps.c.chunk, bitmaps.c.bits).where(of_list).subquery("stored")
    both = fresh.join(stored, fresh.c.chunk == stored.c.chunk, full=True)
    differ = func.coalesce(fresh.c.bits, _NONE) != func.coalesce(stored.c.bits, _NONE)
    return connection.execute(select(func.count()).select_from(both).where(differ)).scalar_one()


def rebuild_bitmaps(connection: Connection, list_: int) -> None:
    """Rebuild the bitmaps of a list."""
    lists.lock(connection)
    lists.rebuild(connection, list_)
