"""GET /i/{id}.{extension}: the bytes of an image, by a link with its extension."""

from typing import Any

import pytest

from tests.board import API, Board, assert_error
from tests.pictures import MIME_TYPES, picture

KINDS = list(MIME_TYPES)  # the extensions


@pytest.fixture(scope="module")
def images(shared_board: Board) -> dict[str, dict[str, Any]]:
    """An image of each type, by its extension, on the board that tests only read."""
    return {
        kind: shared_board.added(data=picture(kind), declared=declared, filename=f"Wörk.{kind}")
        for kind, declared in MIME_TYPES.items()
    }


def answer_to(board: Board, path: str, **options: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return the status, body and headers of an answer, without headers that differ between requests."""
    response = board.client.open(path, **options)
    headers = [(name, value) for name, value in response.headers if name not in ("X-Request-ID", "Vary")]
    return response.status_code, response.data, sorted(headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Range": "bytes=2-5"}, 206),
        ({"Range": "bytes=99999-"}, 416),
        ({"If-None-Match": "*"}, 304),
        ({"If-Match": '"other"'}, 412),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304),
    ],
)
def test_a_direct_link_answers_like_the_path_of_the_file(
    shared_board: Board, images: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    for kind, image in images.items():
        direct = answer_to(shared_board, f"/i/{image['id']}.{kind}?v=1&fbclid=x", headers=headers)
        assert direct == answer_to(shared_board, f"{API}/images/{image['id']}/file", headers=headers)
        assert direct[0] == status


def test_head_has_the_headers_alone(shared_board: Board, images: dict[str, Any]) -> None:
    path = f"/i/{images['gif']['id']}.gif"
    status, body, headers = answer_to(shared_board, path, method="HEAD")
    assert (status, body) == (200, b"")
    assert headers == answer_to(shared_board, path)[2]


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_extension_of_the_image_leads_to_it(shared_board: Board, images: dict[str, Any], kind: str) -> None:
    for extension in {*KINDS, "jpeg", "JPG", "gifv", "tar.gz", f"x.{kind}", f"{kind}.{kind}", f"{kind}/", ""} - {kind}:
        response = shared_board.client.get(f"/i/{images[kind]['id']}.{extension}")
        assert_error(response, 404, "image_not_found" if "/" not in extension else "not_found")


@pytest.mark.parametrize("name", ["01890000-0000-7000-8000-000000000000.png", "x.png", ".png", "tags.gif"])
def test_an_image_that_is_not_there_is_a_page_for_browsers_and_the_envelope_for_programs(
    shared_board: Board, name: str
) -> None:
    assert_error(
        shared_board.client.get(f"/i/{name}", headers={"Accept": "image/webp,*/*;q=0.8"}), 404, "image_not_found"
    )
    page = shared_board.client.get(f"/i/{name}", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Image not found." in page.text
