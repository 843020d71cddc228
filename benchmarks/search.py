"""Search and the list of tags, in SQL and through HTTP."""

import dataclasses
import random
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

from sqlalchemy import Connection, text

from benchmarks.client import Client
from benchmarks.fill import ALIAS, APART, TOGETHER, Filled
from benchmarks.measure import Case, Effort, Figure, discard
from reaction_board.database import queries
from reaction_board.database.queries.search import Cursor, Search
from tests.servers import Gunicorn

PAGE = 50  # images
LARGE = 3_000_000  # images; larger boards have their own bounds
DIFFERENT = 10_000  # searches before the memory is measured

NEWEST = text("SELECT * FROM images ORDER BY position DESC LIMIT 50")


@dataclasses.dataclass(frozen=True)
class Asked:
    """A search to measure, and the upper bounds of its median ÷ that of Fp, at one and at ten million images."""

    name: str
    search: Search
    bounds: tuple[float, float]
    offset: int = 0
    cursor: Cursor | None = None


def searches(board: Filled, n: int) -> Iterator[Asked]:
    """Yield the searches. The tags are chosen by their share of the n images."""
    top, popular = board.near(n // 2), board.near(n // 5)
    third, fourth = board.near(n // 8), board.near(n // 10)
    some, few = board.near(n // 200), board.near(48)
    first, combined, random_, deep = (3, 4), (8, 30), (10, 30), (6, 12)
    yield Asked("no tag", Search(), first)
    yield Asked("one tag, the most popular", Search([top]), first)
    yield Asked("one tag, on a 200th", Search([some]), first)
    yield Asked("one tag, on 48 images", Search([few]), first)
    yield Asked("an alias of the most popular", Search([ALIAS + top]), combined)
    yield Asked("two popular, one by an alias", Search([ALIAS + top, popular]), combined)
    several = {
        "two popular": [top, popular],
        "two that mostly come together": [*TOGETHER],
        "two that never do": [*APART],
        "three popular": [top, popular, third],
        "four popular": [top, popular, third, fourth],
        "popular and on a 200th": [top, some],
        "two popular and on a 200th": [top, popular, some],
        "popular and on 48 images": [top, few],
        "four, one of them on 48 images": [top, popular, third, few],
    }
    for name, tags in several.items():
        yield Asked(name, Search(tags), combined)
        yield Asked(f"any: {name}", Search(any=tags), combined)
        yield Asked(f"none: {name}", Search(none=tags), combined)
    yield Asked("none: one tag, the most popular", Search(none=[top]), combined)
    yield Asked("popular, without another", Search([top], none=[popular]), combined)
    yield Asked("two popular, without two others", Search([top, popular], none=[third, fourth]), combined)
    yield Asked("popular, with one of two others", Search([top], any=[popular, third]), combined)
    yield Asked("one tag each: all, any, none", Search([top], any=[popular, few], none=[third]), combined)
    yield Asked("a type, on a fifth", Search(mime_type="image/gif"), combined)
    yield Asked("the most popular tag, of a type", Search([top], mime_type="image/gif"), combined)
    yield Asked("untagged", Search(untagged=True), combined)
    yield Asked("animated, with a popular tag", Search([top], animated=True), combined)
    yield Asked("random", Search(seed=1), random_)
    yield Asked("random, of the most popular tag", Search([top], seed=1), random_)
    yield Asked("random, of a tag on 48 images", Search([few], seed=1), random_)
    yield Asked("random, without a popular tag", Search(none=[top], seed=1), random_)
    yield Asked("one tag, offset 0.3 n", Search([top]), deep, offset=3 * n // 10)
    yield Asked("no tag, offset 0.9 n", Search(), deep, offset=9 * n // 10)
    page = min(9_000 * PAGE, n // 2)
    yield Asked("no tag, by cursor, page 9,000", Search(), deep, cursor=Cursor(n - page, onward=True))
    yield Asked("one tag, by cursor, page 9,000", Search([top]), deep, cursor=Cursor(n - 2 * page or 1, onward=True))
    yield Asked("two tags, by cursor", Search([top, popular]), deep, cursor=Cursor(n // 2, onward=True))


def many_names(board: Filled) -> Iterator[Asked]:
    """Yield searches for 200 names. Their bounds are in seconds."""
    names = list(board.counts)
    popular, bounds = names[:200], (0.5, 3.0)
    rare = [name for name in names if board.counts[name] < queries.lists.POPULAR][:200]
    yield Asked("200 popular names in any", Search(any=popular), bounds)
    yield Asked("200 popular names in none", Search(none=popular), bounds)
    yield Asked("200 popular names in any, 200 others in none", Search(any=popular, none=rare), bounds)
    yield Asked("200 names without bitmaps in any", Search(any=rare), bounds)
    yield Asked("200 names without bitmaps in none", Search(none=rare), bounds)


def sql_cases(connection: Connection, board: Filled, n: int) -> Iterator[Case]:
    """Yield the searches and lists of tags as the application queries them, after their floor."""
    large = n > LARGE
    yield Case("Fp", discard(lambda: connection.execute(NEWEST).all()))
    for asked in searches(board, n):
        yield Case(asked.name, discard(partial(find, connection, asked)), "Fp", asked.bounds[large])
    for asked in many_names(board):
        yield Case(asked.name, discard(partial(find, connection, asked)), None, asked.bounds[large])
    for prefix in ("", "a", "aaa"):
        name = f"tags that begin with {prefix!r}"
        yield Case(name, discard(partial(queries.tags.find_tags, connection, prefix, 100, 0)), "Fp", 4)
    for typed in ("a", "b", "aab", "also b", "nothing-like-that"):
        name = f"completion of {typed!r}"
        yield Case(name, discard(partial(queries.suggestions.complete, connection, typed, 20, 0)), "Fp", 12)
    top, popular, few = board.near(n // 2), board.near(n // 5), board.near(48)
    for tags in ([top], [top, popular], [*TOGETHER], [top, few], [ALIAS + top]):
        name = f"what goes together with {' and '.join(tags)}"
        yield Case(name, discard(partial(queries.suggestions.find_together, connection, tags, 20, 0)), "Fp", 15)


def find(connection: Connection, asked: Asked) -> queries.search.Page:
    """Return the page of a search."""
    return queries.search.find_images(connection, asked.search, PAGE, asked.offset, asked.cursor)


def http_cases(api: str, constant: str, board: Filled, n: int) -> Iterator[Case]:
    """Yield the same searches over HTTP, after a bare WSGI constant on the same gunicorn."""
    floor, client = Client(constant), Client(api)
    yield Case("constant", discard(partial(floor.request, "GET", constant)))
    for asked in searches(board, n):
        if asked.cursor is None:
            must = (4.5, 5.0)[n > LARGE] if asked.name == "no tag" else None
            url = f"{api}/images?{_query(asked.search, PAGE, asked.offset)}"
            yield Case(asked.name, discard(partial(client.request, "GET", url)), "constant", must)
    yield Case("list of tags", discard(partial(client.request, "GET", f"{api}/tags")), "constant")


def _query(search: Search, limit: int, offset: int = 0) -> str:
    asked = dataclasses.asdict(search) | {"order": "newest" if search.seed is None else "random"}
    given = {key: ",".join(value) if isinstance(value, list) else value for key, value in asked.items() if value}
    given = {key: str(value).lower() if isinstance(value, bool) else value for key, value in given.items()}
    return urlencode({**given, "limit": limit, "offset": offset})


def memory_figure(server: Gunicorn, board: Filled, effort: Effort) -> Figure:
    """Measure how many different searches make the workers' memory grow."""
    chance, names, client = random.Random(1), list(board.counts)[:2000], Client(server.url)  # noqa: S311 - no secret

    def ask(times: int) -> None:
        for _ in range(times):
            tags, any_, none = (chance.sample(names, chance.randint(0, 4)) for _ in range(3))
            seed = chance.choice([None, 1])
            search = Search(tags, any=any_, none=none, animated=chance.choice([None, True, False]), seed=seed)
            client.request("GET", f"{server.url}/images?{_query(search, 5)}")

    ask(effort.of(200))  # so that both workers have loaded everything
    before = server.memory()
    ask(effort.of(DIFFERENT))
    grown = (server.memory() - before) / 1e6
    return Figure(
        "memory",
        f"after {DIFFERENT:,} different searches, above the start",
        grown,
        "MB",
        bound="≤ 50",
        holds=grown <= 50,
    )
