"""A board under a path: every address that it gives out leads back to it."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from tests.board import API, Board, assert_error, form_file, links_of
from tests.pictures import picture
from tests.test_links import Head

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PUBLIC_URL = "https://host.example/board"
WAYS: dict[str, tuple[dict[str, Any], dict[str, str], bool]] = {
    "the proxy removes the path and names it": ({}, {"HTTP_X_FORWARDED_PREFIX": "/board"}, True),
    "the setting names what the proxy removes": ({"PUBLIC_URL": PUBLIC_URL}, {}, True),
    "the setting names what the proxy passes on": ({"PUBLIC_URL": f"{PUBLIC_URL}/"}, {}, False),
    "both name it": ({"PUBLIC_URL": PUBLIC_URL}, {"HTTP_X_FORWARDED_PREFIX": "/board/"}, True),
}


def proxied(app: Flask, headers: dict[str, str], *, removes_path: bool) -> Client:
    """Return a client of a host that serves the board only below /board."""

    def proxy(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["PATH_INFO"].startswith("/board/"), environ["PATH_INFO"]
        if removes_path:
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/board")
        return app.wsgi_app({**environ, **headers}, start_response)

    return Client(proxy)


@pytest.fixture(params=WAYS, ids=str)
def client_below(request: pytest.FixtureRequest, another: Callable[..., Flask], app: Flask) -> Client:
    """A client of a board at /board, for each way to tell the board its path."""
    changed, headers, removes_path = WAYS[request.param]
    return proxied(another(**changed) if changed else app, headers, removes_path=removes_path)


def addresses_in(page: str) -> set[str]:
    """Return all addresses that a document links or loads."""
    return {address.replace("&amp;", "&") for address in re.findall(r'(?:src|href|data-document)="([^"#]+)"', page)}


def test_the_links_of_an_image_lead_to_it(board: Board, client_below: Client) -> None:
    image = board.added(tags="cat")
    page = client_below.get(f"/board/i/{image['id']}").text
    meta, links = Head(page).meta, Head(page).links
    assert meta["og:url"] == links["canonical"]
    assert meta["og:url"] in (f"{PUBLIC_URL}/i/{image['id']}", f"http://localhost/board/i/{image['id']}")
    assert meta["og:image"] == f"{meta['og:url']}.png"
    assert {urlsplit(address).path for address in addresses_in(page)} >= {"/board/", f"/board/i/{image['id']}.png"}
    for address in addresses_in(page):
        with client_below.get(address) as response:
            assert response.status_code == 200, address
    described = client_below.get(links["application/json+oembed"]).get_json()
    assert (described["url"], described["provider_url"] + f"i/{image['id']}") == (meta["og:image"], meta["og:url"])
    assert client_below.get(described["thumbnail_url"]).mimetype == "image/webp"


def test_lists_and_new_images_are_at_their_addresses(client_below: Client) -> None:
    ids = []
    for _ in range(3):
        new = client_below.post(f"/board{API}/images", data={"file": form_file(picture())})
        ids.append(client_below.get(new.headers["Location"]).get_json()["id"])
    path, found = f"/board{API}/images?limit=1", []
    while path:
        page = client_below.get(path)
        found += [image["id"] for image in page.get_json()["items"]]
        path = links_of(page).get("next", "")
    assert found == ids[::-1]


def test_documents_load_everything_from_there(client_below: Client) -> None:
    for path in ("/board/", f"/board{API}/docs", "/board/i/gone"):
        with client_below.get(path, headers={"Accept": "text/html"}) as page:
            addresses = addresses_in(page.get_data(as_text=True))
        assert len(addresses) > 2
        for address in addresses:
            resolved = address if address.startswith("/") else f"/board/{address.removeprefix('./')}"
            with client_below.get(resolved) as response:
                assert response.status_code == 200, address


def test_the_document_says_where_its_paths_begin(client_below: Client, client: FlaskClient) -> None:
    assert client_below.get(f"/board{API}/openapi.json").get_json()["servers"] == [{"url": "/board"}]
    assert client.get(f"{API}/openapi.json").get_json()["servers"] == [{"url": "/"}]


def test_a_board_at_a_path_still_answers_without_it(another: Callable[..., Flask], board: Board) -> None:
    """Monitoring uses such addresses, and so do requests to gunicorn from its own machine."""
    board.added()
    client = another(PUBLIC_URL=PUBLIC_URL).test_client()
    page = client.get(f"{API}/images?limit=1")
    assert page.get_json()["total"] == 1
    assert client.get(f"{API}/health").status_code == 200
    for path in ("/boardx/", "/boar/", "/board/board/"):
        assert_error(client.get(path), 404, "not_found")
    without_slash = client.get("/board")
    assert (without_slash.status_code, without_slash.headers["Location"]) == (308, "http://localhost/board/")


def said(client: FlaskClient, image: dict[str, Any], headers: dict[str, str], address: str = "") -> list[str]:
    """Return the board's addresses of itself: in a page, an error, a list and the API document."""
    paths = (f"/i/{image['id']}", "/none", f"{API}/images?limit=1", f"{API}/openapi.json")
    answers = [
        client.get(path, headers={"Accept": "text/html", **headers}, environ_overrides={"REMOTE_ADDR": address})
        for path in paths
    ]
    return [answer.text + answer.headers.get("Link", "") for answer in answers]


def test_only_a_trusted_proxy_is_believed(another: Callable[..., Flask], board: Board) -> None:
    images = [board.added() for _ in range(2)]
    client = another(FORWARDED_ALLOW_IPS=["10.0.0.0/8"]).test_client()
    forged = {"X-Forwarded-Prefix": "/evil"}
    for address, believed in (("203.0.113.9", False), ("127.0.0.1", False), ("10.1.2.3", True), ("", True)):
        assert [believed] * 4 == ["/evil" in text for text in said(client, images[0], forged, address)], address


@pytest.mark.parametrize(
    "prefix",
    [
        "board", "//evil.example", "/\\evil.example", "https://evil.example", "/..", "/a/../b", "/.", "/a//b", "/a, /b",
        "/a b", '/"><script>', "/a?b", "/a#b", "/%2e%2e", "/a%0d%0aX: y", "/{x}", "/böse", "/a\tb", "//",
    ],
)  # fmt: skip
def test_a_malformed_prefix_is_refused(client: FlaskClient, prefix: str) -> None:
    for path in ("/", f"{API}/images", "/none"):
        refused = client.get(path, headers={"X-Forwarded-Prefix": prefix})
        assert_error(refused, 400, "bad_request", about="X-Forwarded-Prefix")
        assert "evil" not in refused.text


@pytest.mark.parametrize("prefix", ["", "/"])
def test_an_empty_prefix_changes_nothing(client: FlaskClient, board: Board, prefix: str) -> None:
    images = [board.added() for _ in range(2)]
    assert said(client, images[0], {"X-Forwarded-Prefix": prefix}) == said(client, images[0], {})
