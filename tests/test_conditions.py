"""GET /images with the conditions other than `tags`: any, none, mime_type, hash."""

from typing import Any

import pytest

from tests.board import Board, assert_error, ids
from tests.pictures import MIME_TYPES, picture
from tests.walks import matching, met_while_the_newest_first_change, walk

Image = dict[str, Any]


@pytest.fixture(scope="module")
def images(shared_board: Board) -> list[Image]:
    """A board of 24 images, the newest first: `a` is on every second one, `b` on every third one, and so on."""
    added = []
    for n in range(24):
        kind = list(MIME_TYPES)[n % 4 // (n % 3 + 1)]
        tags = [name for bit, name in enumerate("abcd") if n % (bit + 2) == 0] + (["rare"] if n == 12 else [])
        image = shared_board.added(data=picture(kind), declared=MIME_TYPES[kind], tags=",".join(tags))
        del image["duplicate"]
        added.append(image)
    return added[::-1]


CONDITIONS: list[dict[str, str]] = [
    {"any": "a"},
    {"any": "a,b"},
    {"any": "b,rare,d,c"},
    {"any": "rare,unknown"},
    {"any": "unknown"},
    {"any": "unknown,other"},
    {"none": "a"},
    {"none": "a,b"},
    {"none": "a,b,c,d"},
    {"none": "rare,unknown"},
    {"none": "unknown"},
    {"none": "unknown,other"},
    {"tags": "a", "any": "b,c"},
    {"tags": "a", "any": "a"},
    {"tags": "a,b", "any": "c,d"},
    {"tags": "rare", "any": "a,b"},
    {"tags": "a", "none": "b"},
    {"tags": "rare", "none": "d"},
    {"tags": "a", "none": "a"},
    {"tags": "a,b", "none": "c"},
    {"tags": "a,b", "none": "c,d"},
    {"tags": "unknown", "none": "a"},
    {"any": "a,b", "none": "c"},
    {"any": "a,b", "none": "c,rare"},
    {"any": "a,b", "none": "a,b"},
    {"any": "c", "none": "b"},
    {"tags": "a", "any": "b,c", "none": "d"},
    {"mime_type": "image/jpeg"},
    {"mime_type": "image/webp"},
    {"mime_type": "image/jpeg", "tags": "a"},
    {"mime_type": "image/jpeg", "tags": "a,b"},
    {"mime_type": "image/jpeg", "any": "b,c"},
    {"mime_type": "image/png", "none": "a"},
    {"mime_type": "image/png", "none": "a,b"},
    {"mime_type": "image/jpeg", "tags": "a", "any": "b,c", "none": "d"},
]


@pytest.mark.slow
@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_found_images_meet_all_conditions(shared_board: Board, images: list[Image], asked: dict[str, str]) -> None:
    expected = matching(images, asked)
    page = shared_board.search(**asked, limit=100)
    assert (ids(page["items"]), page["total"]) == (expected, len(expected))
    page = shared_board.search(**asked, limit=2, offset=1)
    assert (ids(page["items"]), page["total"]) == (expected[1:3], len(expected))
    pages = walk(shared_board, **asked, limit=3)
    assert [image for page in pages for image in ids(page["items"])] == expected
    assert {page["total"] for page in pages} == {len(expected)}


def test_the_conditions_of_the_tests_find_something(images: list[Image]) -> None:
    found = [bool(matching(images, asked)) for asked in CONDITIONS]
    assert found.count(False) == 5


@pytest.mark.parametrize(
    "asked", [{}, {"tags": "a"}, {"none": "a"}, {"any": "a,b"}, {"mime_type": "image/png"}, {"none": "rare,b"}], ids=str
)
def test_a_hash_finds_its_image_if_the_rest_holds(
    shared_board: Board, images: list[Image], asked: dict[str, str]
) -> None:
    for image in images[:12]:
        page = shared_board.search(hash=image["hash"], **asked)
        assert ids(page["items"]) == matching(images, {"hash": image["hash"], **asked})
        assert page["total"] == len(page["items"])


def test_a_client_can_ask_by_hash_before_it_uploads(board: Board) -> None:
    image = board.added()
    assert ids(board.search(hash=image["hash"])["items"]) == [image["id"]]
    assert board.search(hash="0" * 64) == {"items": [], "total": 0, "limit": 50, "offset": 0}
    board.delete(image["id"])
    assert board.search(hash=image["hash"])["total"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        {"any": "b,a"},
        {"none": "c"},
        {"tags": "a", "none": "c"},
        {"any": "a,b", "none": "c"},
        {"mime_type": "image/png"},
    ],
    ids=str,
)
def test_following_links_skips_and_repeats_nothing_while_others_change_the_board(
    board: Board, asked: dict[str, str]
) -> None:
    met_while_the_newest_first_change(board, "a,b", **asked)


@pytest.mark.parametrize("name", ["any", "none"])
def test_names_are_normalized_as_in_tags(board: Board, name: str) -> None:
    board.added(tags="cat")
    assert board.search(**{name: " CAT ,,cat"})["total"] == (name == "any")
    assert board.search(**{name: ","})["total"] == 1
    assert_error(board.get("/images", query_string={name: "a!"}), 422, "invalid_tag")
    many = ",".join(f"t{n}" for n in range(201))
    assert_error(board.get("/images", query_string={name: many}), 422, "validation_error", about=f"{name}: More than")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mime_type", "image/bmp"),
        ("mime_type", ""),
        ("mime_type", "IMAGE/PNG"),
        ("hash", ""),
        ("hash", "0" * 63),
        ("hash", "0" * 64 + "\n"),
        ("hash", "A" * 64),
        ("order", "oldest"),
        ("order", ""),
        ("seed", "1"),
    ],
)
def test_a_bad_condition_is_refused_by_its_name(shared_board: Board, name: str, value: str) -> None:
    assert_error(shared_board.get("/images", query_string={name: value}), 422, "validation_error", about=f"{name}: ")
