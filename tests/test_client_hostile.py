"""`reaction-board` with a hostile board, which must neither get the token nor control the terminal."""

import contextlib
import itertools
import json
import os
import pty
import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from reaction_board_client.terminal import printable
from tests.command_line import Answer, CommandLine, StandIn, stand_in

ID = "01890000-0000-7000-8000-000000000000"
BYTES = b"the bytes of an image"
# Sets the title, clears the screen, moves up; a bell; C1's CSI; a new line; text backwards; half a character; and what
# rich would read as markup, or refuse to read.
EVIL = "a\x1b]0;owned\x07\x1b[2J\x1b[1A\x9b31m\r\nforged\tcolumn\x7f\u202egnp\u2066\u2028\ud800[red]b[/nope].png"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
CONTROL_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # that change the direction of text


@pytest.fixture
def evil() -> Iterator[Callable[..., tuple[CommandLine, list[tuple[str, str | None]]]]]:
    """A function that starts a board with these answers. It returns the commands for it and its requests."""
    with contextlib.ExitStack() as stack:

        def start(answer: Callable[[StandIn], Answer]) -> tuple[CommandLine, list[tuple[str, str | None]]]:
            url, requests = stack.enter_context(stand_in(answer))
            return CommandLine(url, token="secret"), requests

        yield start


def image(**changed: Any) -> dict[str, Any]:
    hash_ = sha256(BYTES).hexdigest()
    return {
        **{"id": ID, "hash": hash_, "filename": EVIL, "mime_type": "image/png\x1b[2J", "size_bytes": len(BYTES)},
        **{"width": 1, "height": 1, "tags": ["cat\x1b[5m", EVIL]},
        **changed,
    }


def page(*images: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 200, headers, json.dumps({"items": images or [image()], "total": 1}).encode()


@pytest.mark.parametrize("how", ["a link", "a redirect", "a redirect of an upload"])
def test_the_token_goes_to_no_other_origin(evil: Any, tmp_path: Path, how: str) -> None:
    there, theirs = evil(lambda _: page())
    elsewhere = there.url
    if how == "a link":
        cli, ours = evil(lambda _: page(Link=f'<{elsewhere}/api/v1/images?cursor=1>; rel="next"'))
        result = cli.run("search", "--all")
    elif how == "a redirect":
        cli, ours = evil(lambda request: (307, {"Location": elsewhere + request.path}, b""))
        result = cli.run("search")
    else:
        (tmp_path / "a.gif").write_bytes(b"GIF89a")
        cli, ours = evil(
            lambda request: (
                (200, {}, b'{"items": [], "total": 0}')
                if request.command == "GET"
                else (308, {"Location": f"{elsewhere}/api/v1/images"}, b"")
            )
        )
        result = cli.run("upload", tmp_path)
    assert (ours[0][1], theirs) == ("Bearer secret", [])
    assert result.exit_code == 1
    assert elsewhere in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("link", ["//elsewhere.example/x", "https://127.0.0.1/x", "http://127.0.0.1:1/x", "http://["])
def test_no_form_of_a_link_leads_away(evil: Any, link: str) -> None:
    cli, asked = evil(lambda _: page(Link=f'<{link}>; rel="next"'))
    result = cli.run("search", "--all")
    assert (result.exit_code, len(asked)) == (1, 1)
    assert isinstance(result.exception, SystemExit)


def test_a_link_on_the_same_board_is_followed(evil: Any) -> None:
    cli, asked = evil(
        lambda request: page(**({} if "cursor" in request.path else {"Link": '</api/v1/images?cursor=1>; rel="next"'}))
    )
    assert cli.run("search", "--all").exit_code == 0
    assert asked[1] == ("/api/v1/images?cursor=1", "Bearer secret")


@pytest.mark.parametrize("total", [1, 10])
@pytest.mark.parametrize("images", [0, 1, 2])
def test_a_list_without_an_end_is_given_up(evil: Any, tmp_path: Path, images: int, total: int) -> None:
    body = json.dumps({"items": [image()] * images, "total": total}).encode()
    cursors = itertools.count()
    cli, _ = evil(lambda _: (200, {"Link": f'<?cursor={next(cursors)}>; rel="next"'}, body))
    result = cli.run("search", "--all")
    assert (result.exit_code, "The list of images does not end" in result.stderr) == (1, True)
    assert len(result.stdout.splitlines()) <= 2 * total + 2
    result = cli.run("download", "--random", "--to", tmp_path)
    assert (result.exit_code, "The list of images does not end" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "wait",
    ["86400", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999999999999 23:59:59 GMT", "-1", "soon"],
)
def test_no_wait_that_a_board_asks_for_is_long(evil: Any, monkeypatch: pytest.MonkeyPatch, wait: str) -> None:
    waits: list[float] = []
    monkeypatch.setattr("httpx_retries.retry.time.sleep", waits.append)
    cli, asked = evil(lambda _: (503, {"Retry-After": wait}, b"{}"))
    assert cli.run("search").exit_code == 1
    assert len(asked) == len(waits) + 1 <= 6
    assert 0 < max(waits) <= 10
    assert sum(waits) <= 30


def assert_harmless(text: str) -> None:
    assert not CONTROLS.search(text), repr(text)


def test_names_and_tags_are_printed_without_controls(evil: Any) -> None:
    cli, _ = evil(lambda _: page())
    result = cli.run("search")
    assert_harmless(result.output)
    assert len(result.stdout.splitlines()) == 1
    assert len(result.stdout.split("\t")) == 6
    assert r"a\x1b]0;owned\x07" in result.stdout


def test_json_is_ascii_without_controls(evil: Any) -> None:
    cli, _ = evil(lambda _: page())
    result = cli.run("search", "--json")
    line = result.stdout.removesuffix("\n")
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {**image(), "link": f"{cli.url}/i/{ID}"}


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500, 503])
def test_what_an_error_says_is_printed_without_controls(
    evil: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("httpx_retries.retry.Retry.sleep", lambda *_: None)
    body = json.dumps({"detail": EVIL, "code": EVIL}).encode()
    cli, _ = evil(lambda _: (status, {}, body))
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    for command in (
        *(
            ["search"],
            ["upload", tmp_path],
            ["download", ID, "--to", tmp_path],
            ["tag", ID, "--add", "x"],
            ["link", ID],
        ),
        *(["delete", ID, "--yes"], ["tags"], ["tag-alias", "a"], ["tag-merge", "a", "b"], ["tag-rename", "a", "b"]),
    ):
        result = cli.run(*command)
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
def test_an_answer_that_is_nonsense_is_reported_and_not_printed(evil: Any, body: bytes, status: int) -> None:
    cli, _ = evil(lambda _: (status, {"Location": "\x1b[2J"}, body))
    result = cli.run("search")
    assert isinstance(result.exception, SystemExit)
    assert_harmless(result.output)
    assert "No board answers at" in result.output


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "../../health"}, {"id": "//elsewhere.example"}, {"id": 1}, {"hash": "../../../../x"}, {"hash": None},
        {"filename": None}, {"tags": None}, {"tags": "cat"}, {"tags": [1]}, {"size_bytes": "1"}, {"width": None},
    ],
)  # fmt: skip
def test_an_invalid_record_ends_the_command(evil: Any, tmp_path: Path, changed: dict[str, Any]) -> None:
    cli, _ = evil(lambda _: page(image(**changed)))
    for command in (["search"], ["download", "--limit", "1", "--to", tmp_path / "new"]):
        result = cli.run(*command)
        assert (result.exit_code, "No board answers at" in result.output) == (1, True)
        assert isinstance(result.exception, SystemExit)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("deleted", [None, "x", [EVIL], [1], [[]], ["01890000-0000-7000-8000-000000000001"]])
