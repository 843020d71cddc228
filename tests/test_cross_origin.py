"""Pages of other sites: requests that a browser sends for them change nothing on the board."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from tests.board import API, Board, assert_error
from tests.browser import CHROMIUM, chromium
from tests.pictures import picture
from tests.servers import Gunicorn

PAGES = "https://pages.example"
ID = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def open_to_pages(another: Callable[..., Flask]) -> FlaskClient:
    """A board with a public name that allows writes from some origins."""
    settings = {"CORS_ORIGINS": [PAGES, "http://[::1]:3000"], "PUBLIC_URL": "https://board.example/reactions"}
    return another(**settings).test_client()


def write(client: FlaskClient, **headers: str) -> int:
    """Return the status of a delete. It is 404 if the request is allowed."""
    return client.delete(f"{API}/images/{ID}", headers=named(headers)).status_code


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


OWN = [
    {},
    {"Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "none"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "https://board.behind.a.proxy.example"},  # which Host does not name
    {"Sec_Fetch_Site": "", "Origin": "http://localhost"},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost:80"},
    {"Origin": "https://localhost"},  # a proxy terminates TLS
    {"Origin": "http://localhost", "Host": "localhost:80"},
    {"Origin": "https://localhost", "Host": "localhost:443"},
    {"Origin": "HTTP://LocalHost:8000", "Host": "LOCALHOST:8000"},
    {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"},
    {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
    {"Origin": "https://[2001:db8::1]", "Host": "[2001:db8::1]"},
]
FOREIGN = [
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec_Fetch_Site": "CROSS-SITE"},
    {"Sec_Fetch_Site": "same-origin, cross-site"},
    {"Sec_Fetch_Site": "nonsense"},
    *(
        {"Origin": origin}
        for origin in (
            "null", "https://evil.example", "http://evil.example:80", "http://localhost:8000", "https://localhost:80",
            "http://localhost.evil.example", "http://evil.example/localhost", "http://localhost@evil.example",
            "http://evil.example#@localhost", "http://localhost#", "http://localhost/", "http://user@localhost",
            "localhost", "//localhost", "http:localhost", "http://", "http://localhost:", "http://localhost:99999",
            "http://localhost:x", "http://localhost, http://evil.example", "http://localhost http://evil.example",
            "ftp://localhost", "chrome-extension://localhost", "file://", "http://[::1", "http://[::1]", "nonsense",
            "http://localhost\\evil.example", "http://127.0.0.1", "http://x.localhost", PAGES, "https://board.example",
        )
    ),
    {"Origin": "http://127.0.0.1", "Host": "127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1:8000", "Host": "localhost:8000"},  # the same machine, and another origin
    {"Origin": "http://[::1]:8001", "Host": "[::1]:8000"},
]  # fmt: skip


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_a_page_of_the_board_may_write(client: FlaskClient, headers: dict[str, str]) -> None:
    assert write(client, **headers) == 404


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_another_site_may_not_write(client: FlaskClient, headers: dict[str, str]) -> None:
    assert_error(client.delete(f"{API}/images/{ID}", headers=named(headers)), 403, "cross_origin")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/nope", f"{API}/images", f"{API}/images/tags", f"{API}/images/delete", f"{API}/images/{ID}/tags"),
        f"{API}/images/similar",
        *(f"{API}/tags/cat/aliases", f"{API}/tags/cat/merge"),
    ],
)
def test_every_write_on_every_path_is_refused(client: FlaskClient, path: str, method: str) -> None:
    response = client.open(path, method=method, headers={"Sec-Fetch-Site": "cross-site"})
    assert_error(response, 403, "cross_origin")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_not_affected(client: FlaskClient, method: str, headers: dict[str, str]) -> None:
    assert client.open(f"{API}/tags", method=method, headers=named(headers)).status_code == 200


def test_named_origins_may_write(open_to_pages: FlaskClient) -> None:
    for site in ({}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
        for origin in (PAGES, "http://[::1]:3000"):
            assert write(open_to_pages, Origin=origin, **site) == 404
        for origin in ("https://evil.example", f"{PAGES}.evil.example", f"{PAGES}:444", "http://pages.example", "null"):
            assert write(open_to_pages, Origin=origin, **site) == 403
        # These would match if the brackets were part of a regular expression.
        for origin in ("http://1:3000", "http://:3000", "http://1:3000.evil.example"):
            assert write(open_to_pages, Origin=origin, **site) == 403
            answer = open_to_pages.get(f"{API}/tags", headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert write(open_to_pages, Sec_Fetch_Site="cross-site") == 403


def test_the_origin_of_public_url_is_the_board(open_to_pages: FlaskClient) -> None:
    """A proxy may replace Host, and browsers on plain networks send no fetch metadata."""
    assert write(open_to_pages, Origin="https://board.example", Host="127.0.0.1:8000") == 404
    assert write(open_to_pages, Origin="https://board.example:443", Host="127.0.0.1:8000") == 404
    for origin in ("http://board.example", "https://board.example:8443", "https://x.board.example"):
        assert write(open_to_pages, Origin=origin, Host="127.0.0.1:8000") == 403


def test_all_origins_may_be_named(another: Callable[..., Flask]) -> None:
    client = another(CORS_ORIGINS=["*"]).test_client()
    assert write(client, Origin="https://evil.example", Sec_Fetch_Site="cross-site") == 404


def test_a_token_does_not_let_a_foreign_page_in(another: Callable[..., Flask]) -> None:
    client = another(API_TOKENS=["right"]).test_client()
    headers = {"Authorization": "Bearer right", "Sec-Fetch-Site": "cross-site"}
    assert_error(client.delete(f"{API}/images/{ID}", headers=headers), 403, "cross_origin")


def test_a_refused_upload_can_read_why_and_leaves_nothing(gunicorn: Gunicorn, http: requests.Session) -> None:
    files = {"file": ("a.png", picture() + bytes(5_000_000))}
    answer = http.post(f"{gunicorn.url}/images", files=files, headers={"Origin": "null"}, timeout=20)
    assert_error(answer, 403, "cross_origin")
    assert http.get(f"{gunicorn.url}/images", timeout=20).json()["total"] == 0


class ForeignPage(BaseHTTPRequestHandler):
    """A page on another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def foreign_page() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ForeignPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


PLANT = """async ([url, data]) => {
    const form = new FormData();
    form.append("file", new Blob([Uint8Array.from(data)], {type: "image/png"}), "planted.png");
    await fetch(url, {method: "POST", mode: "no-cors", body: form});
}"""
SUBMIT = """url => {
    const form = document.createElement("form");
    Object.assign(form, {method: "POST", action: url, enctype: "multipart/form-data"});
    document.body.append(form);
    form.submit();
}"""


@pytest.mark.slow
@pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium on this machine: apt install chromium-headless-shell"
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])  # same-site and cross-site
def test_a_browser_cannot_be_made_to_plant_an_image(
    browser: Browser, gunicorn: Gunicorn, board: Board, foreign_page: int, host: str
) -> None:
    page = browser.new_page()
    page.goto(f"http://{host}:{foreign_page}/")
    answers: list[Any] = []
    page.on("response", lambda response: answers.append(response.status))
    page.evaluate(PLANT, [f"{gunicorn.url}/images", list(picture())])
    with page.expect_navigation():
        page.evaluate(SUBMIT, f"{gunicorn.url}/images")
    assert "cross_origin" in page.content()
    page.close()
    assert answers[:2] == [403, 403]
    assert board.search()["total"] == 0
