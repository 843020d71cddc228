"""`reaction-board` behind an HTTP proxy."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask

from reaction_board_client import api
from tests.board import Board, ids
from tests.command_line import Answer, CommandLine, StandIn, served, stand_in


class Forward:
    """A proxy that passes requests for any host to the board, and records their targets."""

    def __init__(self, url: str) -> None:
        self.board = urlsplit(url).netloc
        self.targets: list[str] = []

    def __call__(self, request: StandIn) -> Answer:
        self.targets.append(request.path)
        parts = urlsplit(request.path)
        connection = http.client.HTTPConnection(self.board)
        connection.request(request.command, f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, {name: response.headers[name] for name in ("Link",) if name in response.headers}, body


@pytest.fixture
def proxy(app: Flask) -> Iterator[tuple[str, list[str]]]:
    """The URL of a proxy for the board, and the targets of the requests that it gets."""
    with served(app) as board_url_, stand_in(forward := Forward(board_url_)) as (url, _):
        yield url, forward.targets


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_proxy_of_the_environment_is_used(
    proxy: tuple[str, list[str]], board: Board, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    monkeypatch.setattr(api, "MAX_PAGE", 1)
    images = [board.added() for _ in range(2)][::-1]
    url, targets = proxy
    environment = {"no_proxy": "", variable: url.replace("http://", scheme)}
    cli = CommandLine("http://board.invalid", environment=environment)
    assert ids(cli.lines("search", "--all")) == ids(images)
    assert len(targets) == 2
    assert all(target.startswith("http://board.invalid/api/v1/images?") for target in targets)


@pytest.mark.parametrize("no_proxy", ["*", "127.0.0.1", "example.org, 127.0.0.1"])
def test_no_proxy_is_used_for_the_hosts_that_are_excluded(
    app: Flask, board: Board, proxy: tuple[str, list[str]], no_proxy: str
) -> None:
    with served(app) as url:
        environment = {"no_proxy": no_proxy, "http_proxy": proxy[0]}
        CommandLine(url, environment=environment).done("search")
        CommandLine(url, environment={"no_proxy": "", "https_proxy": proxy[0]}).done("search")
    assert proxy[1] == []


def test_https_goes_through_a_tunnel_of_its_proxy() -> None:
    with stand_in(lambda _: (404, {}, b"")) as (url, _):
        environment = {"no_proxy": "", "https_proxy": url.replace("http://", "http://user:secret@")}
        result = CommandLine("https://board.invalid", environment=environment).run("search")
    assert (result.exit_code, "secret" in result.stderr) == (1, False)
    assert result.stderr.startswith(f"Error: No answer from https://board.invalid through the proxy {url}: ")


@pytest.mark.parametrize("proxy_url", ["ftp://host", "http://host:port", "socks5://127.0.0.1:1", "http://"])
def test_an_unusable_proxy_is_reported_in_one_line(proxy_url: str) -> None:
    cli = CommandLine("http://board.invalid", environment={"no_proxy": "", "http_proxy": proxy_url})
    result = cli.run("search")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "proxy" in result.stderr.lower()
