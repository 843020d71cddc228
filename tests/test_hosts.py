"""Host names of the board: a foreign name that points at it (DNS rebinding) gives pages no access."""

from collections.abc import Callable

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from tests.board import API, assert_error, raw
from tests.servers import Gunicorn


@pytest.fixture
def named(another: Callable[..., Flask]) -> FlaskClient:
    names = ["Other.example", ".wide.example"]
    return another(PUBLIC_URL="https://Board.example:8443/reactions", TRUSTED_HOSTS=names).test_client()


KNOWN = [
    "127.0.0.1", "127.0.0.1:8000", "192.168.1.5:80", "0.0.0.0", "[::1]", "[::1]:8000", "[2001:DB8::1]:443",
    "[::ffff:127.0.0.1]", "localhost", "LocalHost:8000",
]  # fmt: skip
NAMED = [
    "board.example",
    "BOARD.example:8443",
    "board.example:1",
    "other.example",
    "wide.example",
    "a.b.wide.example:9",
]
UNKNOWN = [
    "evil.example", "evil.example:8000", "localhost.evil.example", "notlocalhost", "x.localhost",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.example:8000", "1.2.3", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1:99999",
    "127.0.0.1:port", "127.0.0.1:0", "[::1", "::1", "[::1]x", "[evil.example]", "[1.2.3.4]", "[fe80::1%eth0]",
    "evil.example@127.0.0.1", "127.0.0.1@evil.example", "127.0.0.1/evil", "127.0.0.1, evil.example",
    "evil.example#127.0.0.1", 'evil"><script>', "", " ", "böse.example", "localhost\x00",
]  # fmt: skip
# Names that resemble the trusted ones.
NEIGHBOURS = [
    "evilboard.example",
    "x.board.example",
    "x.other.example",
    "evilwide.example",
    "wide.example.evil.example",
]


@pytest.mark.parametrize("host", KNOWN)
def test_addresses_and_localhost_are_always_the_board(client: FlaskClient, host: str) -> None:
    assert client.get(f"{API}/images", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", [*KNOWN, *NAMED])
def test_names_of_the_settings_are_the_board(named: FlaskClient, host: str) -> None:
    assert named.get(f"{API}/images", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", [*UNKNOWN, *NAMED])
def test_other_names_are_not(client: FlaskClient, host: str) -> None:
    assert_error(client.get(f"{API}/images", headers={"Host": host}), 400, "bad_request", about="TRUSTED_HOSTS")


@pytest.mark.parametrize("host", [*UNKNOWN, *NEIGHBOURS])
def test_neighbours_of_a_name_are_not(named: FlaskClient, host: str) -> None:
    assert_error(named.get(f"{API}/images", headers={"Host": host}), 400, "bad_request", about="TRUSTED_HOSTS")


@pytest.mark.parametrize(
    "path",
    ["/", "/i/x", "/static/board/main.js", "/none", f"{API}/docs", f"{API}/openapi.json", f"{API}/images/x/file"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_no_route_answers_to_another_name(client: FlaskClient, path: str, method: str) -> None:
    assert client.open(path, method=method, headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", [f"{API}/health", f"{API}/ready", "/metrics"])
def test_monitoring_may_use_any_name(another: Callable[..., Flask], path: str) -> None:
    client = another(METRICS=True).test_client()
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 200


def test_a_forwarded_host_is_never_believed(client: FlaskClient) -> None:
    forged = {"X-Forwarded-Host": "localhost", "Forwarded": "host=localhost", "X-Host": "localhost"}
    assert_error(client.get(f"{API}/images", headers={"Host": "evil.example", **forged}), 400, "bad_request")


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_request_without_a_host_is_refused_by_gunicorn_or_the_board(gunicorn: Gunicorn, version: bytes) -> None:
    response = raw(gunicorn.url, b"GET /api/v1/images HTTP/%s\r\nConnection: close\r\n\r\n" % version)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")
    assert raw(gunicorn.url, b"GET /api/v1/health HTTP/1.0\r\n\r\n").status_code == 200


@pytest.mark.parametrize("host", [b"[:::]", b"[::1", b"b\xf6se.example", b"localhost\t.evil", b"%6cocalhost"])
def test_a_host_that_no_library_would_send_is_no_fault(gunicorn: Gunicorn, host: bytes) -> None:
    response = raw(gunicorn.url, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_two_host_headers_are_refused(gunicorn: Gunicorn) -> None:
    head = b"GET /api/v1/images HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert raw(gunicorn.url, head).status_code == 400


def test_a_refused_write_changes_nothing(gunicorn: Gunicorn, http: requests.Session) -> None:
    files = {"file": ("a.png", b"x" * 3_000_000)}
    answer = http.post(f"{gunicorn.url}/images", files=files, headers={"Host": "evil.example"}, timeout=20)
    assert_error(answer, 400, "bad_request", about="PUBLIC_URL")
    assert http.get(f"{gunicorn.url}/images", timeout=20).json()["total"] == 0
