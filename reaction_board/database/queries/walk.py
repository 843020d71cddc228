"""Walks: reading a page of the images that are on some lists, and counting all of them.

`combine.py` finds the chunks that contain the page. A page of everything, or of one tag, needs no bits if it is near
the start of the walk: the total is already stored, and an index has the positions in order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    func,
    select,
    true,
)

from reaction_board.database.queries.combine import Carried, List, Walk, combine
from reaction_board.database.queries.lists import MAX_POSITIONS, positions
from reaction_board.database.queries.shuffle import Shuffle
from reaction_board.database.queries.tags import given, stands_for, tag
from reaction_board.database.tables import CHUNK, image_tags, images, totals


@dataclass(frozen=True)
class Found:
    """The result of a walk."""

    total: int  # images on the lists
    positions: Sequence[int]  # in the order of the walk
    carried: Carried


def read(connection: Connection, lists: Sequence[List], walk: Walk, seed: int | None) -> Found:
    """Find the images that are on all, any and none of some lists, and read a page of them.

    The order is that of the seed or, without one, the newest first. The result has the number of all these images.
    """
    if seed is None and len(lists) == 1 and lists[0].has_index and walk.offset < CHUNK:
        name = lists[0].name
        if found := _read_everything(connection, walk) if name is None else _read_tag(connection, name, walk):
            return found
    total, before, chunks, carried = combine(connection, lists, walk, whole=seed is not None)
    return Found(total, _take(chunks, total, before, walk, seed), carried)


def read_one(position: int, walk: Walk, seed: int | None) -> list[int]:
    """Return the position of the only image of a search, or nothing if it is not behind the start of the walk."""
    chunk, offset = divmod(position, CHUNK)
    return _take({chunk: (1 << (CHUNK - 1 - offset)).to_bytes(CHUNK // 8)}, 1, 0, walk, seed)


def _take(chunks: Mapping[int, bytes], total: int, before: int, walk: Walk, seed: int | None) -> list[int]:
    """Return the positions on the page of a walk.

    The chunks contain them all. `total` is the number of images of the search, and `before` the number of those in
    earlier chunks, which the walk passes.
    """
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
    """Yield the positions in some chunks, the newest first or, with `walk.back`, the oldest first.

    The chunks are in the order of the walk.
    """
    for chunk, bits in chunks.items():
        if walk.start is None:
            yield from positions(chunk, bits)
        elif walk.back:
            yield from (position for position in [*positions(chunk, bits)][::-1] if position > walk.start)
        else:
            yield from (position for position in positions(chunk, bits) if position < walk.start)


def _page(position: ColumnElement[int], on_list: Any, *, back: bool) -> ColumnElement[Any]:
    """Return SQL for the positions of a page, which an index has in order."""
    edge = bindparam("edge", type_=BigInteger)
    page = (
        select(position)
        .where(on_list, position > edge if back else position < edge)
        .order_by(position if back else position.desc())
        .limit(bindparam("wanted"))
        .offset(bindparam("page_offset"))
    )
    return func.array(page.correlate(tag).scalar_subquery(), type_=ARRAY(Integer))


_EVERYTHING = {back: select(totals.c.images, _page(images.c.position, true(), back=back)) for back in (False, True)}
_TAG = {
    back: select(
        tag.c.image_count,
        _page(image_tags.c.position, image_tags.c.tag_key == tag.c.key, back=back),
        tag.c.name,
        tag.c.merging,
    )
    .select_from(given.join(tag, tag.c.key == stands_for))
    .where(given.c.name == bindparam("name"))
    for back in (False, True)
}


def _index_values(walk: Walk) -> dict[str, Any]:
    return {
        "edge": MAX_POSITIONS if walk.start is None else walk.start,
        "wanted": walk.wanted,
        "page_offset": walk.offset,
    }


def _read_everything(connection: Connection, walk: Walk) -> Found:
    total, positions = connection.execute(_EVERYTHING[walk.back], _index_values(walk)).one()
    return Found(total, positions, {})


def _read_tag(connection: Connection, name: str, walk: Walk) -> Found | None:
    """Return the result for one tag, or None if others are being merged into it, because no index covers them all."""
    row = connection.execute(_TAG[walk.back], {**_index_values(walk), "name": name}).one_or_none()
    if row is None:
        return Found(0, [], {})
    total, positions, tag_name, merging = row
    return None if merging else Found(total, positions, {name: [tag_name]} if tag_name != name else {})
