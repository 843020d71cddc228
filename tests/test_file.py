"""GET /images/{id}/file."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine, update

from reaction_board.database.tables import images
from tests.board import Board, Objects, assert_error
from tests.pictures import MIME_TYPES, picture

pytestmark = pytest.mark.both_stores


class Untouchable:
    """A store that must not be asked."""

    def get(self, *args: object) -> None:
        raise AssertionError("the store was asked")

    put = delete = get


@pytest.fixture(scope="module")
def data() -> bytes:
    return picture("png", 200, 100)


@pytest.fixture(scope="module")
def image(shared_board: Board, data: bytes) -> dict[str, Any]:
    """The image of these bytes, on the board that tests only read."""
    return shared_board.added(data=data)


@pytest.fixture
def store_forbidden(shared_board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the board have no store from now on."""
    monkeypatch.setitem(shared_board.client.application.extensions, "storage", Untouchable())


@pytest.mark.parametrize("kind", MIME_TYPES)
def test_the_bytes_come_back_with_the_headers_of_the_contract(board: Board, kind: str) -> None:
    data = picture(kind)
    image = board.added(data=data, filename=f"cat.{kind}", declared=MIME_TYPES[kind])
    response = board.file(image)
    assert response.status_code == 200
    assert response.data == data
    assert response.headers["Content-Type"] == MIME_TYPES[kind]
    assert response.headers["Content-Length"] == str(len(data))
    assert response.headers["ETag"] == f'"{image["hash"]}"'
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["Content-Disposition"] == f"inline; filename=cat.{kind}"
    assert response.headers["Accept-Ranges"] == "bytes"


def test_nothing_tells_of_the_store(shared_board: Board, image: dict[str, Any]) -> None:
    response = shared_board.file(image)
    known = {"Content-Type", "Content-Length", "ETag", "Cache-Control", "X-Content-Type-Options"}
    known |= {"Content-Disposition", "Content-Security-Policy", "Accept-Ranges", "Date", "X-Request-ID"}
    assert set(response.headers.keys()) <= known


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("my cat.png", 'inline; filename="my cat.png"'),
        ('a"; filename="evil.exe', 'inline; filename="a\\"; filename=\\"evil.exe"'),
        ("a\\", 'inline; filename="a\\\\"'),
        ("猫.gif", "inline; filename=.gif; filename*=UTF-8''%E7%8C%AB.gif"),
        ("été.png", "inline; filename=ete.png; filename*=UTF-8''%C3%A9t%C3%A9.png"),
    ],
)
def test_no_filename_breaks_out_of_the_disposition(
    board: Board, engine: Engine, filename: str, disposition: str
) -> None:
    image = board.added()
    with engine.begin() as connection:
        connection.execute(update(images).values(filename=filename))
    assert board.file(image).headers["Content-Disposition"] == disposition


def test_head_gives_the_headers_alone_without_the_store(
    shared_board: Board, image: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    whole = shared_board.file(image)
    request.getfixturevalue("store_forbidden")
    response = shared_board.client.head(f"/api/v1/images/{image['id']}/file")
    assert (response.status_code, response.data) == (200, b"")
    for headers in (whole.headers, response.headers):
        for name in ("Date", "X-Request-ID"):
            headers.pop(name, None)
    assert dict(response.headers) == dict(whole.headers)


@pytest.mark.parametrize("condition", ['"{hash}"', 'W/"{hash}"', '"other", "{hash}"', "*"])
@pytest.mark.usefixtures("image", "store_forbidden")
def test_a_client_that_has_the_bytes_gets_304_without_the_store(
    shared_board: Board, image: dict[str, Any], condition: str
) -> None:
    response = shared_board.file(image, If_None_Match=condition.format(**image), Range="bytes=0-1")
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == f'"{image["hash"]}"'
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Length" not in response.headers


def test_a_client_that_has_other_bytes_gets_these(shared_board: Board, image: dict[str, Any], data: bytes) -> None:
    assert shared_board.file(image, If_None_Match='"other"').data == data


def test_a_condition_that_cannot_hold_is_refused(shared_board: Board, image: dict[str, Any]) -> None:
    assert_error(shared_board.file(image, If_Match='"other"'), 412, "precondition_failed")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-0", 0, 0), ("5-9", 5, 9), ("100-", 100, None), ("-7", -7, None), ("10-999999", 10, None)],
)
def test_a_range_is_answered_with_that_part(
    shared_board: Board, image: dict[str, Any], data: bytes, asked: str, first: int, last: int | None
) -> None:
    response = shared_board.file(image, Range=f"bytes={asked}")
    begin = first % len(data)
    end = len(data) - 1 if last is None else last
    assert response.status_code == 206
    assert response.data == data[begin : end + 1]
    assert response.headers["Content-Range"] == f"bytes {begin}-{end}/{len(data)}"
    assert response.headers["Content-Length"] == str(end + 1 - begin)


