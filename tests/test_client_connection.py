"""`reaction-board` and its connection to a board: addresses, paths, redirects, tokens, and other servers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from reaction_board_client import api
from reaction_board_client.connection import board_url
from reaction_board_client.errors import WrongAddress
from tests.board import Board, ids
from tests.command_line import Answer, CommandLine, StandIn, served, stand_in
from tests.pictures import picture

UNKNOWN = "01890000-0000-7000-8000-000000000000"
EMPTY = json.dumps({"items": [], "total": 0}).encode()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between retries, which take no time here."""
    waits: list[float] = []
    monkeypatch.setattr("httpx_retries.retry.time.sleep", waits.append)
    return waits


@pytest.fixture
def image_files(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(picture())
    return tmp_path


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://host", "http://host"),
        ("https://host/", "https://host"),
        ("https://host/board/", "https://host/board"),
        ("https://host/board/api/v1/", "https://host/board"),
        (" http://host:8000/api/v1 ", "http://host:8000"),
        ("https://host/board/?tags=cat,funny#top", "https://host/board"),
        ("HTTP://Host", "http://host"),
        ("localhost:8000", "http://localhost:8000"),
        ("localhost", "http://localhost"),
        ("nas:8000/board", "http://nas:8000/board"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("board.example.org", "https://board.example.org"),
        ("board.example.org/images", "https://board.example.org/images"),
    ],
)
def test_an_address_is_accepted_as_people_write_it(address: str, expected: str) -> None:
    assert str(board_url(address)).rstrip("/") == expected


@pytest.mark.parametrize(
    "address",
    ["", "http://", "/board", "ftp://host", "file:///tmp", "http://ho st", "localhost:port", "host:0", "http://["],
)
def test_an_invalid_address_is_answered_with_an_example(address: str) -> None:
    with pytest.raises(WrongAddress):
        board_url(address)
    result = CommandLine().run("search", "--url", address)
    assert result.exit_code == 2
    assert "is not the address of a board, for example http://localhost:8000" in " ".join(result.stderr.split())


def unaware(app: Flask) -> Any:
    """Return the application behind a proxy that removes the path without sending a header."""

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith("/board/"):
            start_response("404 Not Found", [("Content-Type", "text/html")])
            return [b"<h1>No board</h1>"]
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/board")
        return app(environ, start_response)

    return middleware


def mounted(app: Flask) -> Any:
    """Return the application at a path that it knows."""
    return DispatcherMiddleware(unaware(app), {"/board": app})


@pytest.mark.slow
@pytest.mark.parametrize("under_path", [mounted, unaware])
@pytest.mark.parametrize("end", ["", "/", "/api/v1"])
def test_a_board_under_a_path_is_used_with_all_pages(
    app: Flask,
    board: Board,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    under_path: Callable[[Flask], Any],
    end: str,
) -> None:
    monkeypatch.setattr(api, "MAX_PAGE", 2)
    files = [tmp_path / f"{n}.png" for n in range(5)]
    for path in files:
        path.write_bytes(picture())
    with served(under_path(app)) as url:
        cli = CommandLine(f"{url}/board{end}")
        assert cli.done("upload", tmp_path, "--tags", "cat") == "5 new, 0 already there, 0 refused\n"
        found = cli.lines("search", "--tags", "cat", "--all")
        assert ids(found) == ids(board.search()["items"])
        cli.done("tag", found[0]["id"], "--add", "dog")
        assert "5 new" in cli.done("download", "--tags", "cat", "--to", tmp_path / "to")


@pytest.mark.parametrize("path", ["/wrong", "/board/wrong", "/i/01890000-0000-7000-8000-000000000000"])
def test_a_wrong_path_says_what_is_expected_there(app: Flask, path: str) -> None:
    with served(app) as url:
        result = CommandLine(f"{url}{path}").run("search")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: No board answers at {url}{path}/api/v1/images (404 Not Found). --url must be the address of a board's "
        "page, for example http://localhost:8000 or https://example.org/board.\n"
    )


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<!doctype html>"), (404, b"hm"), (401, b"<h1>Who?</h1>"), (200, b'{"version": 3}')]
)
def test_a_server_that_is_not_a_board_is_reported(image_files: Path, status: int, body: bytes) -> None:
    with stand_in(lambda _: (status, {"Content-Type": "text/html"}, body)) as (url, _):
        cli = CommandLine(url)
        for command in (
            *(["search"], ["upload", image_files], ["download", UNKNOWN], ["tag", UNKNOWN, "--add", "x"], ["tags"]),
            *(["tag-merge", "a", "b"], ["tag-alias", "a"], ["delete", UNKNOWN, "--yes"], ["link", UNKNOWN]),
        ):
            result = cli.run(*command)
            assert result.exit_code == 1
            assert result.stderr.startswith(f"Error: No board answers at {url}/")
            assert "--url must be the address of a board's page" in result.stderr
            assert len(result.stderr.splitlines()) == 1


