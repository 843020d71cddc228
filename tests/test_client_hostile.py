"""`reaction-board` with a board that means harm: its token stays here, and the terminal stays the user's."""

import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reaction_board_client.cli import main
from reaction_board_client.terminal import printable

ID = "01890000-0000-7000-8000-000000000000"
BYTES = b"the bytes of an image"
# Sets the title, clears the screen, moves up; a bell; C1's CSI; a new line; text backwards; half a character; and what
# rich would read as markup, or refuse to read.
EVIL = "a\x1b]0;owned\x07\x1b[2J\x1b[1A\x9b31m\r\nforged\tcolumn\x7f\u202egnp\u2066\u2028\ud800[red]b[/nope].png"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Evil(BaseHTTPRequestHandler):
    """A server that answers as it is told, and remembers what it is asked."""

    answer: Callable[["Evil"], tuple[int, dict[str, str], bytes]]
    requests: list[tuple[str, str | None]]  # path, and the token that came with it

    def do_GET(self) -> None:
        self.requests.append((self.path, self.headers["Authorization"]))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = type(self).answer(self)
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def evil() -> Iterator[Callable[..., tuple[str, list[tuple[str, str | None]]]]]:
    """Return what starts such a server, and returns its URL and what it will have been asked."""
    servers = []

    def start(answer: Callable[..., tuple[int, dict[str, str], bytes]]) -> tuple[str, list[tuple[str, str | None]]]:
        requests: list[tuple[str, str | None]] = []
        handler = type("Told", (Evil,), {"answer": answer, "requests": requests})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", requests

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def image(**changed: Any) -> dict[str, Any]:
    hash_ = sha256(BYTES).hexdigest()
    return {
        **{"id": ID, "hash": hash_, "filename": EVIL, "mime_type": "image/png\x1b[2J", "size_bytes": len(BYTES)},
        **{"width": 1, "height": 1, "tags": ["cat\x1b[5m", EVIL]},
        **changed,
    }


def page(*images: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 200, headers, json.dumps({"items": images or [image()], "total": 1}).encode()


def run(*arguments: str | Path, token: str = "") -> Result:
    env = {"REACTION_BOARD_TOKEN": token, "REACTION_BOARD_URL": None}
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)


@pytest.mark.parametrize("how", ["a link", "a redirect", "a redirect of an upload"])
def test_the_token_goes_to_no_other_origin(evil: Any, tmp_path: Path, how: str) -> None:
    elsewhere, theirs = evil(lambda _: page())
    if how == "a link":
        url, ours = evil(lambda _: page(Link=f'<{elsewhere}/api/v1/images?cursor=1>; rel="next"'))
        result = run("search", "--all", "--url", url, token="secret")
    elif how == "a redirect":
        url, ours = evil(lambda request: (307, {"Location": elsewhere + request.path}, b""))
        result = run("search", "--url", url, token="secret")
    else:
        (tmp_path / "a.png").write_bytes(b"x")
        url, ours = evil(
            lambda request: (
                (200, {}, b'{"items": [], "total": 0}')
                if request.command == "GET"
                else (308, {"Location": f"{elsewhere}/api/v1/images"}, b"")
            )
        )
        result = run("upload", tmp_path, "--url", url, token="secret")
    assert (ours[0][1], theirs) == ("Bearer secret", [])
    assert result.exit_code == 1
    assert elsewhere in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("link", ["//elsewhere.example/x", "https://127.0.0.1/x", "http://127.0.0.1:1/x", "http://["])
def test_no_form_of_a_link_leads_away(evil: Any, link: str) -> None:
    url, asked = evil(lambda _: page(Link=f'<{link}>; rel="next"'))
    result = run("search", "--all", "--url", url, token="secret")
    assert (result.exit_code, len(asked)) == (1, 1)
    assert isinstance(result.exception, SystemExit)


def test_a_link_on_the_same_board_is_followed(evil: Any) -> None:
    url, asked = evil(
        lambda request: page(**({} if "cursor" in request.path else {"Link": '</api/v1/images?cursor=1>; rel="next"'}))
    )
    assert run("search", "--all", "--url", url, token="secret").exit_code == 0
    assert asked[1] == ("/api/v1/images?cursor=1", "Bearer secret")


def assert_harmless(text: str) -> None:
    assert not CONTROLS.search(text), repr(text)


def test_names_and_tags_are_printed_without_controls(evil: Any) -> None:
    url, _ = evil(lambda _: page())
    result = run("search", "--url", url)
    assert_harmless(result.output)
    assert len(result.stdout.splitlines()) == 1
    assert len(result.stdout.split("\t")) == 5
    assert r"a\x1b]0;owned\x07" in result.stdout


