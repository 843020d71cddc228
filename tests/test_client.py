"""`reaction-board`, the command line, with a board behind it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reaction_board_client.api import Api
from reaction_board_client.cli import main
from reaction_board_client.transfers import local_name
from tests.board import Board, Objects, ids
from tests.pictures import MIME_TYPES, picture
from tests.servers import Gunicorn, eventually

UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def _no_settings_of_ours(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REACTION_BOARD_URL", "REACTION_BOARD_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def url(gunicorn: Gunicorn, monkeypatch: pytest.MonkeyPatch) -> str:
    """The board that the command line asks."""
    url = gunicorn.url.removesuffix("/api/v1")
    monkeypatch.setenv("REACTION_BOARD_URL", url)
    return url


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments: str | Path) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def lines_of(*arguments: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done(*arguments, "--json").splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of nine images, two of them the same, and of other things."""
    folder = tmp_path / "pictures"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for number, kind in enumerate([*MIME_TYPES] * 2):
        name = f"{number}.{kind}" if number % 2 else f"{number}.{kind.upper()}"
        (folder / ("deep/deeper" if number > 5 else "") / name).write_bytes(picture(kind))
    (folder / "copy.jpeg").write_bytes((folder / "0.JPG").read_bytes())
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_bytes(picture())
    (folder / ".hidden" / "a.png").write_bytes(picture())
    return folder


@pytest.mark.usefixtures("url")
def test_a_folder_is_uploaded_with_all_below_it(board: Board, folder: Path) -> None:
    said = done("upload", folder, "--tags", "Cat, funny")
    assert said.splitlines() == [
        "Passed over in folders, as not named like images: 1",
        "8 new, 1 already there, 0 refused",
    ]
    images = board.search(tags="cat,funny")["items"]
    assert {image["filename"] for image in images} - {"copy.jpeg", "0.JPG"} == {
        *("1.png", "2.GIF", "3.webp", "4.JPG", "5.png", "6.GIF", "7.webp"),
    }
    assert sorted(image["mime_type"] for image in images) == sorted([*MIME_TYPES.values()] * 2)


@pytest.mark.usefixtures("url")
def test_a_second_run_sends_no_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done("upload", folder)
    monkeypatch.setattr(Api, "upload", None)
    assert "0 new, 9 already there, 0 refused" in done("upload", folder)


@pytest.mark.usefixtures("url")
def test_what_is_refused_is_named_with_its_reason(board: Board, folder: Path) -> None:
    broken, named = folder / "broken.png", folder / "notes.txt"
    broken.write_bytes(b"no image")
    result = run("upload", folder, named)
    assert result.exit_code == 1
    assert "8 new, 1 already there, 2 refused" in result.stdout
    for path in (broken, named):
        assert re.search(
            rf"^{re.escape(str(path))}: The file is not .* \(invalid_mime_type\)$", result.stdout, re.MULTILINE
        )
    assert board.search()["total"] == 8


@pytest.mark.usefixtures("url")
def test_an_upload_tells_scripts_what_became_of_each_file(board: Board, folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"no image")
    board.upload((folder / "1.png").read_bytes())
    result = run("upload", folder, "--json", "--jobs", "1")
    assert result.exit_code == 1
    told = {Path(line["path"]).name: line for line in map(json.loads, result.stdout.splitlines())}
    assert {name: line["status"] for name, line in told.items()} == {
        **dict.fromkeys(("0.JPG", "2.GIF", "3.webp", "4.JPG", "5.png", "6.GIF", "7.webp"), "new"),
        **{"copy.jpeg": "duplicate", "1.png": "duplicate", "broken.png": "refused"},
    }
    assert told["broken.png"]["code"] == "invalid_mime_type"
    assert told["2.GIF"]["image"] == next(image for image in board.search()["items"] if image["filename"] == "2.GIF")
    assert told["copy.jpeg"]["image"]["id"] == told["0.JPG"]["image"]["id"]


@pytest.mark.usefixtures("url")
def test_tags_that_are_none_end_an_upload_at_once(board: Board, folder: Path) -> None:
    result = run("upload", folder, "--tags", "cat,a!", "--jobs", "1")
    assert result.exit_code == 1
    assert "0 new, 0 already there, 0 refused" in result.stdout
    assert "(invalid_tag)" in result.stderr
    assert board.search()["total"] == 0


