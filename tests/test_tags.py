"""GET /tags and PATCH /images/{id}/tags."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from tests.board import API, Board, assert_error, image_of


def names(page: dict[str, Any]) -> list[str]:
    return [tag["name"] for tag in page["items"]]


def test_a_board_without_tags_has_an_empty_list(board: Board) -> None:
    assert board.tags() == {"items": [], "total": 0, "limit": 100, "offset": 0}


def test_tags_are_listed_in_byte_order_with_their_counts(board: Board) -> None:
    board.added(tags="b,a_c,a-c,ab,0")
    board.added(tags="b,ac")
    page = board.tags()
    assert names(page) == ["0", "a-c", "a_c", "ab", "ac", "b"]
    assert [tag["image_count"] for tag in page["items"]] == [1, 1, 1, 1, 1, 2]
    assert page["total"] == 6
    assert all(set(tag) == {"id", "name", "image_count"} and UUID(tag["id"]) for tag in page["items"])


def test_a_tag_keeps_its_id_and_stays_without_images(board: Board) -> None:
    image = board.added(tags="cat")
    before = board.tags()["items"]
    board.delete(image["id"])
    assert board.tags()["items"] == [{**before[0], "image_count": 0}]
    board.added(tags="cat")
    assert board.tags()["items"] == before


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", ["a_b", "aab", "cat", "cats", "zz"]),
        ("a", ["a_b", "aab"]),
        ("a_", ["a_b"]),
        ("cat", ["cat", "cats"]),
        (" CAT ", ["cat", "cats"]),
        ("z", ["zz"]),
        ("%", []),
        ("a%", []),
        ("é", []),
        ("\0", []),
        ("x" * 65, []),
        ("a b", []),
    ],
)
def test_a_prefix_is_taken_literally(board: Board, prefix: str, found: list[str]) -> None:
    board.added(tags="cat,cats,a_b,aab,zz")
    page = board.tags(q=prefix)
    assert (names(page), page["total"]) == (found, len(found))


def test_pages_of_tags_follow_one_another(board: Board) -> None:
    board.added(tags="a,b,c,d,e")
    pages = [board.tags(limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [names(page) for page in pages] == [["a", "b"], ["c", "d"], ["e"], []]
    assert {page["total"] for page in pages} == {5}
    assert board.tags(limit=200)["limit"] == 200


def test_patch_replaces_the_whole_set(board: Board) -> None:
    image = board.added(tags="cat,funny")
    del image["duplicate"]
    response = board.replace_tags(image["id"], ["new-tag", " CAT", "cat"])
    assert response.status_code == 200
    assert image_of(response) == {**image, "tags": ["cat", "new-tag"]}
    assert board.get(f"/images/{image['id']}").get_json()["tags"] == ["cat", "new-tag"]
    assert board.tag_counts() == {"cat": 1, "funny": 0, "new-tag": 1}
    assert board.search(tags="funny")["total"] == 0
    assert board.search(tags="new-tag")["total"] == 1


def test_an_empty_list_clears_the_tags(board: Board) -> None:
    image = board.added(tags="cat")
    assert image_of(board.replace_tags(image["id"], []))["tags"] == []
    assert board.tag_counts() == {"cat": 0}


def test_the_same_set_again_changes_nothing(board: Board) -> None:
    image = board.added(tags="cat,dog")
    assert image_of(board.replace_tags(image["id"], ["dog", "cat"]))["tags"] == ["cat", "dog"]
    assert board.tag_counts() == {"cat": 1, "dog": 1}


@pytest.mark.parametrize("tags", [["ok", "b!"], [""], ["  "], ["x" * 65], ["a,b"], ["\0"], ["\ud800"]])
def test_an_invalid_tag_changes_nothing(board: Board, tags: list[str]) -> None:
    image = board.added(tags="cat")
    assert_error(board.replace_tags(image["id"], tags), 422, "invalid_tag")
    assert board.tag_counts() == {"cat": 1}


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ({}, "tags: "),
        ({"tags": "cat"}, "tags: "),
        ({"tags": None}, "tags: "),
        ({"tags": ["a", 1]}, "tags.1: "),
        ({"tags": {"a": 1}}, "tags: "),
        ({"tags": [], "more": 1}, "more: "),
        ([], "body: "),
        ("tags", "body: "),
        (7, "body: "),
    ],
)
def test_a_body_of_another_shape_is_refused_by_field(board: Board, body: Any, about: str) -> None:
    image = board.added(tags="cat")
    response = board.client.patch(f"{API}/images/{image['id']}/tags", json=body)
    assert_error(response, 422, "validation_error", about=about)
    assert board.tag_counts() == {"cat": 1}


@pytest.mark.parametrize("body", ["", "{", '{"tags": [}', b"\xff", "[" * 100_000])
def test_broken_json_is_a_bad_request(board: Board, body: str | bytes) -> None:
    image = board.added()
    response = board.client.patch(f"{API}/images/{image['id']}/tags", data=body, content_type="application/json")
    assert_error(response, 400, "bad_request")


def test_a_body_that_is_not_said_to_be_json_is_unsupported(board: Board) -> None:
    image = board.added()
    response = board.client.patch(f"{API}/images/{image['id']}/tags", data='{"tags": []}', content_type="text/plain")
    assert_error(response, 415, "unsupported_media_type")


def test_a_json_body_is_bounded(board: Board) -> None:
    image = board.added()
    assert_error(board.replace_tags(image["id"], ["a" * 1_100_000]), 413, "payload_too_large")


@pytest.mark.parametrize("image_id", ["01890000-0000-7000-8000-000000000000", "no-id"])
def test_tags_of_no_image_cannot_be_replaced_and_leave_nothing(board: Board, image_id: str) -> None:
    assert_error(board.replace_tags(image_id, ["new"]), 404, "image_not_found")
    assert board.tags()["total"] == 0


def test_two_replacements_at_once_leave_one_set_or_the_other(app: Flask) -> None:
    board = Board(app.test_client())
    image = board.added()
    sets = [["a", "b", "x"], ["c", "d", "x"], ["a", "c", "y"]]
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda n: Board(app.test_client()).replace_tags(image["id"], sets[n % 3]), range(30)))
    assert {response.status_code for response in responses} == {200}
    tags = board.get(f"/images/{image['id']}").get_json()["tags"]
    assert tags in sets
    assert board.tag_counts() == {name: int(name in tags) for name in "abcdxy"}


def test_the_database_itself_refuses_a_bad_name(engine: Engine, client: FlaskClient) -> None:
    for name in ("Cat", "", "x" * 65, "a b", "a\n"):
        with engine.connect() as connection, pytest.raises(Exception, match="ck_tags_name"):
            connection.execute(text("INSERT INTO tags (name) VALUES (:name)"), {"name": name})
