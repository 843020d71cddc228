"""Fingerprints: which images look alike.

A fingerprint has 64 bits (see `reaction_board_decoder/fingerprint.py`). Two pictures look alike if at most MAX_DISTANCE
bits differ. To find such pictures without reading every row, the bits are divided into five bands, each with an index.
If nine bits differ, at least one band has at most one of them (if each had two, there would be ten). If four bits
differ, at least one band has none. So every fingerprint within the distance shares a band with the given one, or a band
with one bit changed. These are 5 or 69 values in the indexes, which lead to about a hundredth of the rows. Only the
distances of those rows are computed.
"""

import time
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    RowMapping,
    any_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, insert

from reaction_board.database.tables import BANDS, Image, bands, fingerprints, images
from reaction_board.media.fingerprint import Fingerprint

MAX_DISTANCE = 9  # bits
BITS = 64
PORTION = 1000  # images without a fingerprint that are in memory at once

_OF_IMAGE = select(fingerprints.c.bits).where(fingerprints.c.position == bindparam("position"))
_differing = cast(fingerprints.c.bits.bitwise_xor(bindparam("bits", type_=BigInteger)), BIT(BITS))
_distance = type_coerce(func.bit_count(_differing), Integer)
# This uses only columns of the indexes, so that the table is not read. UNION removes rows that several bands find.
_near = union(
    *(
        select(fingerprints.c.position, _distance.label("distance")).where(
            band == any_(bindparam(f"band_{number}", type_=ARRAY(Integer))), _distance <= bindparam("distance")
        )
        for number, band in enumerate(bands)
    )
).subquery("near")
_SIMILAR = (
    select(images, _near.c.distance)
    .join(_near, _near.c.position == images.c.position)
    .where(images.c.position != bindparam("without"))
    .order_by(_near.c.distance, images.c.position.desc())
    .limit(bindparam("limit"))
)
_ADD = insert(fingerprints).on_conflict_do_nothing()
_MISSING = (
    select(images.c.id, images.c.position)
    .outerjoin(fingerprints, fingerprints.c.position == images.c.position)
    .where(fingerprints.c.position.is_(None), images.c.position > bindparam("after"))
    .order_by(images.c.position)
    .limit(PORTION)
)

_COUNT_MISSING = (
    select(func.count())
    .select_from(images.outerjoin(fingerprints, fingerprints.c.position == images.c.position))
    .where(fingerprints.c.position.is_(None), images.c.id < bindparam("before"))
)


def find(connection: Connection, image: Image) -> Fingerprint | None:
    """Return the fingerprint of an image, or None if it has not been computed."""
    row = connection.execute(_OF_IMAGE, {"position": image["position"]}).one_or_none()
    return None if row is None else Fingerprint(row.bits)


def find_similar(
    connection: Connection, fingerprint: Fingerprint, distance: int, limit: int, without: Image | None = None
) -> list[RowMapping]:
    """Return at most `limit` images within a distance of at most MAX_DISTANCE, the nearest, then the newest first.

    Each row also has its `distance`. The image `without` is left out. A picture without structure has no similar
    images.
    """
    if fingerprint.bits is None:
        return []
    values: dict[str, int | list[int]] = {
        "bits": fingerprint.bits,
        "distance": distance,
        "without": without["position"] if without else -1,
        "limit": limit,
    }
    for number, near in enumerate(_values(fingerprint.bits, distance // len(BANDS))):
        values[f"band_{number}"] = near
    return list(connection.execute(_SIMILAR, values).mappings())


def _values(bits: int, flips: int) -> Iterator[list[int]]:
    """Yield for each band of a fingerprint its value and, if `flips` is 1, all values with one bit changed."""
    for lowest, width in BANDS:
        value = bits >> lowest & (1 << width) - 1
        yield [value, *(value ^ 1 << bit for bit in range(width * flips))]


def add(connection: Connection, image: Image, fingerprint: Fingerprint) -> None:
    """Add the fingerprint of an image, unless the image has one."""
    connection.execute(_ADD, {"position": image["position"], "bits": fingerprint.bits})


def count_missing(connection: Connection, seconds: float) -> int:
    """Return the number of images without a fingerprint that are older than `seconds`.

    The first 48 bits of an id are its time in milliseconds.
    """
    before = UUID(int=int((time.time() - seconds) * 1000) << 80)
    return connection.execute(_COUNT_MISSING, {"before": before}).scalar_one()


def missing(connection: Connection) -> Iterator[RowMapping]:
    """Yield the id and position of every image without a fingerprint, the oldest first."""
    after = -1
    while rows := connection.execute(_MISSING, {"after": after}).mappings().all():
        yield from rows
        after = rows[-1]["position"]