def test_a_path_that_is_not_there_ends_it_before_anything_is_sent(url: str, board: Board, folder: Path) -> None:
    result = run("upload", folder, folder / "missing", "--url", url)
    assert result.exit_code == 2
    assert "missing" in result.stderr
    assert board.search()["total"] == 0


@pytest.mark.slow
def test_interrupted_and_started_again_it_finishes_the_job(url: str, board: Board, tmp_path: Path) -> None:
    for number in range(150):
        (tmp_path / f"{number}.png").write_bytes(picture())
    command = [
        str(Path(sys.executable).with_name("reaction-board")),
        "upload",
        str(tmp_path),
        "--jobs",
        "1",
        "--tags",
        "many",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "REACTION_BOARD_URL": url}
    ) as process:
        assert eventually(lambda: board.search()["total"] >= 3)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    sent = board.search()["total"]
    assert 3 <= sent < 150
    assert f"{sent} new, 0 already there" in said
    assert f"{150 - sent} new, {sent} already there, 0 refused" in done("upload", tmp_path, "--tags", "many")
    assert board.search(tags="many")["total"] == 150


@pytest.mark.usefixtures("url")
def test_a_search_lists_images_over_all_pages(board: Board) -> None:
    images = [board.added(tags="cat", filename=f"{n}.png") for n in range(103)][::-1]
    board.added(tags="dog")
    result = run("search", "--tags", "cat", "--all")
    assert result.exit_code == 0
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == ids(images)
    assert result.stderr == "103 of 103\n"
    assert result.stdout.splitlines()[0] == f"{images[0]['id']}\timage/png\t40x30\tcat\t102.png"
    assert run("search", "--none", "dog", "--limit", "101").stderr == "101 of 103\n"
    assert run("search", "--tags", "unknown").stderr == "0 of 0\n"
    assert [image["id"] for image in lines_of("search", "--any", "cat,bird", "--limit", "2")] == ids(images[:2])


@pytest.mark.usefixtures("url")
def test_a_search_takes_types_and_a_random_order(board: Board) -> None:
    images = {kind: board.added(data=picture(kind), declared=MIME_TYPES[kind]) for kind in MIME_TYPES}
    assert [image["id"] for image in lines_of("search", "--type", "gif")] == [images["gif"]["id"]]
    assert {image["id"] for image in lines_of("search", "--random")} == {image["id"] for image in images.values()}


@pytest.mark.usefixtures("url")
def test_images_are_downloaded_whole_and_once(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [picture() for _ in range(4)]
    images = [board.added(data=data, tags="cat", filename="same.png") for data in pictures]
    to = tmp_path / "new" / "folder"
    assert done("download", "--tags", "cat", "--to", to) == "4 new, 0 already here, 0 failed\n"
    assert {path.name: path.read_bytes() for path in to.iterdir()} == {
        f"same-{image['hash'][:12]}.png": data for image, data in zip(images, pictures, strict=True)
    }
    result = run("download", images[0]["id"], UNKNOWN, images[0]["id"], "--to", tmp_path / "b")
    assert (result.exit_code, "1 new, 0 already here, 1 failed" in result.stdout) == (1, True)
    assert f"{UNKNOWN}: Image not found. (image_not_found)" in result.stdout
    (to / f"same-{images[1]['hash'][:12]}.png").write_bytes(b"half")
    assert done("download", "--tags", "cat", "--to", to) == "1 new, 3 already here, 0 failed\n"
    monkeypatch.setattr(Api, "bytes_of", None)
    assert done("download", images[0]["id"], images[3]["id"], "--to", to) == "0 new, 2 already here, 0 failed\n"


@pytest.mark.usefixtures("url")
def test_what_cannot_be_downloaded_leaves_no_file(board: Board, objects: Objects, tmp_path: Path) -> None:
    good, damaged, lost = (board.added(tags="cat") for _ in range(3))
    objects.put(damaged["hash"], picture())
    objects.delete(lost["hash"])
    result = run("download", "--tags", "cat", "--to", tmp_path, "--jobs", "1")
    assert result.exit_code == 1
    assert "1 new, 0 already here, 2 failed" in result.stdout
    assert "(storage_error)" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == [f"picture-{good['hash'][:12]}.png"]


@pytest.mark.usefixtures("url")
def test_a_download_wants_ids_or_a_search(board: Board, tmp_path: Path) -> None:
    image = board.added()
    assert run("download", "--to", tmp_path).exit_code == 2
    assert run("download", image["id"], "--tags", "cat", "--to", tmp_path).exit_code == 2
    assert done("download", "--limit", "1", "--to", tmp_path) == "1 new, 0 already here, 0 failed\n"


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("cat.png", "cat-0123456789ab.png"),
        ("../../etc/passwd", "passwd-0123456789ab"),
        ("C:\\x\\cat.gif", "cat-0123456789ab.gif"),
        (".bashrc", "bashrc-0123456789ab"),
        ("..", "-0123456789ab"),
        ("ü" * 250 + ".webp", "ü" * 100 + "-0123456789ab.webp"),
    ],
)
def test_a_name_on_the_board_is_no_path_here(filename: str, expected: str) -> None:
    assert local_name({"filename": filename, "hash": "0123456789abcdef"}) == expected


