"""A board with tokens behind nginx: clients without one cannot fill its disk or find images."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask

from tests.board import assert_error
from tests.drawings import drawing
from tests.pictures import padded, picture
from tests.servers import Gunicorn, Nginx, eventually, needs_nginx

pytestmark = [
    pytest.mark.slow,
    needs_nginx,
    pytest.mark.skipif(sys.platform != "linux", reason="the files of another process are read from /proc"),
]

MIB = 1024 * 1024
PAGES = "https://pages.example"
TOKEN = {"Authorization": "Bearer right"}
TIMEOUT = 60  # seconds
UPLOAD, LOOK = "/api/v1/images", "/api/v1/images/similar"


@pytest.fixture(scope="module")
def session_guarded(environment: dict[str, str]) -> Iterator[tuple[Nginx, Gunicorn]]:
    more = {"API_TOKENS": "right", "READING": "links", "CORS_ORIGINS": PAGES, "TRUSTED_HOSTS": "board.example"}
    with Gunicorn.running({**os.environ, **environment, **more}) as gunicorn, Nginx.running(gunicorn.socket) as nginx:
        yield nginx, gunicorn


@pytest.fixture
def guarded(app: Flask, session_guarded: tuple[Nginx, Gunicorn]) -> Nginx:
    """A board behind nginx that asks for a token, except for one image by its link."""
    return session_guarded[0]


def upload(nginx: Nginx, data: bytes, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{nginx.url}/images", files={"file": ("a.png", data)}, headers=named, timeout=TIMEOUT)


def body_bytes(nginx: Nginx) -> int:
    """The size of all bodies that nginx has on disk, in deleted files that are still open."""
    found = 0
    for process in nginx.process.children():
        for file in Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                if str(file.readlink()).startswith(str(nginx.folder / "body")):
                    found += file.stat().st_size
    return found


def begin_upload(nginx: Nginx, head: str, data: bytes, method: str = "POST", path: str = UPLOAD) -> socket.socket:
    """Send the head of an upload and some of its body, as far as nginx takes it."""
    parts = urlsplit(nginx.url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT)
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n".encode())
    connection.sendall(data)
    return connection


BEGUN = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {50 * MIB}"
CHUNKED = "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked"


@pytest.mark.parametrize("path", [UPLOAD, LOOK])
@pytest.mark.parametrize("head", [BEGUN, f"{BEGUN}\r\nAuthorization: Bearer wrong", CHUNKED])
def test_a_body_without_a_token_is_not_kept(guarded: Nginx, head: str, path: str) -> None:
    data = b"100000\r\n" + bytes(MIB) + b"\r\n" if "chunked" in head else bytes(MIB)
    for _ in range(6):
        with begin_upload(guarded, head, data, path=path) as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
            connection.sendall(data)  # nginx still reads it
            assert body_bytes(guarded) == 0


@pytest.mark.parametrize("path", [UPLOAD, LOOK])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_search_with_a_body_is_not_kept(guarded: Nginx, method: str, path: str) -> None:
    for head, data in ((BEGUN, bytes(MIB)), (CHUNKED, b"400000\r\n" + bytes(4 * MIB))):
        with begin_upload(guarded, head, data, method, path) as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
            assert body_bytes(guarded) <= MIB


@pytest.mark.parametrize("query", ["", "?limit=1&tags=a%2Cb,c", "?tags=%00", "?order=random&seed=1&cursor=%ff"])
def test_a_search_is_passed_on_as_it_is(guarded: Nginx, session_guarded: tuple[Nginx, Gunicorn], query: str) -> None:
    through, direct = (
        requests.get(f"{url}/images{query}", headers=TOKEN, timeout=TIMEOUT)
        for url in (guarded.url, session_guarded[1].url)
    )
    assert through.status_code in (200, 422)
    assert (through.status_code, through.content) == (direct.status_code, direct.content)
    assert through.headers.get("Link") == direct.headers.get("Link")


def test_a_body_with_a_token_is_buffered(guarded: Nginx) -> None:
    """Otherwise, the tests above would prove nothing."""
    with begin_upload(guarded, f"{BEGUN}\r\nAuthorization: Bearer right", bytes(2 * MIB)):
        assert eventually(lambda: body_bytes(guarded) > MIB)


def test_a_picture_of_three_megabytes_is_searched_for(guarded: Nginx) -> None:
    look = drawing(0).pngsave_buffer() + bytes(3 * MIB)
    image = upload(guarded, look, Authorization="Bearer right").json()

    def found() -> list[str]:
        answer = requests.post(f"{guarded.url}/images/similar", files={"file": look}, headers=TOKEN, timeout=TIMEOUT)
        return [found["id"] for found in answer.json()["items"]]

    assert eventually(lambda: found() == [image["id"]])
    assert_error(
        requests.get(f"{guarded.url}/images/similar", headers=TOKEN, timeout=TIMEOUT), 405, "method_not_allowed"
    )
    preflight = {"Origin": PAGES, "Access-Control-Request-Method": "POST"}
    allowed = requests.options(f"{guarded.url}/images/similar", headers=preflight, timeout=TIMEOUT)
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, PAGES)


@pytest.mark.parametrize("size", [1000, 50 * MIB, 200 * MIB])
def test_a_client_without_a_token_can_read_why(guarded: Nginx, size: int) -> None:
    for token in ({}, {"Authorization": "Bearer wrong"}):
        refused = upload(guarded, bytes(size), **token)
        assert_error(refused, 401, "unauthorized")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert len(refused.headers["X-Request-ID"]) == 32


def test_many_uploads_without_a_token_use_no_disk(guarded: Nginx) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(upload, guarded, bytes(50 * MIB)) for _ in range(6)]
        peak = 0
        while not all(answer.done() for answer in answers):
            peak = max(peak, body_bytes(guarded))
    assert {answer.result().status_code for answer in answers} == {401}
    assert peak == 0


def test_a_client_with_a_token_uploads_as_before(guarded: Nginx) -> None:
    data = padded(3 * MIB)
    new = upload(guarded, data, Authorization="Bearer right")
    assert (new.status_code, new.json()["size_bytes"]) == (201, len(data))
    assert upload(guarded, data, Authorization="Bearer right").status_code == 200
    assert_error(upload(guarded, bytes(80 * MIB), Authorization="Bearer right"), 422, "file_too_large")
    assert requests.get(f"{guarded.url}/images", headers=TOKEN, timeout=TIMEOUT).json()["total"] == 1
    assert requests.head(f"{guarded.url}/images?limit=1", headers=TOKEN, timeout=TIMEOUT).status_code == 200


def test_a_client_without_a_token_finds_nothing_and_a_link_shows_its_image(guarded: Nginx) -> None:
    data = picture()
    image = upload(guarded, data, Authorization="Bearer right").json()
    for path in ("/images", f"/images?hash={image['hash']}", "/tags"):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            refused = requests.get(f"{guarded.url}{path}", headers={**headers, "Origin": PAGES}, timeout=TIMEOUT)
            assert_error(refused, 401, "unauthorized")
            assert refused.raw.headers.getlist("Access-Control-Allow-Origin") == [PAGES]
    link = f"{guarded.url}/images/{image['id']}"
    for _ in range(2):  # nginx fetches the bytes, and then has them
        assert requests.get(f"{link}/file", timeout=TIMEOUT).content == data
        assert requests.get(f"{link}/thumbnail", timeout=TIMEOUT).status_code == 200
    assert requests.get(link, timeout=TIMEOUT).json()["id"] == image["id"]


def test_a_page_of_another_site_is_refused(guarded: Nginx) -> None:
    for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}):
        assert_error(upload(guarded, bytes(3 * MIB), Authorization="Bearer right", **headers), 403, "cross_origin")


def test_a_page_that_is_let_in_can_read_why_it_is_refused(guarded: Nginx) -> None:
    refused = upload(guarded, picture(), Origin=PAGES)
    assert_error(refused, 401, "unauthorized")
    assert refused.headers["Access-Control-Allow-Origin"] == PAGES
    assert "X-Request-ID" in refused.headers["Access-Control-Expose-Headers"]
    new = upload(guarded, picture(), Origin=PAGES, Authorization="Bearer right")
    assert new.status_code == 201
    assert new.raw.headers.getlist("Access-Control-Allow-Origin") == [PAGES]
    asked = {"Origin": PAGES, "Access-Control-Request-Method": "POST"}
    assert requests.options(f"{guarded.url}/images", headers=asked, timeout=TIMEOUT).status_code == 200


def test_a_foreign_host_without_a_token_uses_no_disk_and_with_one_is_named(guarded: Nginx) -> None:
    assert upload(guarded, bytes(3 * MIB), Host="evil.example").status_code == 401
    assert_error(upload(guarded, bytes(3 * MIB), Host="evil.example", Authorization="Bearer right"), 400, "bad_request")
    assert upload(guarded, picture(), Host="board.example", Authorization="Bearer right").status_code == 201


@pytest.mark.parametrize("path", ["/images", "/images/similar"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X-Long": "x" * 9000}, 431), ({f"X-{number}": "x" for number in range(110)}, 431), ({"X-Odd": "\x01"}, 400)],
)
def test_what_is_wrong_with_the_headers_of_an_upload_is_said(
    guarded: Nginx, headers: dict[str, str], status: int, path: str
) -> None:
    files = {"file": ("a.png", picture())}
    response = requests.post(f"{guarded.url}{path}", files=files, headers={**TOKEN, **headers}, timeout=TIMEOUT)
    assert_error(response, status, {400: "bad_request", 431: "request_header_fields_too_large"}[status])


def test_a_client_cannot_send_the_subrequest_of_nginx(guarded: Nginx) -> None:
    url = guarded.url.replace("/api/v1", "/may-write")
    for method in ("GET", "POST"):
        assert_error(requests.request(method, url, timeout=TIMEOUT), 404, "not_found")
