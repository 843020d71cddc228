"""`reaction-board`, the command line, with a board behind it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from flask import Flask

from reaction_board.api.schemas.images import MAX_CHANGED_IMAGES
from reaction_board.api.schemas.lists import MAX_SEARCHED_TAGS
from reaction_board_client import api, transfers
from reaction_board_client.api import Api
from reaction_board_client.cli import main
from tests.board import Board, Objects, ids
from tests.command_line import Answer, CommandLine, StandIn, served, stand_in
from tests.pictures import MIME_TYPES, picture
from tests.servers import PATIENCE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

UNKNOWN = "01890000-0000-7000-8000-000000000000"
BROKEN = b"\x89PNG\r\n\x1a\nno image"


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    """The commands for the board."""
    with served(app) as url:
        yield CommandLine(url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of nine images, two of them identical, and other files."""
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


def test_a_folder_is_uploaded_with_all_below_it(cli: CommandLine, board: Board, folder: Path) -> None:
    result = cli.run("upload", folder, "--tags", "Cat, funny")
    assert (result.exit_code, result.stdout) == (0, "8 new, 1 already there, 0 refused\n")
    assert result.stderr == "Skipped in folders, not JPEG, PNG, GIF or WebP: 1\n"
    images = board.search(tags="cat,funny")["items"]
    assert {image["filename"] for image in images} - {"copy.jpeg", "0.JPG"} == {
        *("1.png", "2.GIF", "3.webp", "4.JPG", "5.png", "6.GIF", "7.webp"),
    }
    assert sorted(image["mime_type"] for image in images) == sorted([*MIME_TYPES.values()] * 2)


