"""`reaction-board`: which files are uploaded, whatever a single one does, and the names of files on either side."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from reaction_board_client import transfers
from reaction_board_client.api import Api
from reaction_board_client.files import local_name, select
from tests.board import Board
from tests.command_line import CommandLine, served
from tests.pictures import MIME_TYPES, padded, picture


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


def written(path: Path, data: bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if data is None else data)
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"caf\xe9.png", "caf\ufffd.png"),
        (b"\x8aG.png", "\ufffdG.png"),  # Shift-JIS
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("猫 é.png".encode(), "猫 é.png"),
    ],
)
def test_a_name_that_is_not_text_is_replaced_and_the_others_go_on(
    cli: CommandLine, board: Board, tmp_path: Path, name: bytes, expected: str
) -> None:
    for path in (os.fsencode(tmp_path) + b"/" + name, tmp_path / "a.png", tmp_path / "z.png"):
        written(Path(os.fsdecode(path)))
    assert cli.done("upload", tmp_path) == "3 new, 0 already there, 0 refused\n"
    names = {image["filename"] for image in board.search()["items"]}
    assert names - {expected} == {"a.png", "z.png"}
    told = [Path(line["path"]).name for line in cli.lines("upload", tmp_path)]
    assert os.fsdecode(name) in told


def test_special_files_are_refused_and_skipped_in_folders(cli: CommandLine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dangling.png").symlink_to("nowhere")
    written(tmp_path / "a.png")
    result = cli.run("upload", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "1 new, 0 already there, 0 refused\n")
    assert result.stderr == "Skipped in folders, not JPEG, PNG, GIF or WebP: 2\n"
    result = cli.run("upload", tmp_path / "pipe.png")
    assert (result.exit_code, "pipe.png: It is not a file" in result.stdout) == (1, True)


def test_files_are_recognised_by_their_bytes(tmp_path: Path) -> None:
    images = [written(tmp_path / f"{kind}.txt", picture(kind)) for kind in MIME_TYPES]
    images += [written(tmp_path / name) for name in ("blob", "x.jpg_large", "y.png?w=100")]
    for name, data in {
        "empty.png": b"",
        "page.png": b"<!doctype html>",
        "short.gif": b"GIF8",
        "sound.webp": b"RIFF\x10\0\0\0WAVEfmt ",
        "photo.heic": b"\0\0\0\x18ftypheic",
        "drawing.svg": b"<svg/>",
    }.items():
        written(tmp_path / name, data)
    selection = select([tmp_path])
    assert (set(selection.files), selection.other_files) == (set(images), 6)


def test_links_to_files_are_followed_and_links_to_folders_are_counted(cli: CommandLine, tmp_path: Path) -> None:
    top, elsewhere = tmp_path / "top", tmp_path / "elsewhere"
    written(elsewhere / "b.png")
    written(top / "deep" / "a.png")
    (top / "link.png").symlink_to(written(tmp_path / "c.png"))
    (top / "deep" / "loop").symlink_to(top)
    (top / "elsewhere").symlink_to(elsewhere)
    (top / ".hidden").symlink_to(elsewhere)
    result = cli.run("upload", top)
    assert (result.exit_code, result.stdout) == (0, "2 new, 0 already there, 0 refused\n")
    assert result.stderr == "Skipped links to folders: 2. To upload what is in them, name them.\n"
    assert cli.done("upload", top / "elsewhere") == "1 new, 0 already there, 0 refused\n"


def test_a_file_in_two_of_the_paths_is_uploaded_once(tmp_path: Path) -> None:
    path = written(tmp_path / "deep" / "a.png")
    assert select([path, tmp_path, path.parent]).files == [path]


class Trouble:
    """An application behind a server that answers the uploads of some files itself."""

    def __init__(self, app: Flask, marker: bytes, answer: str, ready: bool = True) -> None:
        self.app, self.marker, self.answer, self.ready = app, marker, answer, ready

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            if self.marker in body:
                return self._fail(start_response)
            environ["wsgi.input"] = io.BytesIO(body)
        down = path.endswith("/ready") and not self.ready
        if down or (path.endswith("/file") and self.marker.decode() in path):
            return self._fail(start_response)
        return self.app(environ, start_response)

    def _fail(self, start_response: Any) -> Any:
        headers = [("Content-Type", "text/html"), ("Content-Length", "1000")]
        start_response(self.answer, headers)
        if self.answer.startswith("503"):
            return [b'{"detail": "Not now.", "code": "service_unavailable"}'.ljust(1000)]
        return [b"<h1>" if self.answer.startswith("200") else b"x" * 1000]


ANSWERS = ["413 Payload Too Large", "403 Forbidden", "503 Service Unavailable", "504 Gateway Timeout", "200 broken off"]


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries do not wait."""
    monkeypatch.setattr("httpx_retries.retry.time.sleep", lambda _: None)


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_server_that_takes_no_upload_of_one_file_stops_no_other(
    app: Flask, board: Board, tmp_path: Path, answer: str
) -> None:
    files = [written(tmp_path / f"{n}.png") for n in range(6)]
    marked = written(tmp_path / "3.png", picture() + b"marked")
    with served(Trouble(app, b"marked", answer)) as url:
        cli = CommandLine(url)
        result = cli.run("upload", tmp_path, "--jobs", "1")
        assert (result.exit_code, "5 new, 0 already there, 1 refused" in result.stdout) == (1, True), result.output
        assert f"{marked}: " in result.stdout
        assert "(no_answer)" in result.stdout
    assert board.search()["total"] == len(files) - 1


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("answer", ["413 Payload Too Large", "503 Service Unavailable", "200 broken off"])
def test_an_upload_to_a_board_that_goes_away_ends_with_correct_counts(
    app: Flask, board: Board, tmp_path: Path, answer: str
) -> None:
    for n in range(6):
        written(tmp_path / f"{n}.png", picture() + (b"marked" if n == 2 else b""))
    with served(Trouble(app, b"marked", answer, ready=False)) as url:
        result = CommandLine(url).run("upload", tmp_path, "--jobs", "3")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    total = board.search()["total"]
    assert 2 <= total < 6
    assert result.stdout == f"{total} new, 0 already there, 0 refused\n"


