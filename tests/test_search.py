"""GET /images and GET /images/{id}."""

import pytest
from sqlalchemy import Engine, text

from tests.board import Board, assert_error, ids, links_of
from tests.walks import met_while_the_newest_first_change, walk


@pytest.fixture(scope="module")
def seven(shared_board: Board) -> list[str]:
    """The ids of seven images with the tags `cat` and `funny`, the newest first: all that the shared board has."""
    return [shared_board.added(tags="cat,funny")["id"] for _ in range(7)][::-1]


def test_an_empty_board_has_no_images(board: Board) -> None:
    assert board.search() == {"items": [], "total": 0, "limit": 50, "offset": 0}


def test_the_list_is_newest_first_with_whole_images(board: Board) -> None:
    uploaded = [board.added(tags="cat") for _ in range(3)]
    for image in uploaded:
        del image["duplicate"]
    assert board.search() == {"items": uploaded[::-1], "total": 3, "limit": 50, "offset": 0}


def test_an_image_can_be_looked_up(board: Board) -> None:
    image = board.added(tags="cat")
    del image["duplicate"]
    response = board.get(f"/images/{image['id']}")
    assert (response.status_code, response.get_json()) == (200, image)
    assert board.get(f"/images/{image['id'].upper()}").get_json() == image


@pytest.mark.parametrize(
    "image_id", ["01890000-0000-7000-8000-000000000000", "no-id", "1", "{0}", "00000000-0000-0000-0000-000000000000"]
)
def test_an_unknown_or_malformed_id_is_not_found(shared_board: Board, image_id: str) -> None:
    assert_error(shared_board.get(f"/images/{image_id}"), 404, "image_not_found")


def test_search_returns_images_that_have_every_tag(board: Board) -> None:
    both, cat = board.added(tags="cat,funny"), board.added(tags="cat")
    board.added(tags="funny")
    board.added()
    assert ids(board.search(tags="cat")["items"]) == [cat["id"], both["id"]]
    assert ids(board.search(tags="funny,cat")["items"]) == [both["id"]]
    assert board.search(tags="cat")["total"] == 2
    assert board.search(tags="cat,funny")["total"] == 1


@pytest.mark.parametrize("tags", ["unknown", "cat,unknown", "cat,dog"])
def test_tags_that_no_image_has_together_match_nothing(board: Board, tags: str) -> None:
    board.added(tags="cat")
    board.added(tags="dog")
    assert board.search(tags=tags) == {"items": [], "total": 0, "limit": 50, "offset": 0}


@pytest.mark.parametrize("tags", ["", ",", " CAT ", "cat,,cat", "Cat,cAT"])
def test_searched_tags_are_normalized(board: Board, tags: str) -> None:
    cat = board.added(tags="cat")
    assert ids(board.search(tags=tags)["items"]) == [cat["id"]]


@pytest.mark.parametrize("tags", ["a!", "x" * 65, "cat,ü", "\0"])
def test_an_invalid_tag_is_refused_in_a_search_too(shared_board: Board, tags: str) -> None:
    assert_error(shared_board.get("/images", query_string={"tags": tags}), 422, "invalid_tag")


def test_pages_follow_one_another_without_overlap(shared_board: Board, seven: list[str]) -> None:
    for query in ({}, {"tags": "cat"}, {"tags": "cat,funny"}):
        pages = [shared_board.search(limit=3, offset=offset, **query) for offset in (0, 3, 6, 9)]
        assert [image for page in pages for image in ids(page["items"])] == seven
        assert [page["total"] for page in pages] == [7] * 4
        assert [(page["limit"], page["offset"]) for page in pages] == [(3, 0), (3, 3), (3, 6), (3, 9)]


@pytest.mark.parametrize("limit", [1, 100])
def test_the_bounds_of_limit_are_accepted(shared_board: Board, limit: int) -> None:
    assert shared_board.search(limit=limit)["limit"] == limit


@pytest.mark.parametrize("offset", [0, 10**6, 2**63 - 1])
@pytest.mark.usefixtures("seven")
def test_any_offset_is_accepted(shared_board: Board, offset: int) -> None:
    for query in ({}, {"tags": "cat"}, {"tags": "cat,funny"}):
        assert shared_board.search(offset=offset, **query)["total"] == 7


