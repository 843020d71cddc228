"""Search and the list of tags, in SQL and through HTTP, and entering the record of an image."""

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from urllib.parse import urlencode

from sqlalchemy import Connection, Uuid, text

from benchmarks.client import Client
from benchmarks.fill import APART, TOGETHER, Filled
from benchmarks.measure import Case, Effort, Figure, discard
from reaction_board.database import queries
from reaction_board.database.engine import make_engine, transactional
from reaction_board.database.queries.search import Cursor, Search
from reaction_board.media.identify import Media

PAGE = 50  # images
CLIENTS = 8
SECONDS_OF_ENTERING = 6

NEWEST = text("SELECT * FROM images ORDER BY id DESC LIMIT 50")
COUNT_TAG = text("SELECT count(*) FROM image_tags WHERE tag_key = (SELECT key FROM tags WHERE name = :name)")
POSITION = text("SELECT id FROM images ORDER BY id DESC LIMIT 1 OFFSET :offset").columns(id=Uuid)
COUNT_ALL = text("SELECT count(*) FROM images")
RETAG = (  # a twentieth of the images lose the tag :old and get the tag :new instead
    "CREATE TEMPORARY TABLE retagged AS SELECT id FROM images TABLESAMPLE SYSTEM (40)"
    " WHERE tags @> ARRAY[:old] AND NOT tags @> ARRAY[:new] LIMIT :few",
    "DELETE FROM image_tags WHERE tag_key = (SELECT key FROM tags WHERE name = :old)"
    " AND image_id IN (SELECT id FROM retagged)",
    "INSERT INTO image_tags SELECT key, retagged.id FROM tags, retagged WHERE name = :new",
    "UPDATE images SET tags = ARRAY(SELECT CASE name WHEN :old THEN :new ELSE name END FROM unnest(tags) AS name"
    " ORDER BY 1) WHERE id IN (SELECT id FROM retagged)",
    "UPDATE tags SET image_count = image_count - (SELECT count(*) FROM retagged) WHERE name = :old",
    "UPDATE tags SET image_count = image_count + (SELECT count(*) FROM retagged) WHERE name = :new",
)