def test_json_is_ascii_without_controls(evil: Any) -> None:
    url, _ = evil(lambda _: page())
    result = run("search", "--json", "--url", url)
    line = result.stdout.removesuffix("\n")
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == image()


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500, 503])
def test_what_an_error_says_is_printed_without_controls(
    evil: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("httpx_retries.retry.Retry.sleep", lambda *_: None)
    body = json.dumps({"detail": EVIL, "code": EVIL}).encode()
    url, _ = evil(lambda _: (status, {}, body))
    (tmp_path / "a.png").write_bytes(b"x")
    for command in (["search"], ["upload", tmp_path], ["download", ID, "--to", tmp_path], ["tag", ID, "--add", "x"]):
        result = run(*command, "--url", url)
        assert result.exit_code == 1
        assert_harmless(result.output)
        assert "forged\tcolumn" not in result.output


@pytest.mark.parametrize(
    "body",
    [
        b"\x1b[2J",
        b"[]",
        b"null",
        b"{}",
        b'{"items": 1, "total": 1}',
        b'{"items": ' + b"[" * 100_000,
        b'{"items": [1], "total": 1}',
        b'{"detail": 1, "code": {}}',
    ],
)
@pytest.mark.parametrize("status", [200, 404])
def test_nonsense_is_named_and_not_shown(evil: Any, body: bytes, status: int) -> None:
    url, _ = evil(lambda _: (status, {"Location": "\x1b[2J"}, body))
    result = run("search", "--url", url)
    assert isinstance(result.exception, SystemExit)
    assert_harmless(result.output)
    assert "as a board does" in result.output


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "../../health"}, {"id": "//elsewhere.example"}, {"id": 1}, {"hash": "../../../../x"}, {"hash": None},
        {"filename": None}, {"tags": None}, {"tags": "cat"}, {"tags": [1]}, {"size_bytes": "1"}, {"width": None},
    ],
)  # fmt: skip
def test_a_record_that_is_none_ends_it(evil: Any, tmp_path: Path, changed: dict[str, Any]) -> None:
    url, _ = evil(lambda _: page(image(**changed)))
    for command in (["search"], ["download", "--limit", "1", "--to", tmp_path / "new"]):
        result = run(*command, "--url", url)
        assert (result.exit_code, "not as a board does" in result.output) == (1, True)
        assert isinstance(result.exception, SystemExit)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_file_that_is_longer_than_the_board_says_does_not_fill_the_disk(evil: Any, tmp_path: Path) -> None:
    long = image(size_bytes=1, filename="x." + "\U0001f4a5" * 60)
    url, _ = evil(lambda request: (200, {}, BYTES * 1_000_000) if request.path.endswith("/file") else page(long))
    result = run("download", "--limit", "1", "--to", tmp_path, "--url", url)
    assert (result.exit_code, "damaged" in result.output) == (1, True), result.output
    assert list(tmp_path.iterdir()) == []


def test_a_name_whose_extension_is_too_long_for_the_disk_is_cut(evil: Any, tmp_path: Path) -> None:
    url, _ = evil(
        lambda request: (
            (200, {}, BYTES)
            if request.path.endswith("/file")
            else page(image(filename="x" * 250 + "." + "\U0001f4a5" * 60))
        )
    )
    assert run("download", "--limit", "1", "--to", tmp_path, "--url", url).exit_code == 0
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [BYTES]


def on_a_terminal(command: list[str], env: dict[str, str]) -> str:
    """Run a program on a terminal; return all that it wrote there."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=env)
    os.close(follower)
    written = b""
    try:
        while chunk := os.read(leader, 65536):
            written += chunk
    except OSError:  # the program has ended
        pass
    process.wait(30)
    os.close(leader)
    return written.decode(errors="surrogateescape")


def test_progress_bars_and_file_names_have_no_controls(evil: Any, tmp_path: Path) -> None:
    url, _ = evil(lambda request: (200, {}, BYTES) if request.path.endswith("/file") else page())
    command = [str(Path(sys.executable).with_name("reaction-board")), "download", "--limit", "1", "--to", str(tmp_path)]
    shown = on_a_terminal(command, {**os.environ, "REACTION_BOARD_URL": url, "TERM": "xterm", "COLUMNS": "300"})
    assert "1 new" in shown, shown
    # Those that rich draws its bars with.
    own = re.sub(r"\x1b\[[0-9;?]*[mKhlA]|\r|\n", "", shown)
    assert_harmless(own)
    assert "owned\x07" not in shown
    (path,) = tmp_path.iterdir()
    assert_harmless(path.name)
    assert "[red]" in path.name or "nope" in path.name


def test_what_changes_nothing_on_a_terminal_stays_as_it_is() -> None:
    for text in ("Wörk.png", "猫.gif", "👩\u200d💻.webp", "שלום", "a\\x1b"):
        assert printable(text) == text
    for number in range(0x110000):
        char = chr(number)
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in (
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        ):
            assert printable(char) != char