def test_a_download_that_breaks_off_stops_no_other(app: Flask, board: Board, tmp_path: Path) -> None:
    images = [board.added(tags="cat") for _ in range(4)]
    with served(Trouble(app, images[1]["id"].encode(), "200 broken off")) as url:
        result = CommandLine(url).run("download", "--tags", "cat", "--to", tmp_path, "--jobs", "1")
    assert (result.exit_code, "3 new, 0 already here, 1 failed" in result.stdout) == (1, True), result.output
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("change", ["shorter", "longer", "gone", "a folder"])
def test_a_file_that_changes_while_it_is_read_stops_no_other(
    cli: CommandLine, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    for n in range(4):
        written(tmp_path / f"{n}.png", padded(300_000))
    victim = tmp_path / "1.png"
    upload, upload_bytes = transfers.upload, Api.upload

    def change_before(api: Any, job: transfers.Upload, **options: Any) -> Any:
        if job.path == victim and change in ("gone", "a folder"):
            victim.unlink()
            if change == "a folder":
                victim.mkdir()
        return upload(api, job, **options)

    def change_during(self: Any, file: Any, filename: str, tags: str) -> Any:
        if filename == victim.name:
            read = file.read
            size = {"shorter": 1000, "longer": 900_000}[change]

            def read_and_change(count: int) -> bytes:
                os.truncate(victim, size)
                return bytes(read(count))

            file.read = read_and_change
        return upload_bytes(self, file, filename, tags)

    monkeypatch.setattr(transfers, "upload", change_before)
    if change in ("shorter", "longer"):
        monkeypatch.setattr(Api, "upload", change_during)
    result = cli.run("upload", tmp_path, "--json", "--jobs", "2")
    lines = {Path(line["path"]).name: line for line in map(json.loads, result.stdout.splitlines())}
    assert {name: line["status"] for name, line in lines.items()} == {
        **dict.fromkeys(("0.png", "2.png", "3.png"), "new"),
        "1.png": "refused",
    }, result.exception
    assert lines["1.png"]["code"] == ("changed" if change in ("shorter", "longer") else "unreadable")
    assert board.search()["total"] == 3


@pytest.mark.parametrize(
    ("filename", "mime_type", "expected"),
    [
        ("cat.png", "image/png", "cat-0123456789ab.png"),
        ("cat.PNG", "image/png", "cat-0123456789ab.PNG"),
        ("cat.jfif", "image/jpeg", "cat-0123456789ab.jfif"),
        ("cat.png", "image/gif", "cat-0123456789ab.gif"),
        ("blob", "image/webp", "blob-0123456789ab.webp"),
        ("x.jpg_large", "image/jpeg", "x-0123456789ab.jpg"),
        ("x.jpg:orig", "image/jpeg", "x-0123456789ab.jpg"),
        ("y.png?w=100", "image/png", "y-0123456789ab.png"),
        ("y.png?w=1.5", "image/png", "y-0123456789ab.png"),
        ("v1.2", "image/png", "v1.2-0123456789ab.png"),
        ("archive.tar", "image/png", "archive.tar-0123456789ab.png"),
        ("new.jpg", "image/new", "new-0123456789ab.jpg"),
        ("../../etc/passwd", "image/png", "passwd-0123456789ab.png"),
        ("C:\\x\\cat.gif", "image/gif", "cat-0123456789ab.gif"),
        (".bashrc", "image/png", "bashrc-0123456789ab.png"),
        (".png", "image/png", "png-0123456789ab.png"),
        ("..", "image/png", "image-0123456789ab.png"),
        ("ü" * 250 + ".webp", "image/webp", "ü" * 100 + "-0123456789ab.webp"),
    ],
)
def test_a_local_name_is_no_path_and_has_an_extension_that_fits(filename: str, mime_type: str, expected: str) -> None:
    assert local_name({"filename": filename, "mime_type": mime_type, "hash": "0123456789abcdef"}) == expected