@pytest.mark.parametrize("asked", ["0-1,4-5", "x", "5-2", ""])
def test_several_ranges_and_nonsense_are_answered_with_the_whole(
    shared_board: Board, image: dict[str, Any], data: bytes, asked: str
) -> None:
    response = shared_board.file(image, Range=f"bytes={asked}")
    assert (response.status_code, response.data) == (200, data)


def test_an_unknown_unit_is_answered_with_the_whole(shared_board: Board, image: dict[str, Any]) -> None:
    assert shared_board.file(image, Range="lines=1-2").status_code == 200


def test_a_range_outside_says_how_many_bytes_there_are(shared_board: Board, image: dict[str, Any], data: bytes) -> None:
    response = shared_board.file(image, Range=f"bytes={len(data)}-")
    assert_error(response, 416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{len(data)}"


def test_a_range_counts_only_if_the_bytes_are_the_same(shared_board: Board, image: dict[str, Any], data: bytes) -> None:
    assert shared_board.file(image, Range="bytes=0-4", If_Range=f'"{image["hash"]}"').status_code == 206
    assert shared_board.file(image, Range="bytes=0-4", If_Range='"other"').data == data


@pytest.mark.parametrize("image_id", ["01890000-0000-7000-8000-000000000000", "no-id", "0" * 32, "%00"])
def test_the_bytes_of_no_image_are_not_found(shared_board: Board, image_id: str) -> None:
    assert_error(shared_board.get(f"/images/{image_id}/file"), 404, "image_not_found")


def test_lost_bytes_are_a_storage_error(board: Board, objects: Objects) -> None:
    image = board.added()
    objects.delete(image["hash"])
    assert_error(board.file(image), 500, "storage_error")


def test_bytes_that_are_too_few_are_a_storage_error(board: Board, objects: Objects, data: bytes) -> None:
    image = board.added(data=data)
    objects.put(image["hash"], data[:-1])
    assert_error(board.file(image), 500, "storage_error")


@pytest.mark.parametrize(
    ("address", "allowed", "trusted"),
    [
        ("127.0.0.1", None, True),
        ("10.1.2.3", None, False),
        ("10.1.2.3", ["192.0.2.1", "10.0.0.0/8"], True),
        ("::1", ["10.0.0.0/8"], False),
        ("203.0.113.9", ["*"], True),
        ("", ["192.0.2.1"], True),  # a unix socket
    ],
)
def test_headers_of_the_proxy_count_only_from_its_addresses(
    shared_board: Board,
    image: dict[str, Any],
    data: bytes,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    allowed: list[str] | None,
    trusted: bool,
) -> None:
    if allowed:
        monkeypatch.setitem(shared_board.client.application.config, "FORWARDED_ALLOW_IPS", allowed)
    response = shared_board.get(
        f"/images/{image['id']}/file",
        headers={"X-Sendfile-Type": "X-Accel-Redirect", "X-Request-ID": "from-the-proxy"},
        environ_overrides={"REMOTE_ADDR": address},
    )
    assert response.status_code == 200
    assert ("X-Accel-Redirect" in response.headers) is trusted
    assert response.data == (b"" if trusted else data)
    assert (response.headers["X-Request-ID"] == "from-the-proxy") is trusted


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, "ä", "<id>"])
def test_an_id_of_the_proxy_is_one_word(shared_board: Board, given: str) -> None:
    response = shared_board.get("/health", headers={"X-Request-ID": given.encode().decode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Request-ID"])
