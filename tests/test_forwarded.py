"""Headers with which a client could try to change the links that a board gives to itself."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from tests.board import API, Board
from tests.pictures import picture
from tests.servers import Gunicorn, Nginx, needs_nginx

# Headers that some proxy, framework or server believes. A library would not send the ones with underscores twice.
FORGED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Protocol": "ssl",
    "X-Host": "evil.example",
    "X-Original-Host": "evil.example",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "X-Script-Name": "/evil",
    "X-HTTP-Method-Override": "DELETE",
    "Forwarded": "host=evil.example;proto=https",
    "SCRIPT_NAME": "/evil",
    "PATH_INFO": "/evil",
    "SERVER_NAME": "evil.example",
    "REMOTE_USER": "evil",
    "HTTP_HOST": "evil.example",
}


def said(base: str, image: dict[str, Any], data: bytes, headers: dict[str, str]) -> str:
    """Return all addresses that a board gives for itself, in pages, links and headers."""
    with requests.Session() as session:
        session.trust_env = False
        paths = [
            "/",
            "/i/{id}",
            f"{API}/images?limit=1",
            f"{API}/oembed?url=/i/{{id}}",
            f"{API}/docs",
            f"{API}/openapi.json",
        ]
        answers = [session.get(base + path.format(**image), headers=headers, timeout=20) for path in paths]
        new = session.post(f"{base}{API}/images", files={"file": ("a.png", data)}, headers=headers, timeout=20)
        assert new.status_code == 201, new.text
        assert session.delete(f"{base}{API}/images/{new.json()['id']}", timeout=20).status_code == 204
    assert {answer.status_code for answer in answers} == {200}
    texts = [answer.text + str(answer.headers.get("Link")) for answer in answers]
    location = new.headers["Location"].replace(new.json()["id"], "…")
    return json.dumps([*texts, location])


@pytest.mark.slow
@needs_nginx
@pytest.mark.parametrize(
    ("through", "name"),
    # On a direct connection from this machine, X-Forwarded-Prefix counts as that of a trusted proxy.
    [
        *((through, name) for through in ("gunicorn", "nginx") for name in FORGED),
        ("nginx", "X-Forwarded-Prefix"),
        ("nginx under a path", "X-Forwarded-Prefix"),
    ],
)
def test_no_header_of_a_client_changes_what_links_say(
    gunicorn: Gunicorn, board: Board, session_nginx: Nginx, through: str, name: str
) -> None:
    image, data = board.added(tags="cat"), picture()
    urls = {"gunicorn": gunicorn.url, "nginx": session_nginx.url, "nginx under a path": session_nginx.url_below}
    base = urls[through].removesuffix(API)
    assert said(base, image, data, {name: FORGED.get(name, "/evil")}) == said(base, image, data, {})


@pytest.fixture(scope="module")
def session_nginx(session_gunicorn: Gunicorn) -> Any:
    with Nginx.running(session_gunicorn.socket) as nginx:
        yield nginx


def test_with_a_public_url_no_host_changes_a_link(another: Callable[..., Flask], board: Board) -> None:
    image = board.added(tags="cat")
    client = another(PUBLIC_URL="https://board.example", TRUSTED_HOSTS=["other.example"]).test_client()
    pages = {
        client.get(f"/i/{image['id']}", headers={"Host": host, **FORGED}).text
        for host in ("board.example", "other.example", "127.0.0.1:1", "[::1]", "localhost")
    }
    assert len(pages) == 1
    assert set(re.findall(r'https?://[^/"]+', pages.pop())) == {"https://board.example", "https://ogp.me"}


def test_without_one_links_say_only_hosts_that_are_the_board(client: FlaskClient, board: Board) -> None:
    image = board.added()
    assert "http://127.0.0.1:5/i/" in client.get(f"/i/{image['id']}", headers={"Host": "127.0.0.1:5"}).text
    assert client.get(f"/i/{image['id']}", headers={"Host": "evil.example"}).status_code == 400
