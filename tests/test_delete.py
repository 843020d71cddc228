"""DELETE /images/{id}."""

from typing import Any

import pytest

from tests.board import API, Board, Objects, assert_error, ids
from tests.pictures import picture

pytestmark = pytest.mark.both_stores


def test_a_deleted_image_is_gone_with_its_bytes_and_counts(board: Board, objects: Objects) -> None:
    image, other = board.added(tags="cat,funny"), board.added(tags="cat")
    response = board.delete(image["id"])
    assert (response.status_code, response.data) == (204, b"")
    assert_error(board.get(f"/images/{image['id']}"), 404, "image_not_found")
    assert_error(board.file(image), 404, "image_not_found")
    assert objects.keys() == {other["hash"]}
    assert board.search()["total"] == 1
    assert board.search(tags="funny")["total"] == 0
    assert board.tag_counts() == {"cat": 1, "funny": 0}


def test_an_image_is_deleted_once(board: Board) -> None:
    image = board.added()
    board.delete(image["id"])
    assert_error(board.delete(image["id"]), 404, "image_not_found")


@pytest.mark.parametrize("image_id", ["01890000-0000-7000-8000-000000000000", "no-id"])
def test_an_unknown_image_cannot_be_deleted(board: Board, image_id: str) -> None:
    assert_error(board.delete(image_id), 404, "image_not_found")


def test_deleted_bytes_can_be_uploaded_again(board: Board) -> None:
    data = picture()
    first = board.added(data=data, tags="cat")
    board.delete(first["id"])
    again = board.added(data=data, tags="dog")
    assert again["id"] != first["id"]
    assert again["tags"] == ["dog"]
    assert board.file(again).data == data


def test_an_image_whose_bytes_are_lost_can_be_deleted(board: Board, objects: Objects) -> None:
    image = board.added()
    objects.delete(image["hash"])
    assert board.delete(image["id"]).status_code == 204


UNKNOWN = [f"01890000-0000-7000-8000-{n:012}" for n in range(98)]


def test_many_images_are_deleted_at_once(board: Board, objects: Objects) -> None:
    images = [board.added(tags="cat,funny") for _ in range(4)]
    gone, *some = ids(images[:3])
    board.delete(gone)
    response = board.delete_many([some[0], UNKNOWN[0], gone, some[1].upper(), some[0]])
    assert response.status_code == 200
    assert response.get_json() == {"deleted": some, "missing": [UNKNOWN[0], gone]}
    assert ids(board.search()["items"]) == [images[3]["id"]]
    assert objects.keys() == {images[3]["hash"]}
    assert board.tag_counts() == {"cat": 1, "funny": 1}
    assert board.delete_many(some).get_json() == {"deleted": [], "missing": some}


@pytest.mark.parametrize("image_ids", [[], ["no-id"], [1], None, [*UNKNOWN, *UNKNOWN], "all"])
def test_an_invalid_list_of_ids_deletes_nothing(board: Board, image_ids: Any) -> None:
    board.added()
    body = {"ids": image_ids}
    assert_error(board.client.post(f"{API}/images/delete", json=body), 422, "validation_error", about="ids")
    assert board.search()["total"] == 1


def test_the_path_of_many_deletes_by_post_alone(board: Board) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        assert_error(board.client.open(f"{API}/images/delete", method=method), 405, "method_not_allowed")
