"""A generated board of N images. It has everything that a large board has in the database, but no objects.

It has about 20,000 tags, distributed by Zipf's law: the most popular one is on about half of the images. An image has 3
to 15 tags, and one of 50 has none. Two tags mostly occur together, and two never do. A quarter of the tags have an
alias. The same N gives the same board.

Python generates the first 100,000 images. PostgreSQL repeats them, in another order and with other rare tags each
time.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import Connection, text

from reaction_board.database.queries import lists

TAGS = 20_000
TOGETHER = ("together-a", "together-b")  # 9 of 10 images that have one have both
APART = ("apart-a", "apart-b")  # no image has both
SPECIAL_SHARE = 0.22  # share of the images with each of these four
ALIAS = "also-"  # prefix of aliases; the most popular tag has one
BASE = 100_000
UNTAGGED = 50  # one image of 50 has no tags

Progress = Callable[[str], None]

# Image `number` repeats image `original` of the base in repetition `round`. Outside the 128 most popular ones, each
# round replaces tags with one of eight neighbours.
ENTRIES = """
    FROM (
        SELECT number, round, (number::bigint * 7919 + round * 104729) % :base AS original
        FROM generate_series(CAST(:first AS integer), :last) AS number, LATERAL (SELECT number / :base) AS n (round)
    ) AS image
    JOIN base USING (original)
"""
TAG = "CASE WHEN tag BETWEEN 128 AND 19999 THEN tag # (round % 8) ELSE tag END + 1"
IMAGES = f"""
    INSERT INTO images (id, position, hash, filename, mime_type, size_bytes, width, height, frames, tags)
    SELECT
        (lpad(to_hex(CAST(:now AS bigint) - :n + number), 12, '0') || '7' || substr(md5(number::text), 1, 3)
            || '8' || substr(md5(number::text), 4, 15))::uuid,
        number, sha256(int4send(number)), number::text, (ARRAY['image/jpeg', 'image/jpeg', 'image/jpeg', 'image/jpeg',
            'image/jpeg', 'image/png', 'image/png', 'image/gif', 'image/gif', 'image/webp'])[number % 10 + 1],
        100000, 800, 600, CASE WHEN number % 10 IN (7, 8) THEN 12 ELSE 1 END,
        ARRAY(SELECT name FROM unnest(base.tags) AS tag JOIN tags ON key = {TAG} ORDER BY name)
    {ENTRIES} ORDER BY 2
"""  # noqa: S608 - literals of this module
ALIASES = "INSERT INTO tags (id, name, alias_of) SELECT NULL, :alias || name, key FROM tags WHERE key % 4 = 1"
IMAGE_TAGS = f"INSERT INTO image_tags SELECT {TAG}, number {ENTRIES}, unnest(base.tags) AS tag ORDER BY 1, 2"
PORTION = 1_000_000  # images per statement


@dataclass(frozen=True)
class Filled:
    """The number of images of each tag, by its name, the most popular first."""

    counts: dict[str, int]

    def near(self, wanted: int) -> str:
        """Return the ordinary tag whose number of images is nearest to `wanted`."""
        ordinary = {name: count for name, count in self.counts.items() if name not in (*TOGETHER, *APART)}
        return min(ordinary, key=lambda name: abs(ordinary[name] - wanted))


def fill(connection: Connection, n: int, progress: Progress) -> Filled:
    """Fill an empty board with n images in the connection's transaction. Call `progress` before each step."""
    base = min(n, BASE)
    progress("making up images")
    run = connection.exec_driver_sql
    for setting in ("session_replication_role = replica", "work_mem = '256MB'", "maintenance_work_mem = '512MB'"):
        run(f"SET LOCAL {setting}")
    run("TRUNCATE images, fingerprints, tags, image_tags, bitmaps RESTART IDENTITY")
    run("CREATE TEMPORARY TABLE base (original bigint PRIMARY KEY, tags integer[]) ON COMMIT DROP")
    _copy_base(connection, base)
    statement = "INSERT INTO tags (name) SELECT name FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS t (name, n)"
    names = [_letters(rank) for rank in range(TAGS)] + [*TOGETHER, *APART]
    connection.execute(text(f"{statement} ORDER BY n"), {"names": names})
    connection.execute(text(ALIASES), {"alias": ALIAS})
    run("ANALYZE base, tags")
    run("ALTER TABLE image_tags DROP CONSTRAINT pk_image_tags")
    now = connection.execute(text("SELECT CAST(extract(epoch FROM now()) * 1000 AS bigint)")).scalar_one()
    for first in range(0, n, PORTION):
        values = {"base": base, "first": first, "last": min(first + PORTION, n) - 1}
        progress(f"images from {first:,} on")
        connection.execute(text(IMAGES), {**values, "now": now, "n": n})
        progress(f"entries of tags, from image {first:,} on")
        connection.execute(text(IMAGE_TAGS), values)
    progress("index of entries")
    run("ALTER TABLE image_tags ADD CONSTRAINT pk_image_tags PRIMARY KEY (tag_key, position)")
    run(
        "UPDATE tags SET image_count = counted"
        " FROM (SELECT tag_key, count(*) AS counted FROM image_tags GROUP BY tag_key) AS entries WHERE key = tag_key"
    )
    connection.execute(
        text("UPDATE totals SET images = :n, tags = :tags, next_position = :n, newest = :now"),
        {"n": n, "tags": len(names), "now": now},
    )
    popular = connection.execute(
        text("UPDATE tags SET has_bitmaps = true WHERE image_count >= greatest(:popular, :n / :share) RETURNING key"),
        {"popular": lists.POPULAR, "n": n, "share": lists.POPULAR_SHARE},
    )
    for list_ in [*lists.NAMES, *popular.scalars()]:
        progress(f"bitmaps of list {list_}")
        lists.rebuild(connection, list_)
    rows = connection.execute(
        text("SELECT name, image_count FROM tags WHERE alias_of IS NULL ORDER BY image_count DESC, name")
    )
    return Filled(dict(rows.all()))


def _copy_base(connection: Connection, base: int) -> None:
    chance = random.Random(base)  # noqa: S311 - not a secret
    weights = list(accumulate(1 / rank for rank in range(1, TAGS + 1)))
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - it is open
    with driver.cursor().copy("COPY base FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int8", "int4[]"])
        for number in range(base):
            copy.write_row((number, sorted(_choose(chance, weights)) if number % UNTAGGED else []))


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