def test_an_answer_about_other_ids_is_an_error(evil: Any, deleted: Any) -> None:
    cli, _ = evil(lambda _: (200, {}, json.dumps({"deleted": deleted, "missing": []}).encode()))
    result = cli.run("delete", ID, "--yes")
    assert (result.exit_code, result.stdout, "No board answers at" in result.stderr) == (
        1,
        "0 deleted, 0 missing\n",
        True,
    )


def test_links_are_printed_without_controls(evil: Any) -> None:
    cli, _ = evil(lambda _: (200, {}, json.dumps(image()).encode()))
    for form in ("--direct", "--markdown", "--html"):
        text = cli.done("link", ID, form)
        assert_harmless(text)
        assert text.count("\n") == 1


def test_a_file_that_is_longer_than_the_board_says_does_not_fill_the_disk(evil: Any, tmp_path: Path) -> None:
    long = image(size_bytes=1, filename="x." + "\U0001f4a5" * 60)
    cli, _ = evil(lambda request: (200, {}, BYTES * 1_000_000) if request.path.endswith("/file") else page(long))
    result = cli.run("download", "--limit", "1", "--to", tmp_path)
    assert (result.exit_code, "damaged" in result.output) == (1, True), result.output
    assert list(tmp_path.iterdir()) == []


def test_a_name_whose_extension_is_too_long_for_the_disk_is_cut(evil: Any, tmp_path: Path) -> None:
    cli, _ = evil(
        lambda request: (
            (200, {}, BYTES)
            if request.path.endswith("/file")
            else page(image(filename="x" * 250 + "." + "\U0001f4a5" * 60))
        )
    )
    assert cli.run("download", "--limit", "1", "--to", tmp_path).exit_code == 0
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [BYTES]


def on_a_terminal(command: list[str], env: dict[str, str]) -> str:
    """Run a program on a terminal, and return its output."""
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


@pytest.mark.slow
def test_progress_bars_and_file_names_have_no_controls(evil: Any, tmp_path: Path) -> None:
    cli, _ = evil(lambda request: (200, {}, BYTES) if request.path.endswith("/file") else page())
    command, env = cli.program("download", "--limit", "1", "--to", tmp_path)
    shown = on_a_terminal(command, {**env, "TERM": "xterm", "COLUMNS": "300"})
    assert "1 new" in shown, shown
    # Those that rich draws its bars with.
    own = re.sub(r"\x1b\[[0-9;?]*[mKhlA]|\r|\n", "", shown)
    assert_harmless(own)
    assert "owned\x07" not in shown
    (path,) = tmp_path.iterdir()
    assert_harmless(path.name)
    assert "[red]" in path.name or "nope" in path.name


def test_characters_that_are_harmless_on_a_terminal_are_not_escaped() -> None:
    for text in ("Wörk.png", "猫.gif", "👩\u200d💻.webp", "שלום", "a\\x1b"):
        assert printable(text) == text
    for char in map(chr, range(0x110000)):
        if unicodedata.category(char) in CONTROL_CATEGORIES or unicodedata.bidirectional(char) in TURNS:
            assert printable(char) != char