@pytest.mark.parametrize("path", ["/images", "/tags"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", ""),
        ("limit", "1_0"),
        ("limit", "٣"),
        ("limit", "1.0"),
        ("limit", " 5"),
        ("limit", "9" * 5000),
        ("offset", "-1"),
        ("offset", str(2**63)),
        ("offset", "x"),
        ("limt", "5"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(shared_board: Board, path: str, name: str, value: str) -> None:
    response = shared_board.get(path, query_string={name: value})
    assert_error(response, 422, "validation_error", about=f"{name}: ")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/health"), ("GET", "/images/x"), ("POST", "/images"), ("DELETE", "/images/x")]
)
def test_an_operation_without_parameters_refuses_all(shared_board: Board, method: str, path: str) -> None:
    response = shared_board.client.open(f"/api/v1{path}?tags=cat", method=method)
    assert_error(response, 422, "validation_error", about="tags: ")


def test_a_limit_over_100_images_is_refused(shared_board: Board) -> None:
    assert_error(shared_board.get("/images?limit=101"), 422, "validation_error", about="limit: ")


def test_a_parameter_given_twice_is_refused(shared_board: Board) -> None:
    assert_error(shared_board.get("/images?tags=cat&tags=dog"), 422, "validation_error", about="tags: ")


SETS = ["a", "a,b", "a,b,c", "a,b,c,d", "a,b,c,d,e", "a,b,c,d,e,f", "b,c", "rare,a", "rare,a,b", "rare,f"]


def test_any_number_of_tags_are_found_together(board: Board) -> None:
    uploaded = []
    for n in range(24):
        tags = {name for bit, name in enumerate("abcdef") if n % (bit + 2) == 0} | ({"rare"} if n % 12 == 0 else set())
        uploaded.append((board.added(tags=",".join(sorted(tags)))["id"], tags))
    for asked in SETS:
        expected = [image for image, tags in uploaded[::-1] if tags >= set(asked.split(","))]
        assert expected, asked
        page = board.search(tags=asked)
        assert (ids(page["items"]), page["total"]) == (expected, len(expected)), asked
        assert ids(board.search(tags=asked, limit=1, offset=1)["items"]) == expected[1:2]


def test_counts_are_what_a_fresh_count_finds(board: Board, engine: Engine) -> None:
    images = [board.added(tags=tags) for tags in ("a,b", "b,c", "c", "")]
    board.replace_tags(images[0]["id"], ["c", "d"])
    board.delete(images[1]["id"])
    with engine.connect() as connection:
        counts = connection.execute(
            text("SELECT name, (SELECT count(*) FROM image_tags WHERE tag_key = key) AS counted FROM tags")
        )
        assert board.tag_counts() == {tag.name: tag.counted for tag in counts}
    assert board.tag_counts() == {"a": 0, "b": 0, "c": 2, "d": 1}
    assert board.search()["total"] == 3


@pytest.mark.parametrize("tags", ["", "cat", "cat,funny"])
@pytest.mark.parametrize("limit", [1, 3, 7, 8])
def test_links_lead_through_the_whole_result_and_back(
    shared_board: Board, seven: list[str], tags: str, limit: int
) -> None:
    pages = walk(shared_board, tags=tags, limit=limit)
    assert [image for page in pages for image in ids(page["items"])] == seven
    assert [page["total"] for page in pages] == [7] * len(pages)
    assert [page["offset"] for page in pages] == [0, *[None] * (len(pages) - 1)]
    assert len(pages) == -(-7 // limit)


def test_a_page_by_offset_has_links_too(shared_board: Board, seven: list[str]) -> None:
    links = links_of(shared_board.get("/images?offset=2&limit=3"))
    assert ids(shared_board.client.get(links["next"]).get_json()["items"]) == seven[5:]
    assert ids(shared_board.client.get(links["prev"]).get_json()["items"]) == seven[:2]
    assert links_of(shared_board.get("/images?limit=7")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("tags", ["", "cat", "cat,funny"])
def test_following_links_skips_and_repeats_nothing_while_others_change_the_board(board: Board, tags: str) -> None:
    met_while_the_newest_first_change(board, "cat,funny", tags=tags)


@pytest.mark.parametrize("cursor", ["", "x", "bzA", "é", "A" * 23, "b" + "A" * 400])
def test_a_cursor_that_is_none_of_ours_is_refused(shared_board: Board, cursor: str) -> None:
    assert_error(shared_board.get("/images", query_string={"cursor": cursor}), 422, "validation_error", about="cursor")


@pytest.mark.usefixtures("seven")
def test_a_cursor_and_an_offset_exclude_one_another(shared_board: Board) -> None:
    link = links_of(shared_board.get("/images?limit=1"))["next"]
    assert_error(shared_board.client.get(f"{link}&offset=1"), 422, "validation_error", about="cursor")
    assert shared_board.client.get(f"{link}&offset=0").status_code == 200
