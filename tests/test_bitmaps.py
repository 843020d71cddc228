"""Searches over several chunks, with holes, with and without bitmaps, against brute force; and how they stay exact."""

import itertools
import random
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from reaction_board.database.queries import lists, shuffle
from reaction_board.database.tables import CHUNK
from tests.board import API, Board, assert_error, ids, links_of
from tests.check import check, kinds
from tests.pictures import MIME_TYPES, animation, picture
from tests.walks import matching

pytestmark = pytest.mark.slow

Image = dict[str, Any]
NAMES = "abcdef"
SEEDS = (0, 7, 2**53 - 1)


@pytest.fixture(params=["bitmaps", "entries", "both"])
def popular(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of images from which a tag has bitmaps: at once, never, or in the middle of the test."""
    monkeypatch.setattr(lists, "POPULAR", {"bitmaps": 1, "entries": 10**9, "both": 8}[request.param])


def skip_positions(engine: Engine, positions: int) -> None:
    """Leave a gap in the positions, as if images had been deleted."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE totals SET next_position = next_position + :n"), {"n": positions})


def added(board: Board, chance: random.Random, tags: list[str]) -> Image:
    """Upload an image of a random type, still or animated."""
    kind = chance.choice([*MIME_TYPES, "gif", "webp"])
    film = kind in ("gif", "webp") and chance.random() < 0.5
    # What follows the end of a picture makes it another file.
    data = animation(kind, 2) + chance.randbytes(8) if film else picture(kind)
    image = board.added(data=data, declared=MIME_TYPES[kind], tags=",".join(tags))
    del image["duplicate"]
    return {**image, "film": film}


@pytest.fixture
def images(board: Board, engine: Engine, popular: None) -> list[Image]:
    """Images over four chunks, newest first, of which some were deleted, re-tagged and uploaded again."""
    chance = random.Random(1)
    found: list[Image] = []
    skip_positions(engine, CHUNK - 6)
    for n in range(36):
        tags = [name for name in NAMES if chance.random() < 0.4] if n % 6 else []
        found.insert(0, added(board, chance, tags))
        if n % 12 == 11:
            skip_positions(engine, CHUNK - 7)
    for image in chance.sample(found, 6):
        board.delete(image["id"])
        found.remove(image)
    for image in chance.sample(found, 6):
        image["tags"] = sorted(chance.sample(NAMES, 2))
        board.replace_tags(image["id"], image["tags"])
    some = chance.sample(found, 8)
    board.change_tags([image["id"] for image in some], add=["a", "e"], remove=["b"])
    for image in some:
        image["tags"] = sorted({*image["tags"], "a", "e"} - {"b"})
    return found


def searches(chance: random.Random, images: list[Image]) -> Iterator[dict[str, str]]:
    yield {}
    while True:
        asked = {}
        for name in ("tags", "any", "none"):
            if chance.random() < 0.4:
                asked[name] = ",".join(chance.sample([*NAMES, "unknown"], chance.randint(1, 3)))
        if chance.random() < 0.2:
            asked["mime_type"] = chance.choice([*MIME_TYPES.values()])
        if chance.random() < 0.1:
            asked["hash"] = chance.choice(images)["hash"]
        for name in ("untagged", "animated"):
            if chance.random() < 0.2:
                asked[name] = chance.choice(["true", "false"])
        yield asked


def walked(board: Board, asked: dict[str, str], relation: str = "next", path: str = "") -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    pages = board.followed(relation, path or f"{API}/images?{query}")
    return [image for page in pages for image in ids(page["items"])]


def test_random_searches_find_what_brute_force_finds(app: Flask, board: Board, images: list[Image]) -> None:
    chance = random.Random(2)
    some_found = 0
    for asked in itertools.islice(searches(chance, images), 60):
        expected = matching(images, asked)
        some_found += bool(expected)
        limit, offset = chance.randint(1, 9), chance.randint(0, 12)
        page = board.search(**asked, limit=limit, offset=offset)
        assert (ids(page["items"]), page["total"]) == (expected[offset : offset + limit], len(expected)), asked
        assert walked(board, {**asked, "limit": str(limit)}) == expected, asked
    assert some_found > 25
    assert check(app) == (0, [])