def searches(board: Filled, n: int) -> Iterator[tuple[str, Search, int, str, float | None]]:
    """Yield name, search, offset, floor and bound of each; the shares of n are those of a board of a million."""
    top, popular = board.near(n // 2), board.near(n // 5)
    third, fourth = board.near(n // 8), board.near(n // 10)
    some, few = board.near(n // 200), board.near(48)
    yield "no tag", Search(), 0, "Fp", 4
    yield "one tag, the most popular", Search([top]), 0, "Fp", 4
    yield "one tag, on 48 images", Search([few]), 0, "Fp", 4
    several = {
        "two popular": [top, popular],
        "two that mostly come together": [*TOGETHER],
        "two that never do": [*APART],
        "three popular": [top, popular, third],
        "four popular": [top, popular, third, fourth],
    }
    for name, tags in several.items():
        yield name, Search(tags), 0, f"Fc {min(tags, key=board.counts.__getitem__)}", 9
    mixed = {
        "popular and on a 200th": [top, some],
        "two popular and on a 200th": [top, popular, some],
        "popular and on 48 images": [top, few],
        "four, one of them on 48 images": [top, popular, third, few],
    }
    for name, tags in mixed.items():
        yield name, Search(tags), 0, "Fp", 40
    for which in ("any", "none"):
        for name, tags in {"one tag, the most popular": [top], **several, **mixed}.items():
            yield f"{which}: {name}", Search(any=tags) if which == "any" else Search(none=tags), 0, name, 3
    yield "popular, without another", Search([top], none=[popular]), 0, "two popular", 3
    yield "two popular, without two others", Search([top, popular], none=[third, fourth]), 0, "four popular", 3
    yield "popular, with one of two others", Search([top], any=[popular, third]), 0, "three popular", 3
    yield "a type, on a fifth", Search(mime_type="image/gif"), 0, f"Fc {popular}", None
    yield "the most popular tag, of a type", Search([top], mime_type="image/gif"), 0, "two popular", None
    yield "random", Search(seed=1), 0, "Fp", 10
    yield "random, without a popular tag", Search(none=[top], seed=1), 0, "Fp", None
    yield "random, of the most popular tag", Search([top], seed=1), 0, f"Fc {top}", None
    yield "one tag, offset 0.3 n", Search([top]), 3 * n // 10, f"Fc {top}", 1.5
    yield "no tag, offset 0.9 n", Search(), 9 * n // 10, "Fc all", 1.3


def sql_cases(connection: Connection, board: Filled, n: int) -> Iterator[Case]:
    """Yield the searches and lists of tags as the application asks the database, behind their floors."""
    yield Case("Fp", discard(lambda: connection.execute(NEWEST).all()))
    found = list(searches(board, n))
    for floor in dict.fromkeys(floor for *_, floor, _ in found if floor.startswith("Fc ")):
        name = floor.removeprefix("Fc ")
        statement, values = (COUNT_ALL, {}) if name == "all" else (COUNT_TAG, {"name": name})
        yield Case(floor, discard(partial(_fetch, connection, statement, values)))
    for case, search, offset, floor, must in found:
        yield Case(case, discard(partial(queries.search.find_images, connection, search, PAGE, offset)), floor, must)
    deep = connection.execute(POSITION, {"offset": 9 * n // 20}).scalar_one().bytes
    for name, tags in (
        ("no tag, by cursor, page 9,000", []),
        ("the most popular tag, by cursor", [board.near(n // 2)]),
    ):
        cursor = Cursor(deep, onward=True)
        ask = partial(queries.search.find_images, connection, Search(tags), PAGE, cursor=cursor)
        yield Case(name, discard(ask), "Fp", 4)
    for prefix in ("", "a", "aaa"):
        name = f"tags that begin with {prefix!r}"
        yield Case(name, discard(partial(queries.tags.find_tags, connection, prefix, 100, 0)), "Fp", 4)


def http_cases(api: str, constant: str, board: Filled, n: int) -> Iterator[Case]:
    """Yield the same as a client sees it, behind a bare WSGI constant on the same gunicorn."""
    floor, client = Client(constant), Client(api)
    yield Case("constant", discard(partial(floor.request, "GET", constant)))
    for name, search, offset, _, _ in searches(board, n):
        asked = dataclasses.asdict(search) | {"order": "newest" if search.seed is None else "random"}
        given = {key: ",".join(value) if isinstance(value, list) else value for key, value in asked.items() if value}
        query = urlencode({**given, "limit": PAGE, "offset": offset})
        must = 16 if name == "no tag" else None
        yield Case(name, discard(partial(client.request, "GET", f"{api}/images?{query}")), "constant", must)
    yield Case("list of tags", discard(partial(client.request, "GET", f"{api}/tags")), "constant")


def retag(connection: Connection, board: Filled, n: int) -> None:
    """Give a twentieth of the images a popular tag instead of another, as n / 20 requests would."""
    values = {"old": board.near(n // 2), "new": board.near(n // 8), "few": n // 20}
    for statement in RETAG:
        connection.execute(text(statement), values)
    connection.execute(text("DROP TABLE retagged"))


def entering(database_url: str, board: Filled, effort: Effort) -> list[Figure]:
    """Measure how many records of images with 8 popular tags 8 clients enter, against the same without counts."""
    tags = sorted(list(board.counts)[:8])
    rates: dict[Callable[..., None], float] = {}
    clients, seconds = effort.of(CLIENTS), SECONDS_OF_ENTERING * effort.share
    with ProcessPoolExecutor(clients) as pool:
        for enter in (_enter_uncounted, _enter, _enter_uncounted, _enter):
            done = pool.map(partial(_enter_for_a_while, database_url, enter, tags), [seconds] * clients)
            rates[enter] = max(rates.get(enter, 0.0), sum(done) / seconds)
    ratio = rates[_enter] / rates[_enter_uncounted]
    return [
        Figure("entering", "records without counts", rates[_enter_uncounted], "/s"),
        Figure(
            "entering",
            "records with 8 popular tags",
            rates[_enter],
            "/s",
            None,
            "records without counts",
            ratio,
            "≥ 0.4",
            ratio >= 0.4,
        ),
    ]


def _enter_for_a_while(
    database_url: str, enter: Callable[[Connection, Media, list[str]], None], tags: list[str], seconds: float
) -> int:
    """Enter records for some seconds; return how many. A deadlock is raised."""
    engine = transactional(make_engine(database_url, pool_size=1, timeout=30))
    entered, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with engine.begin() as connection:
            enter(connection, Media(os.urandom(32).hex(), 100_000, "image/png", 800, 600, 1), tags)
        entered += 1
    engine.dispose()
    return entered


def _enter(connection: Connection, media: Media, tags: list[str]) -> None:
    queries.images.add_image(connection, media, "a.png", tags)


def _enter_uncounted(connection: Connection, media: Media, tags: list[str]) -> None:
    image = {"hash": bytes.fromhex(media.hash), "tags": tags}
    image_id = connection.execute(ENTER_IMAGE, image).scalar_one()
    connection.execute(ENTER_TAGS, {"image_id": image_id, "tags": tags})


# The same record and the same lists; uuidv7() is PostgreSQL's own since 18.
ENTER_IMAGE = text(
    "INSERT INTO images (id, hash, filename, mime_type, size_bytes, width, height, tags)"
    " VALUES (uuidv7(), :hash, 'a.png', 'image/png', 100000, 800, 600, :tags) RETURNING id"
)
ENTER_TAGS = text("INSERT INTO image_tags (tag_key, image_id) SELECT key, :image_id FROM tags WHERE name = ANY(:tags)")


def _fetch(connection: Connection, statement: object, values: dict[str, str]) -> object:
    return connection.execute(statement, values).all()  # type: ignore[call-overload]  # text or select
