"""Combines lists: finds the images that are on all, any and none of some lists, and counts them.

One statement combines the bits of the lists, counts them, and returns the chunks that contain a page. It computes the
bits of an unpopular tag from the tag's entries. The bits of a tag into which others are being merged are those of all
their lists.

The same statement resolves aliases, and returns the names that records have instead of the names in the search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
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
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import BIT

from reaction_board.database.queries.lists import EVERYTHING, MAX_POSITIONS, bits_of, chunk_of
from reaction_board.database.queries.tags import given, stands_for, tag, united
from reaction_board.database.tables import CHUNK, Name, bitmaps, image_tags

ALL, ANY, NONE = range(3)  # an image must be on all, at least one, or none of the lists of this kind

# The names that records have, by the name in the search, where the two differ.
Carried = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class List:
    """A list in a search: either a list of `lists.py`, or that of a tag."""

    kind: int  # ALL, ANY or NONE
    id: int | None = None  # of a list in `lists.py`
    name: str | None = None  # of a tag, which may not exist

    @property
    def has_index(self) -> bool:
        """Whether an index has its positions in order."""
        return self.kind == ALL and (self.id == EVERYTHING or self.name is not None)


@dataclass(frozen=True)
class Walk:
    """A walk through the images of a search: where it begins, and how many images it reads."""

    offset: int
    wanted: int
    start: int | None  # the walk begins behind this position; None: at the first image
    back: bool  # the walk goes against the order


def _rows(alias: str, column_: ColumnElement[Any]) -> Any:
    """Return SQL for rows of a list, as `column_`, and its kind. Each of the two parameters is an array of a column."""
    kind = column(f"{alias}_kind", Integer)
    arrays = (bindparam(one.key, type_=ARRAY(one.type)) for one in (column_, kind))
    return func.unnest(*arrays).table_valued(column_, kind).render_derived(alias)


_NAMES = _rows("named", column("name", Name))
_KNOWN = (
    select(
        _NAMES.c.named_kind.label("kind"),
        _NAMES.c.name,
        tag.c.key,
        tag.c.has_bitmaps,
        func.array_append(tag.c.merging, tag.c.name).label("carried"),
        tag.c.merging.is_not(None).label("is_merging"),
        (tag.c.merging.is_not(None) | given.c.alias_of.is_not(None)).label("differs"),
    )
    .select_from(_NAMES.join(given, given.c.name == _NAMES.c.name).join(tag, tag.c.key == stands_for))
    .cte("known")
)
# A tag into which others are being merged occurs once, however many of its names are in the search.
_MERGING = (
    select(_KNOWN.c.kind, _KNOWN.c.carried, func.count().label("names"))
    .where(_KNOWN.c.is_merging)
    .group_by(_KNOWN.c.kind, _KNOWN.c.carried)
    .subquery("merging")
)
_UNITED = united(_MERGING.c.carried).lateral("united")
# Every name of the kind ALL needs its own row of bits: see HAVING.
_TIMES = (
    func.generate_series(1, case((_MERGING.c.kind == ALL, _MERGING.c.names), else_=1))
    .table_valued("number")
    .lateral("times")
)


def _own_bits() -> Select[Any]:
    """Return the query for the bits of the lists of `lists.py` in a search: a row for each chunk, with the kind."""
    own = _rows("own", column("own_list", Integer))
    bits = select(own.c.own_kind.label("kind"), bitmaps.c.chunk, bitmaps.c.bits)
    return bits.join(bitmaps, bitmaps.c.list == own.c.own_list)


def _tag_bits() -> list[Select[Any]]:
    """Return the queries for the bits of the tags in a search, like `_own_bits`.

    The first one reads stored bits, the second one computes those of unpopular tags, and the third one unites those of
    the tags into which others are being merged.
    """
    known, chunk = _KNOWN, chunk_of(image_tags.c.position)
    stored = select(known.c.kind, bitmaps.c.chunk, bitmaps.c.bits)
    computed = select(known.c.kind, chunk.label("chunk"), bits_of(image_tags.c.position).label("bits"))
    united = select(_MERGING.c.kind, _UNITED.c.chunk, _UNITED.c.bits)
    return [
        stored.join(bitmaps, bitmaps.c.list == known.c.key).where(known.c.has_bitmaps, ~known.c.is_merging),
        computed.join(image_tags, image_tags.c.tag_key == known.c.key)
        .where(~known.c.has_bitmaps, ~known.c.is_merging)
        .group_by(known.c.name, known.c.kind, chunk),
        united.select_from(_MERGING.join(_UNITED, true()).join(_TIMES, true())),
    ]


def _combined(*, has_own: bool, has_names: bool, has_any: bool, has_none: bool) -> CTE:
    """Return the query for the images of a search: the bits of each chunk, and its number of images.

    A chunk is left out unless every list of the kind ALL has bits in it; every search has such a list. A name without a
    tag has no bits. The query leaves out the parts that a search does not need, because planning them would take a
    twentieth of the time.
    """
    sources = [*([_own_bits()] if has_own else []), *(_tag_bits() if has_names else [])]
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


# `Carried` for the names in the parameter `name`, or NULL if no name differs.
CARRIED = (
    select(func.jsonb_object_agg(_KNOWN.c.name, func.to_jsonb(_KNOWN.c.carried)))
    .where(_KNOWN.c.differs)
    .scalar_subquery()
)


def _statement(found: CTE, *, has_names: bool) -> Select[Any]:
    """Return the statement for a page: a row for each of its chunks, or one row if there is none, with the total.

    `before` is the number of images before a chunk.
    """
    # The walk goes from low to high keys. A key is a chunk or, for the newest first, its negative.
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
    carried = CARRIED if has_names else null()
    bytes_ = func.substring(
        func.bit_send(ranked.c.bits), 5, type_=LargeBinary
    )  # the first 4 bytes are the number of bits
    return (
        select(total.c.total, ranked.c.chunk, ranked.c.before, bytes_.label("bits"), carried.label("carried"))
        .select_from(total.outerjoin(ranked, on_page))
        .order_by(ranked.c.key)
    )


_COMBINE = {
    (own, names, any_, none): _statement(
        _combined(has_own=own, has_names=names, has_any=any_, has_none=none), has_names=names
    )
    for own, names, any_, none in product((False, True), repeat=4)
    if own or names
}
_MAX_CHUNK = MAX_POSITIONS // CHUNK


def _bounds(walk: Walk, *, whole: bool) -> dict[str, Any]:
    """Return the parameters of a statement that say which chunks it returns: all, or those that contain the page."""
    newest_first = {"sign": -1, "edge": -_MAX_CHUNK}
    if whole:
        return {**newest_first, "offset": 0, "end": MAX_POSITIONS}
    page = {"offset": walk.offset, "end": min(walk.offset + walk.wanted, MAX_POSITIONS)}
    if walk.start is None:
        return {**newest_first, **page}
    sign = 1 if walk.back else -1
    return {"sign": sign, "edge": sign * (walk.start // CHUNK), **page}


def combine(
    connection: Connection, lists: Sequence[List], walk: Walk, *, whole: bool
) -> tuple[int, int, dict[int, bytes], Carried]:
    """Find the images that are on all, any and none of some lists, as the kind of each list says.

    Return four values: the number of all these images; the number of those that the walk passes in earlier chunks; the
    bits of the chunks that contain the page, by chunk, in the order of the walk; and the names that records have. With
    `whole`, the chunks are all that contain such an image, because a random order needs all images.
    """
    own, named = [part for part in lists if part.name is None], [part for part in lists if part.name is not None]
    values = {"all_lists": sum(part.kind == ALL for part in lists), **_bounds(walk, whole=whole)}
    if own:
        values |= {"own_list": [part.id for part in own], "own_kind": [part.kind for part in own]}
    if named:
        values |= {"name": [part.name for part in named], "named_kind": [part.kind for part in named]}
    kinds = {part.kind for part in lists}
    rows = connection.execute(_COMBINE[bool(own), bool(named), ANY in kinds, NONE in kinds], values).all()
    chunks = {row.chunk: row.bits for row in rows if row.chunk is not None}
    return rows[0].total, rows[0].before or 0, chunks, rows[0].carried or {}
