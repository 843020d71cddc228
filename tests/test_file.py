"""GET /images/{id}/file."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, update
from werkzeug.http import parse_options_header

from reaction_board.database.tables import images
from tests.board import Board, Objects, assert_error
from tests.pictures import MIME_TYPES, padded, picture
from tests.rfc_9110 import SIZE, hold_to_the_rfc

pytestmark = pytest.mark.both_stores


class Untouchable:
    """A store that must not be used."""

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
    """Replace the board's store with one that must not be used."""
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


def test_no_response_mentions_the_store(shared_board: Board, image: dict[str, Any]) -> None:
    response = shared_board.file(image)
    known = {"Content-Type", "Content-Length", "ETag", "Last-Modified", "Cache-Control", "X-Content-Type-Options"}
    known |= {"Content-Disposition", "Content-Security-Policy", "Accept-Ranges", "Date", "X-Request-ID"}
    assert set(response.headers.keys()) <= known


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("my cat.png", 'inline; filename="my cat.png"'),
        ('a"; filename="evil.exe', 'inline; filename="a\\"; filename=\\"evil.exe.png"'),
        ("a\\", 'inline; filename="a\\\\.png"'),
        ("猫.png", "inline; filename=image.png; filename*=UTF-8''%E7%8C%AB.png"),
        ("猫 (1).png", "inline; filename=\"(1).png\"; filename*=UTF-8''%E7%8C%AB%20%281%29.png"),
        (
            "👨\u200d👩\u200d👧.png",
            "inline; filename=image.png; filename*=UTF-8''%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7.png",
        ),
        (".png", "inline; filename=image.png"),
        (".hidden.png", "inline; filename=hidden.png"),
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


@pytest.mark.parametrize(
    ("filename", "in_ascii"),
    [
        ("．．／．．／passwd.png", "_.._passwd.png"),
        ("＼＼host＼x.png", "__host_x.png"),
        ("C：℀.png", "C_a_c.png"),
        ("ａ％２２＂b.png", "a_22_b.png"),
        ("猫_猫.png", "image.png"),
    ],
)
def test_a_name_in_ascii_has_no_path_and_no_escapes(board: Board, filename: str, in_ascii: str) -> None:
    disposition = board.file(board.added(filename=filename)).headers["Content-Disposition"]
    assert disposition == f"inline; filename={in_ascii}; filename*=UTF-8''{quote(filename)}"


@pytest.mark.parametrize(
    ("kind", "filename", "saved"),
    [
        ("png", "blob", "blob.png"),
        ("jpg", "x.jpg_large", "x.jpg"),
        ("png", "y.png?w=100", "y.png"),
        ("png", "y.png?w=1.5&h=2", "y.png"),
        ("jpg", "photo.png", "photo.jpg"),
        ("webp", "photo.jpeg", "photo.webp"),
        ("jpg", "photo.JPEG", "photo.JPEG"),
        ("jpg", "photo.jfif", "photo.jfif"),
        ("jpg", "image.jpg.webp", "image.jpg"),
        ("gif", "release 1.2", "release 1.2.gif"),
        ("gif", "page.html", "page.html.gif"),
        ("gif", "holiday.gifs", "holiday.gifs.gif"),
        ("gif", "x" * 255, "x" * 251 + ".gif"),
    ],
)
def test_a_download_has_an_extension_that_fits_and_the_record_keeps_its_name(
    board: Board, kind: str, filename: str, saved: str
) -> None:
    image = board.added(data=picture(kind), filename=filename)
    assert image["filename"] == filename
    options = parse_options_header(board.file(image).headers["Content-Disposition"])[1]
    assert options["filename"] == saved


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


@pytest.mark.parametrize("condition", ["If_None_Match", "If_Modified_Since"])
@pytest.mark.usefixtures("image")
def test_a_client_that_has_the_bytes_gets_304_without_the_store(
    shared_board: Board, image: dict[str, Any], request: pytest.FixtureRequest, condition: str
) -> None:
    known = shared_board.file(image).headers
    request.getfixturevalue("store_forbidden")
    validator = known["ETag" if condition == "If_None_Match" else "Last-Modified"]
    response = shared_board.file(image, **{condition: validator}, Range="bytes=0-1")
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == f'"{image["hash"]}"'
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Length" not in response.headers


def test_conditions_and_ranges_are_judged_as_the_rfc_has_it(board: Board) -> None:
    hold_to_the_rfc(board, padded(SIZE))


def test_the_head_of_a_range_is_that_of_the_whole(shared_board: Board, image: dict[str, Any]) -> None:
    response = shared_board.client.head(f"/api/v1/images/{image['id']}/file", headers={"Range": "bytes=0-1"})
    assert response.status_code == 200
    assert response.headers["Content-Length"] == str(image["size_bytes"])


@pytest.mark.parametrize("what", ["file", "thumbnail"])
def test_bytes_are_dated_by_their_image_for_clients_that_keep_copies(
    shared_board: Board, image: dict[str, Any], what: str
) -> None:
    path = f"/images/{image['id']}/{what}"
    date = shared_board.get(path).headers["Last-Modified"]
    created = datetime.fromisoformat(image["created_at"])
    assert parsedate_to_datetime(date) == created.replace(microsecond=0)
    assert shared_board.get(path, headers={"If-Modified-Since": date}).status_code == 304  # as `wget -N` asks


@pytest.mark.parametrize("query", ["v=1", "fbclid=abc&utm_source=x", "v=1&v=2", "%00=%ff", "limit=-1"])
@pytest.mark.parametrize("path", ["/api/v1/images/{0}/file", "/api/v1/images/{0}/thumbnail", "/i/{0}", "/"])
def test_what_other_programs_add_to_an_address_is_ignored(
    shared_board: Board, image: dict[str, Any], path: str, query: str
) -> None:
    address = path.format(image["id"])
    with shared_board.client.get(address) as plain, shared_board.client.get(f"{address}?{query}") as decorated:
        assert decorated.status_code == plain.status_code == 200
        assert decorated.data == plain.data


@pytest.mark.parametrize("image_id", ["01890000-0000-7000-8000-000000000000", "no-id", "0" * 32, "%00"])
def test_the_file_of_an_unknown_image_is_not_found(shared_board: Board, image_id: str) -> None:
    assert_error(shared_board.get(f"/images/{image_id}/file"), 404, "image_not_found")


def test_lost_bytes_are_a_storage_error(board: Board, objects: Objects) -> None:
    image = board.added()
    objects.delete(image["hash"])
    assert_error(board.file(image), 500, "storage_error")


def test_a_truncated_object_is_a_storage_error(board: Board, objects: Objects, data: bytes) -> None:
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