@pytest.mark.usefixtures("url")
def test_more_images_than_one_request_takes_are_tagged(board: Board) -> None:
    images = [board.added(tags="old") for _ in range(101)]
    changed = lines_of("tag", *ids(images), "--add", "New, good", "--remove", "old")
    assert ids(changed) == ids(images)
    assert {tuple(image["tags"]) for image in changed} == {("good", "new")}
    result = run("tag", UNKNOWN, "--add", "x")
    assert (result.exit_code, UNKNOWN in result.stderr) == (1, True)


@pytest.mark.slow
def test_a_token_is_taken_from_the_environment(
    environment: dict[str, str], board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    with Gunicorn.running({**os.environ, **environment, "API_TOKENS": "right"}) as server:
        for token in (None, "wrong"):
            if token:
                monkeypatch.setenv("REACTION_BOARD_TOKEN", token)
            result = run("upload", tmp_path, "--url", server.url)
            assert (result.exit_code, "(unauthorized)" in result.stderr) == (1, True)
            assert "0 new, 0 already there, 0 refused" in result.stdout
        monkeypatch.setenv("REACTION_BOARD_TOKEN", "right")
        assert "1 new" in done("upload", tmp_path, "--url", server.url)
    assert board.search()["total"] == 1


class Elsewhere(BaseHTTPRequestHandler):
    """A server that is busy twice, and then no board."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        busy = self.asked <= 2
        self.send_response(503 if busy else 404)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hm")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_busy_server_is_asked_again_and_one_that_is_no_board_is_named(elsewhere: str) -> None:
    result = run("search", "--url", elsewhere)
    assert Elsewhere.asked == 3
    assert (result.exit_code, result.stderr) == (1, "Error: 127.0.0.1 answers with 404, and not as a board does.\n")


def test_a_board_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("httpx_retries.retry.Retry.sleep", lambda *_: None)
    (tmp_path / "a.png").write_bytes(picture())
    for command in (
        ["search"],
        ["upload", str(tmp_path)],
        ["download", "--limit", "1"],
        ["tag", UNKNOWN, "--add", "y"],
    ):
        result = run(*command, "--url", "http://127.0.0.1:1")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: No answer from http://127.0.0.1:1: ")
        assert len(result.stderr.splitlines()) == 1
    for url in ("nonsense", "", "http://"):
        assert run("search", "--url", url).exit_code == 2


def test_what_is_no_file_is_refused_and_in_folders_passed_over(url: str, board: Board, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "a.png").write_bytes(picture())
    assert "1 new, 0 already there, 0 refused" in done("upload", tmp_path)
    result = run("upload", tmp_path / "pipe.png", "--url", url)
    assert (result.exit_code, "pipe.png: It is no file" in result.stdout) == (1, True)


def test_what_is_no_token_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTION_BOARD_TOKEN", "sesame ü")
    result = run("search")
    assert result.exit_code == 1
    assert "sesame" not in result.stderr


def test_ids_are_ids() -> None:
    for command in (["download", "../health"], ["tag", "x", "--add", "y"]):
        assert run(*command).exit_code == 2
