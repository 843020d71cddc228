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


@pytest.fixture(scope="module")
def tagged(shared_board: Board) -> None:
    shared_board.added(tags="cat,cats,a_b,aab,zz")


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
@pytest.mark.usefixtures("tagged")
def test_a_prefix_is_taken_literally(shared_board: Board, prefix: str, found: list[str]) -> None:
    page = shared_board.tags(q=prefix)
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


def tags_of(board: Board, *images: dict[str, Any]) -> list[list[str]]:
    return [board.get(f"/images/{image['id']}").get_json()["tags"] for image in images]


def test_many_images_are_tagged_at_once(board: Board) -> None:
    one, two, three = board.added(tags="cat,old"), board.added(tags="old"), board.added(tags="dog")
    response = board.change_tags([two["id"], one["id"].upper(), two["id"]], add=[" New", "cat"], remove=["old", "none"])
    assert response.status_code == 200
    items = response.get_json()["items"]
    assert [(item["id"], item["tags"]) for item in items] == [(two["id"], ["cat", "new"]), (one["id"], ["cat", "new"])]
    assert tags_of(board, one, two, three) == [["cat", "new"], ["cat", "new"], ["dog"]]
    assert board.tag_counts() == {"cat": 2, "dog": 1, "new": 2, "old": 0}
    assert [image["id"] for image in board.search(tags="new")["items"]] == [two["id"], one["id"]]
    assert board.change_tags([one["id"]], remove=["cat", "new"]).get_json()["items"][0]["tags"] == []


def test_the_path_of_many_knows_no_other_method(board: Board) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        response = board.client.open(f"{API}/images/tags", method=method)
        assert_error(response, 405, "method_not_allowed")
        assert set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_hundred_images_are_the_most(board: Board) -> None:
    images = [board.added() for _ in range(3)]
    strangers = [f"01890000-0000-7000-8000-{n:012}" for n in range(98)]
    too_many = board.change_tags([image["id"] for image in images] + strangers, add=["a"])
    assert_error(too_many, 422, "validation_error", about="ids")
    assert_error(board.change_tags([], add=["a"]), 422, "validation_error", about="ids")
    unknown = board.change_tags([images[0]["id"], *strangers[:2]], add=["a"])
    assert_error(unknown, 404, "image_not_found", about=f"{strangers[0]}, {strangers[1]}")
    assert images[0]["id"] not in unknown.get_json()["detail"]
    assert (tags_of(board, images[0]), board.tag_counts()) == ([[]], {})


@pytest.mark.parametrize(
    ("change", "code", "about"),
    [
        ({}, "validation_error", "add"),
        ({"add": ["cat"], "remove": [" CAT"]}, "validation_error", "'cat'"),
        ({"add": ["ü"]}, "invalid_tag", "ü"),
        ({"remove": [""]}, "invalid_tag", ""),
        ({"add": "cat"}, "validation_error", "add"),
        ({"add": [f"t{n}" for n in range(200)]}, "validation_error", "more than 200"),
        ({"add": ["cat"], "ids": ["no-id"]}, "validation_error", "ids"),
        ({"add": ["cat"], "tags": []}, "validation_error", "tags"),
    ],
)
def test_a_change_of_many_that_cannot_be_changes_nothing(
    board: Board, change: dict[str, Any], code: str, about: str
) -> None:
    images = [board.added(tags="dog"), board.added()]
    response = board.change_tags([image["id"] for image in images], **change)
    assert_error(response, 422, code, about=about)
    assert (tags_of(board, *images), board.tag_counts()) == ([["dog"], []], {"dog": 1})


def test_a_record_has_an_etag_of_its_own(board: Board) -> None:
    upload = board.upload(tags="cat")
    image = image_of(upload)
    path = f"/images/{image['id']}"
    response = board.get(path)
    etag = response.headers["ETag"]
    assert upload.headers["ETag"] == etag
    for condition in (etag, f"W/{etag}", "*", f'"other", {etag}'):
        unchanged = board.get(path, headers={"If-None-Match": condition})
        assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", etag)
    changed = board.replace_tags(image["id"], ["dog"])
    assert changed.headers["ETag"] != etag
    assert board.get(path, headers={"If-None-Match": etag}).headers["ETag"] == changed.headers["ETag"]
    assert board.replace_tags(image["id"], ["cat"]).headers["ETag"] == etag


def replace_if(client: FlaskClient, image: dict[str, Any], tags: list[str], etag: str) -> Any:
    return client.patch(f"{API}/images/{image['id']}/tags", json={"tags": tags}, headers={"If-Match": etag})


def test_tags_are_replaced_only_if_nobody_has_changed_them(board: Board) -> None:
    image = board.added(tags="cat")
    etag = board.get(f"/images/{image['id']}").headers["ETag"]
    response = replace_if(board.client, image, ["mine"], etag)
    assert response.status_code == 200
    for old in (etag, '"other"', "nonsense", ""):
        assert_error(replace_if(board.client, image, ["theirs"], old), 412, "precondition_failed")
    assert tags_of(board, image) == [["mine"]]
    for current in (response.headers["ETag"], f"W/{response.headers['ETag']}", "*"):
        assert replace_if(board.client, image, ["mine"], current).status_code == 200
    board.delete(image["id"])
    assert_error(replace_if(board.client, image, ["mine"], "*"), 404, "image_not_found")


def test_of_many_conditional_replacements_one_succeeds(app: Flask, board: Board) -> None:
    image = board.added(tags="cat")
    etag = board.get(f"/images/{image['id']}").headers["ETag"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: replace_if(app.test_client(), image, [f"t{n}"], etag), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    assert tags_of(board, image) == [[f"t{winner}"]]


def test_tags_are_listed_by_count_too(board: Board) -> None:
    for tags in ("a,b,c", "b,c", "c,ab", "ab"):
        board.added(tags=tags)
    assert [tag["name"] for tag in board.tags(order="count")["items"]] == ["c", "ab", "b", "a"]
    assert [tag["name"] for tag in board.tags(order="count", q="a")["items"]] == ["ab", "a"]
    assert [tag["name"] for tag in board.tags(order="count", limit=1, offset=1)["items"]] == ["ab"]
    assert board.tags(order="count") == {**board.tags(), "items": board.tags(order="count")["items"]}
    assert_error(board.get("/tags?order=size"), 422, "validation_error", about="order: ")
