"""Changes of a board: re-tagging, deleting and adding records, and how its size grows."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, Engine, select, text

from benchmarks.fill import Filled
from benchmarks.measure import Effort, Figure
from reaction_board.database import queries
from reaction_board.database.engine import make_engine, transactional
from reaction_board.database.tables import images
from reaction_board.media.fingerprint import Fingerprint
from reaction_board.media.identify import Media

CLIENTS = 8
SECONDS_OF_ADDING = 6
MINUTE = 60
BATCH = 100  # images of one transaction

Add = Callable[[Connection, Media, list[str]], object]


def retag(engine: Engine, board: Filled, n: int) -> None:
    """Give a twentieth of the images a popular tag instead of another, as bulk requests do."""
    old, new = board.near(n // 2), board.near(n // 8)
    for ids in _batches(engine, n):
        with engine.begin() as connection:
            queries.images.change_tags_of_many(connection, ids, [new], [old], most=200)


def delete(engine: Engine, n: int) -> None:
    """Delete a twentieth of the images."""
    for ids in _batches(engine, n):
        with engine.begin() as connection:
            for image_id in ids:
                queries.images.delete_image(connection, queries.images.find_image_locked(connection, image_id))


def _batches(engine: Engine, n: int) -> Sequence[Sequence[UUID]]:
    """Return the ids of a twentieth of the images, which are spread over the board."""
    chosen = select(images.c.id).where(images.c.position % 20 == n % 20)
    with engine.connect() as connection:
        ids = list(connection.execute(chosen).scalars())
    return [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]


def adding(database_url: str, board: Filled, effort: Effort) -> list[Figure]:
    """Measure how many records with 8 popular tags 8 clients add per second. The floor has no counts or bitmaps."""
    engine = make_engine(database_url, pool_size=1, timeout=0)
    with engine.connect() as connection:
        connection.execute(text("CREATE SEQUENCE bare_position"))
    rates: dict[Add, float] = {}
    for add in (_add_bare, _add, _add_bare, _add):
        rates[add] = max(rates.get(add, 0.0), _rate(database_url, board, add, SECONDS_OF_ADDING * effort.share))
    with engine.connect() as connection:
        for statement in FORGET_BARE:
            connection.execute(text(statement))
    engine.dispose()
    ratio = rates[_add] / rates[_add_bare]
    floor = "records without counts and bitmaps"
    return [
        Figure("adding", floor, rates[_add_bare], "/s"),
        Figure("adding", "records with 8 popular tags", rates[_add], "/s", None, floor, ratio, "≥ 0.45", ratio >= 0.45),
    ]


def sizes(database_url: str, board: Filled, n: int, effort: Effort) -> list[Figure]:
    """Measure the size of new entries and bitmaps, and of the bitmaps after a minute of adding records."""
    engine = make_engine(database_url, pool_size=1, timeout=0)
    with engine.connect() as connection:
        connection.execute(text("VACUUM FULL bitmaps"))
        entries, fresh = (_bytes(connection, name) for name in ("image_tags", "bitmaps"))
        before = 911 * n / 1e6  # MB: `image_tags` with ids instead of positions, and a second index
        ratio = (entries + fresh) / before
        figures = [
            Figure("size", "image_tags", entries, "MB"),
            Figure("size", "bitmaps", fresh, "MB"),
            Figure("size", "both", entries + fresh, "MB", None, "image_tags by id", ratio, "≤ 0.7", ratio <= 0.7),
        ]
        _rate(database_url, board, _add, MINUTE * effort.share)
        grown = _bytes(connection, "bitmaps")
        connection.execute(text("VACUUM bitmaps"))
        vacuumed = _bytes(connection, "bitmaps")
    engine.dispose()
    ratio = vacuumed / fresh
    return [
        *figures,
        Figure("size", "bitmaps after a minute of adding", grown, "MB"),
        Figure("size", "and one vacuum", vacuumed, "MB", None, "bitmaps", ratio, "≤ 2", ratio <= 2),
    ]


def _bytes(connection: Connection, name: str) -> float:
    """Return the megabytes of a table and its indexes."""
    return float(
        connection.execute(
            text("SELECT pg_total_relation_size(CAST(:name AS regclass)) / 1e6"), {"name": name}
        ).scalar_one()
    )


def _rate(database_url: str, board: Filled, add: Add, seconds: float) -> float:
    """Return how many records all clients together add per second."""
    tags = sorted(list(board.counts)[:8])
    with ProcessPoolExecutor(CLIENTS) as pool:
        act = partial(_add_for_a_while, add=add, tags=tags, seconds=seconds)
        return sum(pool.map(act, [database_url] * CLIENTS)) / seconds


def _add_for_a_while(database_url: str, add: Add, tags: list[str], seconds: float) -> int:
    """Add records for some seconds and return their number. Raises an error on a deadlock."""
    engine = transactional(make_engine(database_url, pool_size=1, timeout=30))
    added, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with engine.begin() as connection:
            add(connection, Media(os.urandom(32).hex(), 100_000, "image/png", 800, 600, 1), tags)
        added += 1
    engine.dispose()
    return added


def _add(connection: Connection, media: Media, tags: list[str]) -> None:
    look = Fingerprint(int.from_bytes(os.urandom(8), signed=True))
    queries.images.add_image(connection, media, "a.png", tags, look)


def _add_bare(connection: Connection, media: Media, tags: list[str]) -> None:
    image = {"hash": bytes.fromhex(media.hash), "tags": tags}
    position = connection.execute(ADD_IMAGE, image).scalar_one()
    connection.execute(ADD_TAGS, {"position": position, "tags": tags})


# The same record and the same entries, at positions from the far end. uuidv7() is PostgreSQL's own since 18.
ADD_IMAGE = text(
    "INSERT INTO images (id, position, hash, filename, mime_type, size_bytes, width, height, frames, tags)"
    " VALUES (uuidv7(), 2147483647 - nextval('bare_position'), :hash, 'a.png', 'image/png', 100000, 800, 600, 1, :tags)"
    " RETURNING position"
)
ADD_TAGS = text("INSERT INTO image_tags (tag_key, position) SELECT key, :position FROM tags WHERE name = ANY(:tags)")
# No count includes these records, so the board would be inconsistent with them.
FORGET_BARE = (
    "DELETE FROM image_tags USING images WHERE image_tags.position = images.position AND images.position > 2000000000",
    "DELETE FROM images WHERE position > 2000000000",
)
