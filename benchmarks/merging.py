"""Merging a tag that half of the images have, while others search and upload."""

import os
import threading
import time
from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection, Engine

from benchmarks.fill import Filled
from benchmarks.measure import Case, Effort, Figure, Tick, discard, in_turns
from benchmarks.search import NEWEST, Asked, find
from reaction_board.database import queries
from reaction_board.database.engine import make_engine, transactional
from reaction_board.database.queries.search import Search
from reaction_board.media.identify import Media

NEW = "merged"
SECONDS = 60  # the longest time to measure a merge
STEPS_BEFORE_SEARCHES = 20
RATE = 2000  # images a second
WAIT = 0.5  # seconds


def figures(database_url: str, board: Filled, n: int, effort: Effort, tick: Tick) -> list[Figure]:
    """Measure searches during an unfinished merge, the rate of the merge, and how long uploads wait meanwhile.

    After SECONDS, the merge is left unfinished.
    """
    engine = transactional(make_engine(database_url, pool_size=3, timeout=0))
    tag = board.near(n // 2)
    for _ in range(min(STEPS_BEFORE_SEARCHES, board.counts[tag] // queries.merges.STEP // 2)):
        _step(engine, tag)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        measured = in_turns("SQL during a merge", _searches(connection, board, n, tag), effort, tick)
    tick("merging")
    stop, waits = threading.Event(), [0.0]
    upload = threading.Thread(target=partial(_add_until, engine, tag, stop, waits))
    upload.start()
    moved, started = 0, time.monotonic()
    while (more := _step(engine, tag)) and time.monotonic() - started < SECONDS * effort.share:
        moved += more
    rate = (moved + more) / (time.monotonic() - started)
    stop.set()
    upload.join()
    engine.dispose()
    what, longest = f"a tag on {board.counts[tag]:,} images", max(waits)
    return [
        *measured,
        Figure("merging", what, rate, "images/s", bound=f"≥ {RATE}", holds=rate >= RATE),
        Figure("merging", "the slowest upload meanwhile", longest, "s", bound=f"≤ {WAIT}", holds=longest <= WAIT),
    ]


def _step(engine: Engine, tag: str) -> int:
    with engine.begin() as connection:
        moved = queries.merges.merge(connection, tag, NEW)
    with engine.begin() as connection:
        queries.merges.remaining(connection, NEW)
    return moved


def _searches(connection: Connection, board: Filled, n: int, tag: str) -> Iterator[Case]:
    popular = board.near(n // 5)
    yield Case("Fp", discard(lambda: connection.execute(NEWEST).all()))
    for name, search in {
        "one tag": Search([tag]),
        "two tags": Search([tag, popular]),
        "none: one tag": Search(none=[tag]),
        "another tag": Search([popular]),
    }.items():
        yield Case(name, discard(partial(find, connection, Asked(name, search, (0, 0)))), "Fp")
    yield Case("tags by count", discard(partial(queries.tags.find_tags, connection, "", 100, 0, "count")), "Fp")


def _add_until(engine: Engine, tag: str, stop: threading.Event, waits: list[float]) -> None:
    """Add records with a tag that is being merged. Append the seconds that each takes to `waits`."""
    while not stop.wait(0.01):
        started = time.monotonic()
        with engine.begin() as connection:
            media = Media(os.urandom(32).hex(), 100_000, "image/png", 800, 600, 1)
            queries.images.add_image(connection, media, "a.png", [tag])
        waits.append(time.monotonic() - started)
