"""Links of images, as chat programs unfold them."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pyvips
from flask import Flask
from flask.testing import FlaskClient

from tests.board import API, Board, assert_error
from tests.pictures import animation, padded, picture
from tests.servers import PATIENCE, Gunicorn, Nginx, needs_nginx


class Head(HTMLParser):
    """The metadata in the head of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and "content" in given:
            self.meta[given.get("property") or given["name"]] = given["content"]
        if tag == "link":
            self.links[given.get("type", given["rel"])] = given["href"]


@pytest.fixture(scope="module")
def image(shared_board: Board) -> dict[str, Any]:
    """An image that tests only read, by `reader`."""
    data = animation("gif", width=640, height=400)
    return shared_board.added(data=data, declared="image/gif", filename="nod.gif", tags="yes,nodding")


@pytest.fixture
def reader(shared_board: Board) -> FlaskClient:
    return shared_board.client


def test_a_link_unfolds_with_the_picture(reader: FlaskClient, image: dict[str, Any]) -> None:
    response = reader.get(f"/i/{image['id']}")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    head = Head(response.text)
    file = f"http://localhost/i/{image['id']}.gif"
    assert head.meta["og:title"] == head.meta["twitter:title"] == "nodding, yes"
    assert head.meta["og:url"] == head.links["canonical"] == f"http://localhost/i/{image['id']}"
    assert head.meta["og:image"] == head.meta["twitter:image"] == file
    assert (head.meta["og:image:width"], head.meta["og:image:height"]) == ("640", "400")
    assert head.meta["og:image:type"] == "image/gif"
    assert head.meta["twitter:card"] == "summary_large_image"
    assert reader.get(urlsplit(file).path).status_code == 200


def test_the_link_names_a_description_that_can_be_asked_for(reader: FlaskClient, image: dict[str, Any]) -> None:
    address = Head(reader.get(f"/i/{image['id']}").text).links["application/json+oembed"]
    assert parse_qs(urlsplit(address).query) == {"url": [f"http://localhost/i/{image['id']}"]}
    answer = reader.get(address.removeprefix("http://localhost")).get_json()
    small = f"http://localhost{API}/images/{image['id']}/thumbnail"
    assert answer == {
        "version": "1.0",
        "type": "photo",
        "title": "nodding, yes",
        "provider_name": "Reaction Image Board",
        "provider_url": "http://localhost/",
        "url": f"http://localhost/i/{image['id']}.gif",
        "width": 640,
        "height": 400,
        "thumbnail_url": small,
        "thumbnail_width": 320,
        "thumbnail_height": 200,
    }


def described(client: FlaskClient, **query: object) -> Any:
    return client.get(f"{API}/oembed", query_string=query)


@pytest.mark.parametrize("bound", [{"maxwidth": 639}, {"maxheight": 399}, {"maxwidth": 320, "maxheight": 200}])
def test_a_picture_that_is_too_large_is_described_by_its_thumbnail(
    reader: FlaskClient, image: dict[str, Any], bound: dict[str, int]
) -> None:
    answer = described(reader, url=f"http://localhost/i/{image['id']}", **bound).get_json()
    assert (answer["url"], answer["width"], answer["height"]) == (answer["thumbnail_url"], 320, 200)
    thumbnail = reader.get(urlsplit(answer["url"]).path).data
    decoded = pyvips.Image.new_from_buffer(thumbnail, "")
    assert (decoded.width, decoded.height) == (320, 200)


@pytest.mark.parametrize("url", ["http://x/?tags=yes&image={0}", "http://x?image={0}", "http://x/i/{0}.gif?v=1"])
def test_the_address_of_an_opened_image_and_its_direct_link_are_described_too(
    reader: FlaskClient, image: dict[str, Any], url: str
) -> None:
    answer = described(reader, url=url.format(image["id"])).get_json()
    assert answer["title"] == "nodding, yes"


def test_a_picture_that_fits_is_described_itself(reader: FlaskClient, image: dict[str, Any]) -> None:
    answer = described(reader, url=f"http://x/i/{image['id']}", maxwidth=640, maxheight=400, format="json").get_json()
    assert (answer["width"], answer["height"]) == (640, 400)