def test_random_orders_have_what_brute_force_finds(
    board: Board, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(3)
    for asked in itertools.islice(searches(chance, images), 20):
        expected = matching(images, asked)
        random_ = {**asked, "order": "random", "seed": str(chance.choice(SEEDS))}
        orders = []
        for way in (0, 2**60):  # sorted, and walked in steps
            monkeypatch.setattr(shuffle, "SORTED", way)
            page = board.search(**random_, limit=100)
            orders.append(ids(page["items"]))
            assert (sorted(orders[-1]), page["total"]) == (sorted(expected), len(expected)), asked
            assert walked(board, {**random_, "limit": "4"}) == orders[-1]
            assert ids(board.search(**random_, limit=3, offset=2)["items"]) == orders[-1][2:5]
        assert orders[0] == orders[1]


def test_links_lead_back_through_chunks(board: Board, images: list[Image]) -> None:
    for asked in ({}, {"tags": "a"}, {"any": "a,b"}, {"none": "c"}, {"tags": "e", "order": "random", "seed": "3"}):
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        path = f"{API}/images?{query}&limit=4"
        pages = [ids(page["items"]) for page in board.followed("next", path)]
        while "next" in (links := links_of(board.client.get(path))):
            path = links["next"]
        assert [ids(page["items"]) for page in board.followed("prev", path)] == pages[::-1], asked


def test_a_seed_never_changes_the_order_of_two_images(board: Board, engine: Engine, images: list[Image]) -> None:
    chance = random.Random(4)

    def orders() -> list[list[str]]:
        return [ids(board.search(order="random", seed=seed, limit=100)["items"]) for seed in SEEDS]

    before = orders()
    there = list(images)
    for n in range(12):
        skip_positions(engine, 2000)
        board.delete(there.pop(chance.randrange(len(there)))["id"])
        there.append(added(board, chance, ["a"] if n % 2 else []))
    stay = set(ids(images)) & set(ids(there))
    assert len(stay) > 15
    after = orders()
    assert [[one for one in order if one in stay] for order in after] == [
        [one for one in order if one in stay] for order in before
    ]
    assert before[0] != before[1] != before[2]


def test_a_random_order_mixes_all_chunks(board: Board, engine: Engine) -> None:
    chunks = {}
    for n in range(40):
        chunks[board.added()["id"]] = n // 10
        if n % 10 == 9:
            skip_positions(engine, CHUNK)
    met = set()
    for seed in range(6):
        order = [chunks[image] for image in ids(board.search(order="random", seed=seed, limit=40)["items"])]
        assert len(set(order[:10])) >= 3, seed
        met.add(tuple(order))
    assert len(met) == 6


def test_a_tag_becomes_popular_while_others_upload(
    app: Flask, board: Board, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "POPULAR", 20)
    skip_positions(engine, CHUNK - 30)

    def act(n: int) -> None:
        client = Board(app.test_client())
        for step in range(8):
            image = client.added(tags=f"all,half-{step % 2}")
            if step % 4 == 3:
                client.delete(image["id"])
            elif step % 4 == 2:
                client.replace_tags(image["id"], ["all", "changed"])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(6)))
    with engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM tags WHERE has_bitmaps ORDER BY name")).scalars().all()
    assert names == ["all"]
    assert board.search(tags="all")["total"] == 36
    assert board.search(tags="all", none="changed")["total"] == 24
    assert board.search(any="half-0,half-1", none="changed")["total"] == 24
    assert check(app) == (0, [])


