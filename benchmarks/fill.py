"""A board of N generated images: what a large board looks like to the database, without the objects.

About 20,000 tags, used by Zipf's law (the most popular one on about half of the images), 3 to 15 on an image. Two tags
mostly come together, two never do. The same N gives the same board.
"""

import hashlib
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID

from psycopg import Connection, sql
from sqlalchemy import Table
from uuid_utils.compat import uuid7

from reaction_board.database.tables import image_tags, images, tags

TAGS = 20_000
TOGETHER = ("together-a", "together-b")  # 9 of 10 images that have one have both
APART = ("apart-a", "apart-b")  # no image has both
TYPES = [*["image/jpeg"] * 5, *["image/png"] * 2, *["image/gif"] * 2, "image/webp"]
SPECIAL_SHARE = 0.22  # of the images have each of the four

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Filled:
    """The names of all tags by how many images have them, the most popular first, and these numbers."""

    counts: dict[str, int]

    def near(self, wanted: int) -> str:
        """Return the ordinary tag whose number of images is nearest to one."""
        ordinary = {name: count for name, count in self.counts.items() if name not in (*TOGETHER, *APART)}
        return min(ordinary, key=lambda name: abs(ordinary[name] - wanted))


def fill(connection: Connection, n: int, progress: Progress) -> Filled:
    """Fill an empty board with n images by COPY; `progress` is told how many rows were written since the last time."""
    chance = random.Random(n)  # noqa: S311 - not a secret
    weights = list(accumulate(1 / rank for rank in range(1, TAGS + 1)))
    names = [_letters(rank) for rank in range(TAGS)] + [*TOGETHER, *APART]
    ids = _ids(n)
    lists = [array("I") for _ in names]  # of each tag, the numbers of its images
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys to check: it is all ours
        connection.execute("TRUNCATE images, tags, image_tags RESTART IDENTITY")

        def image_rows() -> Iterator[tuple[object, ...]]:
            for number, image_id in enumerate(ids):
                chosen = _choose(chance, weights)
                for tag in chosen:
                    lists[tag].append(number)
                tag_names = sorted(names[tag] for tag in chosen)
                digest = hashlib.sha256(number.to_bytes(4)).digest()
                yield image_id, digest, f"{number}", TYPES[number % len(TYPES)], 100_000, 800, 600, tag_names
                progress(1)

        # What may be missing is: nobody has asked for a thumbnail yet.
        _copy(connection, images, [column.name for column in images.c if not column.nullable], image_rows())
        _copy(
            connection,
            tags,
            ["name", "image_count"],
            ((name, len(numbers)) for name, numbers in zip(names, lists, strict=True)),
        )
        keys: dict[str, int] = dict(connection.execute("SELECT name, key FROM tags").fetchall())

        def pair_rows() -> Iterator[tuple[object, ...]]:
            for name, numbers in zip(names, lists, strict=True):
                for number in numbers:
                    yield keys[name], ids[number]
                progress(len(numbers))

        _copy(connection, image_tags, ["tag_key", "image_id"], pair_rows())
        connection.execute("UPDATE totals SET images = %s, tags = %s", [n, len(names)])
    connection.commit()
    connection.autocommit = True
    for table in (images, tags, image_tags):
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table.name)))
    counts = {name: len(numbers) for name, numbers in zip(names, lists, strict=True)}
    return Filled(dict(sorted(counts.items(), key=lambda item: -item[1])))


def _ids(n: int) -> list[UUID]:
    """Return n ids a millisecond apart, that ends now."""
    now = uuid7().int >> 80
    random_bits = uuid7().int & ((1 << 80) - 1)
    return [UUID(int=((now - n + number) << 80) | random_bits) for number in range(n)]


def _choose(chance: random.Random, weights: list[float]) -> set[int]:
    """Return the numbers of the tags of one image."""
    ordinary = range(TAGS)
    wanted = chance.randint(3, 13)
    chosen: set[int] = set()
    while len(chosen) < wanted:
        chosen.update(chance.choices(ordinary, cum_weights=weights, k=wanted - len(chosen)))
    together_a, together_b, apart_a, apart_b = range(TAGS, TAGS + 4)
    if chance.random() < SPECIAL_SHARE:
        chosen |= {together_a, together_b} if chance.random() < 0.9 else {chance.choice((together_a, together_b))}
    lot = chance.random()
    if lot < 2 * SPECIAL_SHARE:
        chosen.add(apart_a if lot < SPECIAL_SHARE else apart_b)
    return chosen


def _letters(number: int) -> str:
    """Return a number as four letters, so that prefixes of names divide the tags."""
    letters = ""
    for _ in range(4):
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return letters


def _copy(connection: Connection, table: Table, columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    types = {"id": "uuid", "hash": "bytea", "size_bytes": "int8", "width": "int4", "height": "int4", "tags": "text[]"}
    types |= {"image_count": "int4", "tag_key": "int4", "image_id": "uuid"}
    with connection.cursor().copy(statement) as copy:
        copy.set_types([types.get(column, "text") for column in columns])
        for row in rows:
            copy.write_row(row)
