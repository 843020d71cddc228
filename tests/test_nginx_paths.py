"""A board under a path of a site, in nginx: deploy/nginx-path.conf in front of deploy/nginx.conf."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
import requests

from tests.board import RemoteBoard, assert_error
from tests.pictures import padded
from tests.servers import PATIENCE, Gunicorn, Nginx, needs_nginx
from tests.test_nginx import MIB
from tests.walks import hold_to_the_longest_search

pytestmark = [pytest.mark.slow, needs_nginx, pytest.mark.usefixtures("app")]


@pytest.fixture(scope="module")
def nginx(session_gunicorn: Gunicorn) -> Iterator[Nginx]:
    with Nginx.running(session_gunicorn.socket) as nginx:
        yield nginx


@pytest.fixture
def below(nginx: Nginx) -> RemoteBoard:
    return RemoteBoard(nginx.url_below)


def test_new_images_and_pages_of_a_list_are_where_the_headers_say(below: RemoteBoard) -> None:
    new = [below.upload(filename=f"{number}.png") for number in range(3)]
    assert {response.status_code for response in new} == {201}
    for response in new:
        found = requests.get(urljoin(response.url, response.headers["Location"]), timeout=PATIENCE)
        assert found.json()["id"] == response.json()["id"]
    met, page = [], below.get("/images?limit=1")
    while True:
        met += [image["filename"] for image in page.json()["items"]]
        if "next" not in page.links:
            break
        page = requests.get(urljoin(page.url, page.links["next"]["url"]), timeout=PATIENCE)
    assert met == ["2.png", "1.png", "0.png"]


def test_nginx_sends_files_that_it_keeps(below: RemoteBoard, nginx: Nginx) -> None:
    data = padded(3 * MIB)
    image = below.added(data)
    direct = f"{nginx.url_below.removesuffix('/api/v1')}/i/{image['id']}.png"
    assert requests.get(direct, timeout=PATIENCE).content == data
    assert nginx.kept_bytes() > len(data)
    part = below.file(image, Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, data[10:20])
    assert below.file(image, "thumbnail").headers["Content-Type"] == "image/webp"
    assert "X-Accel-Redirect" not in part.headers


def test_everything_on_the_pages_is_there(below: RemoteBoard, nginx: Nginx) -> None:
    site = nginx.url_below.removesuffix("/board/api/v1")
    image = below.added()
    for path in ("/board", "/board/", f"/board/i/{image['id']}", "/board/api/v1/docs", "/board/i/gone"):
        page = requests.get(site + path, headers={"Accept": "text/html"}, timeout=PATIENCE)
        addresses = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
        assert len(addresses) > 2
        for address in addresses:
            found = requests.get(urljoin(page.url, address), timeout=PATIENCE)
            assert (found.status_code, found.url.startswith(f"{site}/board/")) == (200, True), address


def test_refusals_reach_the_client_through_both_servers(below: RemoteBoard) -> None:
    assert_error(below.get("/nothing"), 404, "not_found")
    assert_error(below.upload(bytes(50 * MIB + 1)), 422, "file_too_large")
    assert_error(below.request("PATCH", "/images/x/tags", data=bytes(2 * MIB)), 413, "payload_too_large")
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    files = {"file": ("a.png", bytes(5 * MIB))}
    assert_error(below.request("POST", "/images", files=files, headers=foreign), 403, "cross_origin")


def test_the_longest_search_gets_through(below: RemoteBoard) -> None:
    hold_to_the_longest_search(below)


@pytest.mark.parametrize("prefix", ["/evil", "//evil.example", "odd"])
def test_only_the_server_of_the_site_says_what_the_path_is(below: RemoteBoard, nginx: Nginx, prefix: str) -> None:
    forged = {"X-Forwarded-Prefix": prefix}
    for _ in range(2):
        below.added()
    assert below.get("/images?limit=1", headers=forged).links["next"]["url"].startswith("/board/api/v1/")
    assert RemoteBoard(nginx.url).get("/images?limit=1", headers=forged).links["next"]["url"].startswith("/api/v1/")
    for board in (below, RemoteBoard(nginx.url)):
        files = {"file": ("a.png", padded(5000))}
        assert board.request("POST", "/images", files=files, headers=forged).status_code == 201