def test_pages_and_totals_agree_while_others_change_the_board(
    app: Flask, board: Board, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "POPULAR", 3)
    images = [board.added(tags="on,x")["id"] for _ in range(12)]
    stop = threading.Event()

    def change(n: int) -> None:
        client, chance = Board(app.test_client()), random.Random(n)
        while not stop.is_set():
            client.replace_tags(chance.choice(images), chance.choice([["on", "x"], ["off"], ["on"]]))
            if chance.random() < 0.2:
                client.delete(client.added(tags="on,x")["id"])

    with ThreadPoolExecutor(4) as pool:
        changes = [pool.submit(change, n) for n in range(4)]
        try:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                for asked in ({"tags": "on"}, {"tags": "on,x"}, {"tags": "on", "none": "x"}, {"any": "off,x"}):
                    page = board.search(**asked, limit=100)
                    assert page["total"] == len(page["items"]), asked
                    found = [{**image, "film": False} for image in page["items"]]
                    assert ids(page["items"]) == matching(found, asked), asked
        finally:
            stop.set()
        for done in changes:
            done.result()
    assert check(app) == (0, [])


@pytest.mark.parametrize("asked", [{}, {"tags": "a"}, {"tags": "a,b"}, {"none": "c"}, {"seed": "5"}], ids=str)
def test_walking_skips_and_repeats_nothing_at_the_border_of_chunks(
    board: Board, engine: Engine, popular: None, asked: dict[str, str]
) -> None:
    if "seed" in asked:
        asked = {**asked, "order": "random"}
    skip_positions(engine, CHUNK - 9)
    there = [board.added(tags="a,b")["id"] for _ in range(16)]
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    met: list[str] = []
    gone: set[str] = set()
    for page in board.followed("next", f"{API}/images?{query}&limit=3"):
        met += ids(page["items"])
        board.added(tags="a,b")
        for image in (met[-1], next((one for one in there if one not in met and one not in gone), met[0])):
            board.delete(image)
            gone.add(image)
        if len(met) > 60:
            break
    assert len(met) == len(set(met))
    assert set(there) - gone <= set(met)
    if "seed" not in asked:
        assert set(met) <= set(there)


def test_created_at_increases_even_if_the_clock_goes_back(board: Board, engine: Engine) -> None:
    year_2100 = 4102444800000
    with engine.begin() as connection:
        connection.execute(text("UPDATE totals SET newest = :newest"), {"newest": year_2100})
    try:
        images = [board.added() for _ in range(3)]
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE totals SET newest = 0"))
    assert [image["created_at"] for image in images] == [f"2100-01-01T00:00:00.00{n}Z" for n in (1, 2, 3)]
    board.added()
    assert ids(board.search()["items"])[1:] == [image["id"] for image in images[::-1]]  # by position


def test_created_at_is_now_and_strictly_increases(app: Flask, board: Board) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Board(app.test_client()).added(), range(40)))
    times = [image["created_at"] for image in board.search()["items"]]
    assert times == sorted(set(times), reverse=True)
    assert abs(datetime.fromisoformat(times[0]) - datetime.now(UTC)).total_seconds() < 60


def test_a_full_board_refuses_new_images_and_keeps_nothing_of_them(board: Board, engine: Engine, objects: Any) -> None:
    skip_positions(engine, 2**31 - 1)
    last = board.upload(tags="a")
    assert last.status_code == 201
    assert_error(board.upload(tags="a,b"), 507, "board_full")
    assert objects.keys() == {last.get_json()["hash"]}
    assert board.tag_counts() == {"a": 1}
    for query in ({}, {"tags": "a"}, {"none": "b"}, {"order": "random"}, {"mime_type": "image/png"}):
        assert ids(board.search(**query)["items"]) == [last.get_json()["id"]], query
    assert board.upload(data=None, tags="a").status_code == 507


