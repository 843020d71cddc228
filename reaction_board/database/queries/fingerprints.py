"""Fingerprints: which images look alike.

A fingerprint has 64 bits (see `reaction_board_decoder/fingerprint.py`), and two pictures look alike if at most
MAX_DISTANCE of them differ. To find those without reading every row, the bits are divided into five bands. Of nine bits
that differ, one band has at most one (there would be ten if each had two); of four, one band has none. So whatever is
within the distance shares a band with the fingerprint, or a band but for one bit: that is 5 or 69 keys of the index,
which leads to about a hundredth of the rows, and their distances are computed.
"""

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    RowMapping,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, insert

from reaction_board.database.queries.lists import Image
from reaction_board.database.tables import fingerprints, images
from reaction_board.media.fingerprint import Fingerprint

MAX_DISTANCE = 9  # bits
BITS = 64
BANDS = ((52, 12), (39, 13), (26, 13), (13, 13), (0, 13))  # the lowest bit and the number of bits, as in the index
PORTION = 1000  # images without a fingerprint in memory at once
BAND = 8192  # keys of a band are band * BAND + value

_OF_IMAGE = select(fingerprints.c.bits).where(fingerprints.c.position == bindparam("position"))
_KEYS = bindparam("keys", type_=ARRAY(Integer))
_differing = cast(fingerprints.c.bits.bitwise_xor(bindparam("bits", type_=BigInteger)), BIT(BITS))
_near = (
    select(fingerprints.c.position, type_coerce(func.bit_count(_differing), Integer).label("distance"))
    .where(fingerprints.c.bits.is_not(None), func.bands(fingerprints.c.bits, type_=ARRAY(Integer)).overlap(_KEYS))
    .subquery("near")
)
_SIMILAR = (
    select(images, _near.c.distance)
    .join(_near, _near.c.position == images.c.position)
    .where(_near.c.distance <= bindparam("distance"), images.c.position != bindparam("without"))
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

_COUNT_MISSING = select(
    select(func.count()).select_from(images).scalar_subquery()
    - select(func.count()).select_from(fingerprints).scalar_subquery()
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
    values = {
        "bits": fingerprint.bits,
        "keys": list(_keys(fingerprint.bits, distance // len(BANDS))),
        "distance": distance,
        "without": without["position"] if without else -1,
        "limit": limit,
    }
    return list(connection.execute(_SIMILAR, values).mappings())


def _keys(bits: int, flips: int) -> Iterator[int]:
    """Yield the keys of all bands of a fingerprint and, with `flips` of 1, of those with one bit changed."""
    for band, (lowest, width) in enumerate(BANDS):
        value = bits >> lowest & (1 << width) - 1
        yield band * BAND + value
        for bit in range(width * flips):
            yield band * BAND + (value ^ 1 << bit)


def add(connection: Connection, image: Image, fingerprint: Fingerprint) -> None:
    """Give a fingerprint to an image that has none."""
    connection.execute(_ADD, {"position": image["position"], "bits": fingerprint.bits})


def count_missing(connection: Connection) -> int:
    """Return how many images nobody has looked at."""
    return connection.execute(_COUNT_MISSING).scalar_one()


def missing(connection: Connection) -> Iterator[RowMapping]:
    """Yield id and position of all images that nobody has looked at, the oldest first."""
    after = -1
    while rows := connection.execute(_MISSING, {"after": after}).mappings().all():
        yield from rows
        after = rows[-1]["position"]