def test_a_second_run_sends_no_bytes(cli: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.done("upload", folder)
    monkeypatch.setattr(Api, "upload", None)
    assert "0 new, 9 already there, 0 refused" in cli.done("upload", folder)


@pytest.mark.parametrize("command", ["upload", "import"])
def test_the_last_images_have_thumbnails_before_a_person_looks(
    cli: CommandLine, board: Board, objects: Objects, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(transfers, "MAX_PREPARED", 3)
    cli.done(command, folder, "--jobs", "1")
    newest = board.search(limit=3)["items"]
    thumbnails = objects.keys() - {image["hash"] for image in board.search()["items"]}
    assert thumbnails == {f"thumbnails/{image['hash']}" for image in newest}


def test_an_upload_succeeds_even_if_the_board_makes_no_thumbnails(app: Flask, folder: Path) -> None:
    asked = []

    def refuse(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)
        asked.append(environ["PATH_INFO"])
        start_response("500 Internal Server Error", [])
        return []

    with served(refuse) as url:
        result = CommandLine(url).run("upload", folder)
    assert (result.exit_code, result.stdout) == (0, "8 new, 1 already there, 0 refused\n")
    assert len(asked) == 8


def test_refused_files_are_listed_with_the_reason(cli: CommandLine, board: Board, folder: Path) -> None:
    broken, named = folder / "broken.png", folder / "notes.txt"
    broken.write_bytes(BROKEN)
    result = cli.run("upload", folder, named)
    assert result.exit_code == 1
    assert "8 new, 1 already there, 2 refused" in result.stdout
    for path in (broken, named):
        assert re.search(
            rf"^{re.escape(str(path))}: The file is not .* \(invalid_mime_type\)$", result.stdout, re.MULTILINE
        )
    assert board.search()["total"] == 8


def test_an_upload_tells_scripts_what_became_of_each_file(cli: CommandLine, board: Board, folder: Path) -> None:
    (folder / "broken.png").write_bytes(BROKEN)
    board.upload((folder / "1.png").read_bytes())
    result = cli.run("upload", folder, "--json", "--jobs", "1")
    assert result.exit_code == 1
    told = {Path(line["path"]).name: line for line in map(json.loads, result.stdout.splitlines())}
    assert {name: line["status"] for name, line in told.items()} == {
        **dict.fromkeys(("0.JPG", "2.GIF", "3.webp", "4.JPG", "5.png", "6.GIF", "7.webp"), "new"),
        **{"copy.jpeg": "duplicate", "1.png": "duplicate", "broken.png": "refused"},
    }
    assert told["broken.png"]["code"] == "invalid_mime_type"
    assert told["2.GIF"]["image"] == next(image for image in board.search()["items"] if image["filename"] == "2.GIF")
    assert told["copy.jpeg"]["image"]["id"] == told["0.JPG"]["image"]["id"]


def test_a_search_takes_types_and_a_random_order(cli: CommandLine, board: Board) -> None:
    images = {kind: board.added(data=picture(kind), declared=MIME_TYPES[kind]) for kind in MIME_TYPES}
    assert [image["id"] for image in cli.lines("search", "--type", "gif")] == [images["gif"]["id"]]
    assert {image["id"] for image in cli.lines("search", "--random")} == {image["id"] for image in images.values()}


def test_tags_of_a_search_can_be_given_as_words(cli: CommandLine, board: Board) -> None:
    both = board.added(tags="cat,funny")
    board.added(tags="cat")
    for words in (["cat", "funny"], ["Cat,funny"], ["cat", "--tags", "funny"], ["--tags", "cat,funny"]):
        assert [image["id"] for image in cli.lines("search", *words)] == [both["id"]]
    assert len(cli.lines("search", "cat")) == 2
    result = cli.run("search", "c!")
    assert (result.exit_code, "(invalid_tag)" in result.stderr) == (1, True)


def test_images_are_downloaded_whole_and_once(
    cli: CommandLine, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [picture() for _ in range(4)]
    images = [board.added(data=data, tags="cat", filename="same.png") for data in pictures]
    to = tmp_path / "new" / "folder"
    assert cli.done("download", "--tags", "cat", "--to", to) == "4 new, 0 already here, 0 failed\n"
    assert {path.name: path.read_bytes() for path in to.iterdir()} == {
        f"same-{image['hash'][:12]}.png": data for image, data in zip(images, pictures, strict=True)
    }
    result = cli.run("download", images[0]["id"], UNKNOWN, images[0]["id"], "--to", tmp_path / "b")
    assert (result.exit_code, "1 new, 0 already here, 1 failed" in result.stdout) == (1, True)
    assert f"{UNKNOWN}: Image not found. (image_not_found)" in result.stdout
    (to / f"same-{images[1]['hash'][:12]}.png").write_bytes(b"half")
    assert cli.done("download", "--tags", "cat", "--to", to) == "1 new, 3 already here, 0 failed\n"
    monkeypatch.setattr(Api, "bytes_of", None)
    assert cli.done("download", images[0]["id"], images[3]["id"], "--to", to) == "0 new, 2 already here, 0 failed\n"


def test_what_cannot_be_downloaded_leaves_no_file(
    cli: CommandLine, board: Board, objects: Objects, tmp_path: Path
) -> None:
    good, damaged, lost = (board.added(tags="cat") for _ in range(3))
    objects.put(damaged["hash"], picture())
    objects.delete(lost["hash"])
    result = cli.run("download", "--tags", "cat", "--to", tmp_path, "--jobs", "1")
    assert result.exit_code == 1
    assert "1 new, 0 already here, 2 failed" in result.stdout
    assert "(storage_error)" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == [f"picture-{good['hash'][:12]}.png"]


def test_a_download_needs_either_ids_or_a_search(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    image = board.added()
    assert cli.run("download", "--to", tmp_path).exit_code == 2
    assert cli.run("download", image["id"], "--tags", "cat", "--to", tmp_path).exit_code == 2
    assert cli.done("download", "--limit", "1", "--to", tmp_path) == "1 new, 0 already here, 0 failed\n"


@pytest.mark.parametrize("tags", ["cat,a!", "Üb er", "x" * 65])
def test_an_invalid_tag_ends_an_upload_at_once_even_of_a_duplicate(
    cli: CommandLine, board: Board, folder: Path, tags: str
) -> None:
    board.upload((folder / "1.png").read_bytes())
    for path in (folder / "1.png", folder):
        result = cli.run("upload", path, "--tags", tags)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "(invalid_tag)" in result.stderr
    assert board.search()["total"] == 1


def test_as_many_tags_are_uploaded_as_an_image_of_this_board_may_have(
    another: Callable[..., Flask], board: Board, folder: Path
) -> None:
    tags = [f"tag-{number}" for number in range(MAX_SEARCHED_TAGS + 1)]
    with served(another(MAX_TAGS=len(tags))) as url:
        CommandLine(url).done("upload", folder / "1.png", "--tags", ",".join(tags))
    assert board.search()["items"][0]["tags"] == sorted(tags)
    with served(another(MAX_TAGS=2)) as url:
        result = CommandLine(url).run("upload", folder, "--tags", "a,b,c")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: tags: More than 2 tags. (validation_error)\n"


def test_a_missing_path_ends_the_upload_before_anything_is_sent(cli: CommandLine, board: Board, folder: Path) -> None:
    result = cli.run("upload", folder, folder / "missing")
    assert result.exit_code == 2
    assert "missing" in result.stderr
    assert board.search()["total"] == 0


class Gate:
    """An application that lets `number` POST requests through, and holds back the others until it is opened."""

    def __init__(self, app: Flask, number: int) -> None:
        self.app, self.left = app, number
        self.reached, self.opened = Event(), Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            self.left -= 1
            if self.left < 0:
                self.reached.set()
                self.opened.wait(PATIENCE)
        return self.app(environ, start_response)


@pytest.mark.slow
def test_an_interrupted_upload_continues_when_it_is_run_again(app: Flask, board: Board, tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(picture())
    gate = Gate(app, 4)  # the check of the tags, and three uploads
    with served(gate) as url:
        cli = CommandLine(url)
        command, env = cli.program("upload", tmp_path, "--jobs", "1", "--tags", "many")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            assert gate.reached.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            assert process.stderr
            assert "Interrupt again to quit" in process.stderr.readline()
            gate.opened.set()
            said, warned = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (130, "4 new, 0 already there, 0 refused\n")
        assert warned == "Interrupted. Run the same command again to continue.\n"
        assert board.search()["total"] == 4
        assert cli.done("upload", tmp_path, "--tags", "many") == "4 new, 4 already there, 0 refused\n"
    assert board.search(tags="many")["total"] == 8


def test_an_interruption_ends_any_command_with_one_line() -> None:
    def interrupt(request: StandIn) -> Answer:
        os.kill(os.getpid(), signal.SIGINT)
        request.rfile.read(1)  # until the client is gone
        return 200, {}, b"{}"

    with stand_in(interrupt) as (url, _):
        result = CommandLine(url).run("search")
    assert (result.exit_code, result.output) == (130, "Interrupted.\n")


@pytest.mark.slow
def test_an_interruption_while_the_program_is_loaded_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "httpx.py").write_text("raise KeyboardInterrupt")
    command, env = CommandLine().program("search")
    done = subprocess.run(command, env={**env, "PYTHONPATH": str(tmp_path)}, capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_search_lists_images_over_all_pages(cli: CommandLine, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [board.added(tags="cat", filename=f"{n}.png") for n in range(5)][::-1]
    board.added(tags="dog")
    assert len(cli.lines("search", "--limit", "101")) == 6  # the largest page that the client asks for
    monkeypatch.setattr(api, "MAX_PAGE", 2)
    result = cli.run("search", "--tags", "cat", "--all")
    assert result.exit_code == 0
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == ids(images)
    assert result.stderr == "5 of 5\n"
    link = f"{cli.url}/i/{images[0]['id']}"
    assert result.stdout.splitlines()[0] == f"{images[0]['id']}\timage/png\t40x30\tcat\t4.png\t{link}"
    assert cli.lines("search", "cat")[0]["link"] == link
    assert cli.run("search", "--none", "dog", "--limit", "3").stderr == "3 of 5\n"
    assert cli.run("search", "--tags", "unknown").stderr == "0 of 0\n"
    assert [image["id"] for image in cli.lines("search", "--any", "cat,bird", "--limit", "2")] == ids(images[:2])
    assert {image["id"] for image in cli.lines("search", "--any", "cat", "--random", "--all")} == set(ids(images))


@pytest.mark.slow
def test_a_search_ends_quietly_when_its_output_is_closed(cli: CommandLine, board: Board) -> None:
    images = [board.added() for _ in range(3)]
    for options, first in (["--all"], images[2]["id"]), (["--all", "--json"], "{"):
        command, env = cli.program("search", *options)
        # `head -1` may end after the last line is written. A pipe that is closed from the beginning always breaks.
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            assert process.stdout
            process.stdout.close()
            assert process.stderr
            assert process.stderr.read() == ""
        assert process.returncode == 1
        shell = ["bash", "-c", '"$@" | head -1', "-", *command]
        result = subprocess.run(shell, env=env, capture_output=True, text=True, timeout=PATIENCE)
        assert (result.stdout.count("\n"), result.stdout.startswith(first)) == (1, True)
        assert "Broken pipe" not in result.stderr


def test_a_limit_excludes_all_of_a_search(cli: CommandLine) -> None:
    for limit in ("5", "20"):
        result = cli.run("search", "--all", "--limit", limit)
        assert (result.exit_code, "--limit and --all exclude each other" in result.stderr) == (2, True)


def test_more_images_than_one_request_takes_are_tagged(
    cli: CommandLine, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.MAX_IDS == MAX_CHANGED_IMAGES
    monkeypatch.setattr(api, "MAX_IDS", 2)
    images = [board.added(tags="old") for _ in range(5)]
    changed = cli.lines("tag", *ids(images), "--add", "New, good", "--remove", "old")
    assert ids(changed) == ids(images)
    assert {tuple(image["tags"]) for image in changed} == {("good", "new")}
    result = cli.run("tag", UNKNOWN, "--add", "x")
    assert (result.exit_code, UNKNOWN in result.stderr) == (1, True)


def test_more_images_than_one_request_takes_are_deleted(
    cli: CommandLine, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_IDS", 2)
    images = [board.added() for _ in range(6)]
    assert cli.done("delete", *ids(images[:5]), images[0]["id"], "--yes") == "5 deleted, 0 missing\n"
    assert ids(board.search()["items"]) == [images[5]["id"]]
    result = cli.run("delete", images[0]["id"], images[5]["id"], UNKNOWN, "--yes")
    gone = "".join(f"{image_id}: No image has this id.\n" for image_id in (images[0]["id"], UNKNOWN))
    assert (result.exit_code, result.stdout) == (1, f"{gone}1 deleted, 2 missing\n")
    result = cli.run("delete", UNKNOWN, "--yes", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"id": UNKNOWN, "status": "missing"})


def test_a_deletion_asks_first(cli: CommandLine, board: Board) -> None:
    images = ids(board.added() for _ in range(2))
    for answer in ("n\n", "\n"):
        result = cli.run("delete", *images, given=answer)
        assert (result.exit_code, "Delete 2 images? [y/N]" in result.stderr, result.stdout) == (1, True, "")
    assert board.search()["total"] == 2
    assert cli.run("delete", *images, given="y\n").stdout == "2 deleted, 0 missing\n"


def test_a_deletion_without_a_terminal_says_to_add_yes(cli: CommandLine, board: Board) -> None:
    image = board.added()
    result = cli.run("delete", image["id"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no terminal to answer on. To delete without being asked, add --yes." in result.stderr
    assert ids(board.search()["items"]) == [image["id"]]


def test_an_invalid_id_is_a_wrong_command_line() -> None:
    for command in (["download", "../health"], ["tag", "x", "--add", "y"], ["delete", "x", "--yes"], ["link", ".."]):
        assert CommandLine().run(*command).exit_code == 2


def test_a_name_that_the_terminal_cannot_encode_is_escaped(cli: CommandLine, board: Board) -> None:
    image = board.added(filename="猫.png")
    result = CliRunner(charset="latin1").invoke(main, ["search"], env=cli.variables())
    assert (result.exit_code, image["id"] in result.stdout) == (0, True)
    assert "\t\\u732b.png\t" in result.stdout