def test_wrong_bitmaps_are_reported_and_rebuilt(app: Flask, board: Board, engine: Engine, images: list[Image]) -> None:
    with engine.begin() as connection:
        tag = connection.execute(text("SELECT key FROM tags WHERE has_bitmaps AND name = 'a'")).scalar_one_or_none()
        connection.execute(text("UPDATE bitmaps SET bits = set_bit(bits, 100, 1) WHERE list = :all"), {"all": 0})
        connection.execute(text("DELETE FROM bitmaps WHERE list = :type"), {"type": lists.TYPES["image/png"]})
        connection.execute(text("UPDATE bitmaps SET bits = ~bits WHERE list = :tag AND chunk = 1"), {"tag": tag})
    expected = [("wrong bitmaps", "everything"), ("wrong bitmaps", "image/png")]
    expected += [("wrong bitmaps", "a")] if tag else []
    status, findings = check(app)
    assert (status, sorted(kinds(findings))) == (1, sorted((*one, False) for one in expected))
    assert sorted(kinds(check(app, "--repair")[1])) == sorted((*one, True) for one in expected)
    assert check(app) == (0, [])
    for asked in ({"none": "f"}, {"mime_type": "image/png"}, {"tags": "a,b"}):
        assert ids(board.search(**asked, limit=100)["items"]) == matching(images, asked)


def test_entries_that_differ_from_the_records_are_reported(app: Flask, board: Board, engine: Engine) -> None:
    image = board.added(tags="a,b")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM image_tags WHERE tag_key = (SELECT key FROM tags WHERE name = 'a')"))
        connection.execute(text("INSERT INTO image_tags SELECT key, 77 FROM tags WHERE name = 'a'"))
    names = [finding for finding in check(app)[1] if finding["kind"] == "wrong tag names"]
    assert [(finding["subject"], finding["detail"]) for finding in names] == [
        (image["id"], "a does not list it"),
        ("position 77", "a lists it, but its record does not name the tag"),
    ]


@pytest.mark.parametrize(("kind", "frames"), [("gif", 4), ("webp", 3)])
def test_frames_are_counted_and_included_on_request(board: Board, kind: str, frames: int) -> None:
    film = board.added(data=animation(kind, frames), declared=MIME_TYPES[kind])
    still = board.added(data=picture(kind), declared=MIME_TYPES[kind])
    for image, count in ((film, frames), (still, 1)):
        assert "frames" not in image
        assert "frames" not in board.get(f"/images/{image['id']}").get_json()
        assert board.get(f"/images/{image['id']}?include=frames").get_json()["frames"] == count
    assert [image["frames"] for image in board.search(include="frames")["items"]] == [1, frames]
    assert "frames" not in board.search()["items"][0]
    assert ids(board.search(animated="true")["items"]) == [film["id"]]
    assert ids(board.search(animated="false")["items"]) == [still["id"]]


def test_an_animated_png_is_animated(board: Board) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    still = picture("png")
    film = still[:33] + chunk(b"tEXt", b"x\0y") + chunk(b"acTL", struct.pack(">II", 5, 0)) + still[33:]
    image = board.added(data=film)
    board.added(data=still)
    assert ids(board.search(animated="true")["items"]) == [image["id"]]
    assert board.get(f"/images/{image['id']}?include=frames").get_json()["frames"] == 5


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/images?untagged=1", "untagged: "),
        ("/images?animated=yes", "animated: "),
        ("/images?animated=", "animated: "),
        ("/images?include=tags", "include: "),
        ("/images/01890000-0000-7000-8000-000000000000?include=x", "include: "),
    ],
)
def test_a_bad_filter_is_refused_by_its_name(board: Board, path: str, about: str) -> None:
    assert_error(board.get(path), 422, "validation_error", about=about)


def test_links_keep_the_new_filters(board: Board) -> None:
    for _ in range(3):
        board.added(tags="a")
        board.added()
    pages = list(board.followed("next", f"{API}/images?untagged=false&animated=false&include=frames&limit=1"))
    assert [len(page["items"]) for page in pages] == [1, 1, 1]
    assert all(image["tags"] == ["a"] and image["frames"] == 1 for page in pages for image in page["items"])