def test_a_request_to_a_busy_server_is_retried() -> None:
    answers = [(503, b"hm"), (502, b"hm"), (200, EMPTY)]
    with stand_in(lambda _: (answers[len(asked) - 1][0], {}, answers[len(asked) - 1][1])) as (url, asked):
        assert CommandLine(url).run("search").stderr == "0 of 0\n"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://board.example{path}", "redirects to https://board.example. If you trust it, use --url https://board.example\n"),
        ("https://board.example/there{path}", "use --url https://board.example/there\n"),
        ("//board.example{path}", "use --url http://board.example\n"),
        ("/moved{path}", "use --url {url}/moved\n"),
        ("https://sso.example/login?to={path}", "to https://sso.example/login, which is not the API of a board."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_the_address_to_use(image_files: Path, status: int, location: str, named: str) -> None:
    def redirect(request: StandIn) -> Answer:
        return status, {"Location": location.format(path=request.path)}, b"<h1>Moved</h1>"

    with stand_in(redirect) as (url, asked):
        for command in (["search", "--tags", "cat"], ["upload", image_files]):
            asked.clear()
            result = CommandLine(url).run(*command)
            assert (result.exit_code, len(asked)) == (1, 1)
            assert result.stderr.startswith(f"Error: {url} redirects to ")
            assert named.format(url=url) in result.stderr


def test_an_unreachable_board_is_reported_in_one_line(image_files: Path) -> None:
    cli = CommandLine("http://127.0.0.1:1")
    for command in (["search"], ["upload", image_files], ["download", "--limit", "1"], ["tag", UNKNOWN, "--add", "y"]):
        result = cli.run(*command)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: No answer from http://127.0.0.1:1: ")
        assert len(result.stderr.splitlines()) == 1


def test_the_password_of_an_address_is_not_shown() -> None:
    result = CommandLine("http://me:secret@127.0.0.1:1/board").run("search")
    assert result.stderr.startswith("Error: No answer from http://127.0.0.1:1/board: ")


def test_a_token_is_taken_from_the_environment(another: Callable[..., Flask], board: Board, image_files: Path) -> None:
    with served(another(API_TOKENS=["right"])) as url:
        for token, error in (
            ("", "This board needs an access token: set REACTION_BOARD_TOKEN."),
            ("wrong", "The board does not accept this access token: set REACTION_BOARD_TOKEN to a valid one."),
        ):
            result = CommandLine(url, token).run("upload", image_files)
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr == f"Error: {error} (unauthorized)\n"
        assert "1 new" in CommandLine(url, "right").done("upload", image_files)
    assert board.search()["total"] == 1


def test_the_token_is_sent_with_every_request(app: Flask, board: Board, image_files: Path) -> None:
    """Boards with READING=links need it for lists and searches, too."""
    tokens = []

    def closed(environ: dict[str, Any], start_response: Any) -> Any:
        tokens.append(environ.get("HTTP_AUTHORIZATION"))
        if tokens[-1] != "Bearer right":
            start_response("401 Unauthorized", [("Content-Type", "application/json")])
            return [b'{"detail": "No.", "code": "unauthorized"}']
        return app(environ, start_response)

    image = ""
    with served(closed) as url:
        for token, status in ("right", 0), ("", 1):
            cli = CommandLine(url, token)
            assert cli.run("upload", image_files, "--tags", "cat").exit_code == status
            image = image or board.search()["items"][0]["id"]
            commands: list[list[str | Path]] = [
                ["search", "--all"],
                ["download", image, "--to", image_files / f"ids{status}"],
                ["download", "--limit", "1", "--to", image_files / f"search{status}"],
                ["tag", image, "--add", "dog"],
                ["link", image],
                ["tags", "c"],
                ["tag-alias", "cat", "--add", "feline"],
                ["tag-rename", "dog", "hound"],
                ["delete", image, "--yes"],
            ]
            for command in commands:
                result = cli.run(*command)
                assert result.exit_code == status, result.output
                assert ("set REACTION_BOARD_TOKEN" in result.stderr) == bool(status)
    assert tokens.count("Bearer right") == 17


def test_an_invalid_token_is_refused_and_not_shown() -> None:
    result = CommandLine(token="sesame ü").run("search")
    assert result.exit_code == 1
    assert "sesame" not in result.stderr
