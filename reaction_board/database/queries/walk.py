"""Walks: reading a page of images that are on some lists, and counting all of them.

One statement combines the bits of the lists chunk by chunk, counts them, and returns the chunks in which the page lies.
The bits of a tag that is not popular are made on the way, from its entries.

Everything, or one tag, needs no bits near the place where a walk begins: its total is counted already, and an index has
its positions in order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import BIT

from reaction_board.database.queries.lists import EVERYTHING, MAX_POSITIONS, bits_of, chunk_of, positions
from reaction_board.database.queries.shuffle import Shuffle
from reaction_board.database.tables import CHUNK, Name, bitmaps, image_tags, images, tags, totals

ALL, ANY, NONE = range(3)  # of which an image must be on all, on one, on none


@dataclass(frozen=True)
class List:
    """A list that a search reads, and how."""

    kind: int  # ALL, ANY, NONE
    id: int | None = None  # one of `lists.py`
    name: str | None = None  # or else of a tag, if there is one

    @property
    def has_index(self) -> bool:
        """Whether an index has its positions in order."""
        return self.kind == ALL and (self.id == EVERYTHING or self.name is not None)


@dataclass(frozen=True)
class Walk:
    """Where a walk through the images found begins, and how many it reads."""

    offset: int
    wanted: int
    start: int | None  # it begins behind this position, else at the first image
    back: bool  # against the order


def read(connection: Connection, lists: Sequence[List], walk: Walk, seed: int | None) -> tuple[int, list[int]]:
    """Return how many images are on some lists, and the positions that a walk reads, in the order of a seed if any."""
    if seed is None and len(lists) == 1 and lists[0].has_index and walk.offset < CHUNK:
        return _read_index(connection, lists[0].name, walk)
    total, before, chunks = _combine(connection, lists, walk, whole=seed is not None)
    return total, _take(chunks, total, before, walk, seed)


def read_one(position: int, walk: Walk, seed: int | None) -> list[int]:
    """Return the position of the only image found, or nothing if it is not behind the place where a walk begins."""
    chunk, offset = divmod(position, CHUNK)
    return _take({chunk: (1 << (CHUNK - 1 - offset)).to_bytes(CHUNK // 8)}, 1, 0, walk, seed)


def _take(chunks: Mapping[int, bytes], total: int, before: int, walk: Walk, seed: int | None) -> list[int]:
    """Return the positions that a walk reads from chunks that have all of them; `before` images come before these."""
    if walk.offset >= total:
        return []
    if seed is None:
        found: Iterable[int] = _newest(chunks, walk)
    else:
        density = total / (len(chunks) * CHUNK)
        found = Shuffle(seed).walk(chunks, density, walk.offset + walk.wanted, walk.start, back=walk.back)
    skipped = walk.offset - before
    return list(islice(found, skipped, skipped + walk.wanted))


def _newest(chunks: Mapping[int, bytes], walk: Walk) -> Iterator[int]:
    """Yield the positions in some chunks, which are in the order of the walk, the newest first unless it goes back."""
    for chunk, bits in chunks.items():
        if walk.start is None:
            yield from positions(chunk, bits)
        elif walk.back:
            yield from (position for position in [*positions(chunk, bits)][::-1] if position > walk.start)
        else:
            yield from (position for position in positions(chunk, bits) if position < walk.start)


def _rows(alias: str, column_: ColumnElement[Any]) -> Any:
    """Return rows of a list, as `column_`, and a kind, of which each parameter has all."""
    kind = column(f"{alias}_kind", Integer)
    arrays = (bindparam(one.key, type_=ARRAY(one.type)) for one in (column_, kind))
    return func.unnest(*arrays).table_valued(column_, kind).render_derived(alias)


def _combined(*, has_names: bool, has_any: bool, has_none: bool) -> CTE:
    """Return the query for the chunks of what is on all, any and none of some lists: their bits, and how many images.

    Every search has a list of which an image must be on all. A name without a tag has no chunk.
    """
    own = _rows("own", column("own_list", Integer))
    sources = [
        select(own.c.own_kind.label("kind"), bitmaps.c.chunk, bitmaps.c.bits).join(
            bitmaps, bitmaps.c.list == own.c.own_list
        )
    ]
    if has_names:
        names = _rows("named", column("name", Name))
        found_names = select(names.c.named_kind.label("kind"), tags.c.key, tags.c.has_bitmaps)
        known = found_names.join(tags, tags.c.name == names.c.name).cte("known")
        chunk = chunk_of(image_tags.c.position)
        stored = select(known.c.kind, bitmaps.c.chunk, bitmaps.c.bits)
        made = select(known.c.kind, chunk.label("chunk"), bits_of(image_tags.c.position).label("bits"))
        sources += [
            stored.join(bitmaps, bitmaps.c.list == known.c.key).where(known.c.has_bitmaps),
            made.join(image_tags, image_tags.c.tag_key == known.c.key)
            .where(~known.c.has_bitmaps)
            .group_by(known.c.key, known.c.kind, chunk),
        ]
    parts = union_all(*sources).subquery("parts")
    kind, bits = parts.c.kind, parts.c.bits
    combined: ColumnElement[Any] = func.bit_and(bits).filter(kind == ALL)
    if has_any:
        combined = combined.bitwise_and(func.bit_or(bits).filter(kind == ANY))
    if has_none:
        none = func.coalesce(func.bit_or(bits).filter(kind == NONE), cast(literal_column("0"), BIT(CHUNK)))
        combined = combined.bitwise_and(none.bitwise_not())
    count = cast(func.bit_count(combined), Integer)
    return (
        select(parts.c.chunk, combined.label("bits"), count.label("images"))
        .group_by(parts.c.chunk)
        .having(func.count().filter(kind == ALL) == bindparam("all_lists"))
        .cte("found")
    )


def _statement(found: CTE) -> Select[Any]:
    """Return the statement of a page of what was found: a row for each of its chunks, or one for none, with the total.

    `before` is how many images come before a chunk.
    """
    # The walk goes from low to high keys: the chunks, or for the newest first their negatives.
    key, edge = found.c.chunk * bindparam("sign", type_=Integer), bindparam("edge", type_=Integer)
    behind_edge = case((key > edge, found.c.images), else_=0)
    ranked = (
        select(
            found,
            key.label("key"),
            (func.sum(behind_edge).over(order_by=key) - behind_edge).label("before"),
        )
        .where(found.c.images > 0, key >= edge)
        .subquery("ranked")
    )
    total = select(func.coalesce(func.sum(found.c.images), 0).label("total")).subquery("total")
    offset, end = bindparam("offset", type_=BigInteger), bindparam("end", type_=BigInteger)
    on_page = (ranked.c.before < end) & (ranked.c.before + ranked.c.images > offset)
    bytes_ = func.substring(func.bit_send(ranked.c.bits), 5, type_=LargeBinary)  # behind their number, of 4 bytes
    return (
        select(total.c.total, ranked.c.chunk, ranked.c.before, bytes_.label("bits"))
        .select_from(total.outerjoin(ranked, on_page))
        .order_by(ranked.c.key)
    )


_COMBINE = {
    flags: _statement(_combined(has_names=flags[0], has_any=flags[1], has_none=flags[2]))
    for flags in product((False, True), repeat=3)
}
_MAX_CHUNK = MAX_POSITIONS // CHUNK


def _combine(
    connection: Connection, lists: Sequence[List], walk: Walk, *, whole: bool
) -> tuple[int, int, dict[int, bytes]]:
    """Return how many images are on some lists, how many come before the page's chunks, and these or the `whole`."""
    own, named = [part for part in lists if part.name is None], [part for part in lists if part.name is not None]
    sign, edge, end = -1, -_MAX_CHUNK, min(walk.offset + walk.wanted, MAX_POSITIONS)
    if whole:
        end = MAX_POSITIONS
    elif walk.start is not None:
        sign = 1 if walk.back else -1
        edge = sign * (walk.start // CHUNK)
    values: dict[str, Any] = {
        "own_list": [part.id for part in own],
        "own_kind": [part.kind for part in own],
        "all_lists": sum(part.kind == ALL for part in lists),
        "sign": sign,
        "edge": edge,
        "offset": 0 if whole else walk.offset,
        "end": end,
    }
    if named:
        values |= {"name": [part.name for part in named], "named_kind": [part.kind for part in named]}
    kinds = {part.kind for part in lists}
    rows = connection.execute(_COMBINE[bool(named), ANY in kinds, NONE in kinds], values).all()
    chunks = {row.chunk: row.bits for row in rows if row.chunk is not None}
    return rows[0].total, rows[0].before or 0, chunks


def _index_statement(position: ColumnElement[int], on_list: Any, total: Any, *, back: bool) -> Select[Any]:
    edge = bindparam("edge", type_=BigInteger)
    page = (
        select(position)
        .where(on_list, position > edge if back else position < edge)
        .order_by(position if back else position.desc())
        .limit(bindparam("wanted"))
        .offset(bindparam("page_offset"))
    )
    return select(total.scalar_subquery(), func.array(page.scalar_subquery(), type_=ARRAY(Integer)))


_TAG = tags.c.name == bindparam("name")
_IS_TAG = image_tags.c.tag_key == select(tags.c.key).where(_TAG).scalar_subquery()
_TAG_TOTAL = select(func.coalesce(func.sum(tags.c.image_count), 0)).where(_TAG)
_BY_INDEX = {
    (False, back): _index_statement(images.c.position, true(), select(totals.c.images), back=back)
    for back in (False, True)
} | {(True, back): _index_statement(image_tags.c.position, _IS_TAG, _TAG_TOTAL, back=back) for back in (False, True)}


def _read_index(connection: Connection, name: str | None, walk: Walk) -> tuple[int, list[int]]:
    """Return how many images have a tag, or are there if it is None, and the positions that a walk reads."""
    values = {
        "name": name,
        "edge": MAX_POSITIONS if walk.start is None else walk.start,
        "wanted": walk.wanted,
        "page_offset": walk.offset,
    }
    total, found = connection.execute(_BY_INDEX[name is not None, walk.back], values).one()
    return total, found
