"""Fingerprints: which images look alike.

A fingerprint has 64 bits (see `reaction_board_decoder/fingerprint.py`), and two pictures look alike if at most
MAX_DISTANCE of them differ. To find those without reading every row, the bits are divided into five bands, each with an
index. Of nine bits that differ, one band has at most one (there would be ten if each had two); of four, one band has
none. So whatever is within the distance has a band in common with the fingerprint, or a band but for one bit: those are
5 or 69 values in the indexes, which lead to about a hundredth of the rows, and their distances are computed.
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

from reaction_board.database.queries.lists import Image
from reaction_board.database.tables import BANDS, bands, fingerprints, images
from reaction_board.media.fingerprint import Fingerprint

MAX_DISTANCE = 9  # bits
BITS = 64
PORTION = 1000  # images without a fingerprint in memory at once

_OF_IMAGE = select(fingerprints.c.bits).where(fingerprints.c.position == bindparam("position"))
_differing = cast(fingerprints.c.bits.bitwise_xor(bindparam("bits", type_=BigInteger)), BIT(BITS))
_distance = type_coerce(func.bit_count(_differing), Integer)
# Columns of the indexes alone, or their table would be read, too. What is near in several bands comes once.
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
    .where(fingerprints.c.position.is_(None), images.c.id < bindparam("before"), images.c.position > bindparam("after"))
    .order_by(images.c.position)
    .limit(PORTION)
)

_COUNT_MISSING = (
    select(func.count())
    .select_from(images.outerjoin(fingerprints, fingerprints.c.position == images.c.position))
    .where(fingerprints.c.position.is_(None), images.c.id < bindparam("before"))
)


def find(connection: Connection, image: Image) -> Fingerprint | None:
    """Return the fingerprint of an image, None if nobody has looked at the picture."""
    row = connection.execute(_OF_IMAGE, {"position": image["position"]}).one_or_none()
    return None if row is None else Fingerprint(row.bits)


def find_similar(
    connection: Connection, fingerprint: Fingerprint, distance: int, limit: int, without: Image | None = None
) -> list[RowMapping]:
    """Return at most `limit` images within a distance of at most MAX_DISTANCE, the nearest and then the newest first.

    The rows have the `distance` as well. The image `without` is left out. A picture without structure has none.
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
    """Yield the value of each band of a fingerprint and, with `flips` of 1, those with one bit changed."""
    for lowest, width in BANDS:
        value = bits >> lowest & (1 << width) - 1
        yield [value, *(value ^ 1 << bit for bit in range(width * flips))]


def add(connection: Connection, image: Image, fingerprint: Fingerprint) -> None:
    """Give a fingerprint to an image that has none."""
    connection.execute(_ADD, {"position": image["position"], "bits": fingerprint.bits})


def count_missing(connection: Connection, seconds: float) -> int:
    """Return how many images that are older than that nobody has looked at."""
    return connection.execute(_COUNT_MISSING, {"before": _id_before(seconds)}).scalar_one()


def missing(connection: Connection, seconds: float) -> Iterator[RowMapping]:
    """Yield id and position of all images that are older than that and nobody has looked at, the oldest first."""
    after, before = -1, _id_before(seconds)
    while rows := connection.execute(_MISSING, {"after": after, "before": before}).mappings().all():
        yield from rows
        after = rows[-1]["position"]


def _id_before(seconds: float) -> UUID:
    """Return an id that images have from then on, or larger ones: the time is its first 48 bits, in milliseconds."""
    return UUID(int=int((time.time() - seconds) * 1000) << 80)
