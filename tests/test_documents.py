"""Every HTML document: its Content-Security-Policy, and that the API reference works under it."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from tests.board import Board, assert_error
from tests.browser import CHROMIUM, chromium
from tests.servers import Gunicorn


def pages_of(app: Flask, board: Board) -> list[str]:
    """Return the paths of all routes that answer a browser with HTML."""
    image = board.added()
    paths = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.arguments <= {"image_id"}:
                _, path = rule.build({"image_id": image["id"]} if rule.arguments else {}) or ("", "")
                paths.append(path)
    return paths


@pytest.mark.parametrize("path", ["/", "/tags", "/static/board/base.css"])
def test_a_failed_condition_is_an_error_without_the_content(client: FlaskClient, path: str) -> None:
    assert_error(client.get(path, headers={"If-Match": '"other"'}), 412, "precondition_failed")


def test_every_document_has_the_policy(app: Flask, client: FlaskClient, board: Board) -> None:
    documents = []
    for path in pages_of(app, board):
        with client.get(path, headers={"Accept": "text/html"}) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff", path
            if response.mimetype == "text/html":
                documents.append(path)
                policy = response.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), path
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert response.headers["Referrer-Policy"] == "same-origin"
                text = response.get_data(as_text=True)
                assert not re.search(r"<style|<script>|<script[^>]*>[^<]|\sstyle=|\son\w+=|javascript:", text), path
    assert {"/", "/tags", "/api/v1/docs"} < set(documents)


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "headers", "status", "says"),
    [
        ("/i/0190b6f5-7f4e-7000-8000-000000000000", {}, 404, "Image not found."),
        ("/no/such<script>", {}, 404, "Nothing is at this path."),
        ("/", {"Host": "evil.example"}, 400, "Host"),
    ],
)
def test_a_browser_that_asks_for_a_page_is_shown_errors_as_one(
    client: FlaskClient, path: str, headers: dict[str, str], status: int, says: str
) -> None:
    response = client.get(path, headers={**BROWSER, **headers})
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert says in response.get_data(as_text=True)
    assert "script>" not in response.get_data(as_text=True)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "Accept" in response.headers["Vary"]
    for other in ({"Accept": "*/*"}, {"Accept": "application/json"}, {}):
        assert client.get(path, headers={**other, **headers}).mimetype == "application/json"


def test_errors_of_the_api_are_json_for_browsers_too(client: FlaskClient) -> None:
    assert client.get("/api/v1/nothing", headers=BROWSER).mimetype == "application/json"


def test_a_redirect_is_a_document_too(client: FlaskClient) -> None:
    for path in ("/api/v1//docs", "//evil.example/", "/i//x"):
        with client.get(path) as response:
            if response.mimetype == "text/html":
                assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


FRAMES = re.compile(r"frame-ancestors ([^;]*)$")


def test_the_picker_can_be_framed_by_the_named_origins_and_nothing_else_can(
    another: Callable[..., Flask], board: Board
) -> None:
    app = another(PICKER_ORIGINS=["https://chat.example", "http://localhost:8080"])
    with app.test_client() as client:
        framed = {}
        for path in pages_of(app, board):
            with client.get(path, headers=BROWSER) as response:
                if response.mimetype == "text/html":
                    [framed[path]] = FRAMES.findall(response.headers["Content-Security-Policy"])
        assert framed.pop("/pick") == "https://chat.example http://localhost:8080"
        assert {"/", "/api/v1/docs"} < set(framed)
        assert set(framed.values()) == {"'none'"}


def test_there_is_no_picker_unless_an_origin_is_named(client: FlaskClient) -> None:
    assert_error(client.get("/pick"), 404, "not_found")
    page = client.get("/pick", headers=BROWSER)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_with_links_the_picker_is_there_without_a_token_and_asks_for_it(another: Callable[..., Flask]) -> None:
    by_links = {"API_TOKENS": ["secret"], "READING": "links"}
    assert_error(another(**by_links).test_client().get("/pick"), 404, "not_found")
    page = another(**by_links, PICKER_ORIGINS=["https://chat.example"]).test_client().get("/pick")
    assert (page.status_code, page.mimetype) == (200, "text/html")


@pytest.mark.parametrize("path", ["/", "/pick"])
def test_a_browser_that_has_the_page_does_not_get_it_again(another: Callable[..., Flask], path: str) -> None:
    client = another(PICKER_ORIGINS=["https://chat.example"]).test_client()
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.slow
@pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium on this machine: apt install chromium-headless-shell"
)
def test_the_page_of_the_api_works_under_the_policy(browser: Browser, gunicorn: Gunicorn) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{gunicorn.url}/docs")
    operation = page.locator(".opblock").filter(has_text="List tags")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status")).to_contain_text("200")
    page.close()
    assert complaints == []