@pytest.mark.parametrize("size", [(640, 480), (300, 900), (321, 1), (1, 1), (999, 333)])
def test_the_size_of_a_thumbnail_is_known_before_it_is_made(
    board: Board, client: FlaskClient, size: tuple[int, int]
) -> None:
    image = board.added(data=picture("png", *size))
    answer = described(client, url=f"/i/{image['id']}").get_json()
    decoded = pyvips.Image.new_from_buffer(board.get(f"/images/{image['id']}/thumbnail").data, "")
    assert (answer["thumbnail_width"], answer["thumbnail_height"]) == (decoded.width, decoded.height)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://localhost/i/nothing",
        "http://localhost/x/{0}",
        "http://[",
        "x",
        "/i/{0}/more",
        "/i/{0}.exe",
        "/i/{0}.png",  # it is a GIF
    ],
)
def test_other_links_are_not_described(reader: FlaskClient, image: dict[str, Any], url: str) -> None:
    assert_error(described(reader, url=url.format(image["id"])), 404, "image_not_found")


@pytest.mark.parametrize(
    ("bound", "expected"), [({"maxwidth": 100}, (100, 62)), ({"maxheight": 50}, (80, 50)), ({"maxwidth": 1}, (1, 1))]
)
def test_a_size_that_is_asked_for_is_never_exceeded(
    reader: FlaskClient, image: dict[str, Any], bound: dict[str, int], expected: tuple[int, int]
) -> None:
    answer = described(reader, url=f"/i/{image['id']}", **bound).get_json()
    assert (answer["width"], answer["height"]) == (answer["thumbnail_width"], answer["thumbnail_height"]) == expected


def test_what_consumers_add_is_ignored_and_xml_is_not_spoken(reader: FlaskClient, image: dict[str, Any]) -> None:
    assert described(reader, url=f"/i/{image['id']}", dnt=1).status_code == 200
    assert_error(described(reader, url=f"/i/{image['id']}", format="xml"), 422, "validation_error", about="format: ")


def test_a_file_that_chat_programs_do_not_fetch_unfolds_by_its_thumbnail(board: Board, client: FlaskClient) -> None:
    image = board.added(data=padded(5_000_001))
    head = Head(client.get(f"/i/{image['id']}").text)
    address = head.meta["og:image"]
    assert address == f"http://localhost{API}/images/{image['id']}/preview"
    size = (int(head.meta["og:image:width"]), int(head.meta["og:image:height"]))
    for accepted, mime_type in (("*/*", "image/jpeg"), ("image/webp,*/*", "image/webp")):
        response = client.get(urlsplit(address).path, headers={"Accept": accepted})
        assert response.mimetype == head.meta.get("og:image:type", mime_type) == mime_type
        decoded = pyvips.Image.new_from_buffer(response.data, "")
        assert (decoded.width, decoded.height) == size


@pytest.mark.parametrize("query", [{}, {"url": "/i/x", "maxwidth": "0"}])
def test_an_invalid_oembed_request_is_refused(reader: FlaskClient, query: dict[str, str]) -> None:
    assert_error(described(reader, **query), 422, "validation_error")


@pytest.mark.parametrize("image_id", ["01890000-0000-7000-8000-000000000000", "x"])
def test_an_unknown_image_has_no_page(reader: FlaskClient, image_id: str) -> None:
    assert_error(reader.get(f"/i/{image_id}"), 404, "image_not_found")


def test_names_cannot_break_out_of_the_page(client: FlaskClient, board: Board) -> None:
    image = board.added(filename='<script>alert(1)</script>".png')
    text = client.get(f"/i/{image['id']}").text
    assert text.count("<script") == 1  # that of the share button
    assert "alert(1)" not in text.replace("&lt;script&gt;alert(1)", "")


def test_links_for_others_begin_with_public_url(another: Callable[..., Flask], board: Board) -> None:
    image = board.added()
    other = another(PUBLIC_URL="https://board.example/reactions/").test_client()
    head = Head(other.get(f"/i/{image['id']}").text)
    assert head.meta["og:url"] == f"https://board.example/reactions/i/{image['id']}"
    assert head.meta["og:image"] == f"https://board.example/reactions/i/{image['id']}.png"


@pytest.mark.slow
@needs_nginx
def test_without_it_the_proxy_says_how_the_request_came(gunicorn: Gunicorn, board: Board, http: Any) -> None:
    image = board.added()
    with Nginx.running(gunicorn.socket) as nginx:
        for url in (nginx.url, nginx.url_below):
            page = f"{url.removesuffix(API)}/i/{image['id']}"
            assert Head(http.get(page, timeout=PATIENCE).text).meta["og:url"] == page


@pytest.mark.parametrize("path", ["/", "/i/{0}", "/?tags=cat&image=x"])
def test_pages_have_a_strict_policy_and_no_inline_code(reader: FlaskClient, image: dict[str, Any], path: str) -> None:
    with reader.get(path.format(image["id"])) as response:
        text, policy = response.get_data(as_text=True), response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-cache"
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", text)
