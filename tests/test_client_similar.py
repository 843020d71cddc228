"""`reaction-board` and pictures that look like others: searches by picture, and uploads without similar files."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from reaction_board.media import fingerprint
from reaction_board_client import transfers
from tests.board import Board, ids
from tests.command_line import CommandLine, StandIn, served, stand_in
from tests.drawings import drawing
from tests.pictures import picture

HEADER = picture("gif", 640, 480)[:100]
UNDECODABLE = HEADER + b"\xff" * 1000


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


@pytest.fixture
def drawn(board: Board) -> list[dict[str, Any]]:
    """An image, a smaller copy, a cropped copy, and a different image."""
    whole, other = drawing(1), drawing(2)
    files = [whole.pngsave_buffer(), whole.resize(0.5).pngsave_buffer(), whole.crop(30, 20, 590, 440).pngsave_buffer()]
    return [board.added(data=data, tags="drawn") for data in (*files, other.pngsave_buffer())]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file like the first three of the drawn images."""
    file = tmp_path / "cat.jpg"
    file.write_bytes(drawing(1).jpegsave_buffer(Q=40))
    return file


def test_a_search_by_picture_lists_what_looks_like_it_the_nearest_first(
    cli: CommandLine, board: Board, drawn: list[dict[str, Any]], file: Path
) -> None:
    images = cli.lines("search", "--like", file)
    assert sorted(ids(images)) == sorted(ids(drawn[:3]))
    distances = [image["distance"] for image in images]
    assert distances == sorted(distances)
    assert distances[0] < distances[2] <= 9
    for image in images:
        assert image["link"] == f"{cli.url}/i/{image['id']}"
    result = cli.run("search", "--like", file)
    assert (result.exit_code, result.stderr) == (0, "3 found\n")
    assert [line.split("\t")[5:] for line in result.stdout.splitlines()] == [
        [str(image["distance"]), image["link"]] for image in images
    ]
    assert ids(cli.lines("search", "--like", file, "--limit", "1")) == ids(images[:1])
    near = distances.count(distances[0])
    assert ids(cli.lines("search", "--like", file, "--distance", str(distances[0]))) == ids(images[:near])
    assert board.search()["total"] == len(drawn)


def test_a_search_by_picture_takes_no_other_conditions(cli: CommandLine, file: Path) -> None:
    for words in (["cat"], ["--tags", "cat"], ["--none", "cat"], ["--type", "gif"], ["--random"], ["--all"]):
        result = cli.run("search", "--like", file, *words)
        assert (result.exit_code, "--like excludes tags" in result.stderr) == (2, True)
    result = cli.run("search", "--like", file, "--limit", "101")
    assert (result.exit_code, "--limit is at most 100" in result.stderr) == (2, True)
    result = cli.run("search", "cat", "--distance", "3")
    assert (result.exit_code, "--distance needs --like" in result.stderr) == (2, True)
    assert cli.run("search", "--like", file, "--distance", "10").exit_code == 2


def test_a_search_by_a_file_that_is_not_a_picture_says_so(cli: CommandLine, tmp_path: Path) -> None:
    pipe, text, broken = tmp_path / "pipe", tmp_path / "notes.txt", tmp_path / "broken.png"
    os.mkfifo(pipe)
    text.write_text("no image")
    broken.write_bytes(UNDECODABLE)
    for path, status, words in (
        (pipe, 2, "not a file"),
        (tmp_path, 2, "is a directory"),
        (text, 1, "(invalid_mime_type)"),
        (broken, 1, "(undecodable_image)"),
    ):
        result = cli.run("search", "--like", path)
        assert (result.exit_code, words in result.stderr, result.stdout) == (status, True, "")


def test_a_file_like_an_image_of_the_board_is_not_sent(
    cli: CommandLine, board: Board, drawn: list[dict[str, Any]], file: Path
) -> None:
    (file.parent / "other.png").write_bytes(drawing(3).pngsave_buffer())
    (file.parent / "same.png").write_bytes(drawing(2).pngsave_buffer())
    nearest = cli.lines("search", "--like", file)[0]
    result = cli.run("upload", file.parent, "--skip-similar", "--tags", "new", "--tag-duplicates")
    assert (result.exit_code, result.stdout) == (
        0,
        f"{file}: Looks like {nearest['link']} (distance {nearest['distance']})\n"
        "1 new, 1 tagged, 0 already there, 1 similar, 0 refused\n",
    )
    assert {image["filename"] for image in board.search(tags="new")["items"]} == {"other.png", "picture.png"}
    told = {Path(line["path"]).name: line for line in cli.lines("upload", file.parent, "--skip-similar")}
    assert {name: line["status"] for name, line in told.items()} == {
        "cat.jpg": "similar",
        "other.png": "duplicate",
        "same.png": "duplicate",
    }
    assert told["cat.jpg"]["image"] == nearest
    assert board.search()["total"] == len(drawn) + 1


def test_a_distance_says_what_is_similar_enough_not_to_be_sent(
    cli: CommandLine, drawn: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "cropped.png"
    file.write_bytes(drawing(1).crop(20, 0, 600, 480).pngsave_buffer())
    (nearest, *_) = cli.lines("search", "--like", file)
    assert nearest["distance"] > 0
    for distance, said in (nearest["distance"], "1 similar"), (nearest["distance"] - 1, "1 new"):
        assert said in cli.done("upload", file, "--skip-similar", "--distance", str(distance))
    result = cli.run("upload", file, "--distance", "3")
    assert (result.exit_code, "--distance needs --skip-similar" in result.stderr) == (2, True)


def test_of_two_similar_new_files_one_after_the_other_the_first_is_sent(
    cli: CommandLine, board: Board, tmp_path: Path
) -> None:
    for name, quality in (("a.jpg", 90), ("b.jpg", 40)):
        (tmp_path / name).write_bytes(drawing(1).jpegsave_buffer(Q=quality))
    said = cli.done("upload", tmp_path, "--skip-similar", "--jobs", "1")
    (image,) = board.search()["items"]
    assert image["filename"] == "a.jpg"
    assert f"b.jpg: Looks like {cli.url}/i/{image['id']} (distance " in said


def test_a_new_image_has_a_fingerprint_before_the_next_file_is_compared(
    cli: CommandLine, board: Board, engine: Engine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "LIGHT_SECONDS", 0)  # so uploads compute no fingerprints
    monkeypatch.setattr(transfers, "MAX_PREPARED", 0)  # and neither do thumbnails, as the client requests none
    for options, fingerprints in ([], 0), (["--skip-similar"], 1):
        file.write_bytes(picture())
        assert "1 new" in cli.done("upload", file, *options)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM fingerprints")).scalar() == fingerprints


def test_files_that_cannot_be_compared_are_sent(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    for number in range(2):  # of one colour
        (tmp_path / f"plain-{number}.png").write_bytes(picture())
    (tmp_path / "broken.png").write_bytes(UNDECODABLE)
    (tmp_path / "none.png").write_bytes(b"\x89PNG\r\n\x1a\nno image")
    result = cli.run("upload", tmp_path, "--skip-similar")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "3 new, 0 already there, 0 similar, 1 refused")
    assert re.search(r"none.png: The file is not .* \(invalid_mime_type\)", result.stdout)
    assert board.search()["total"] == 3


@pytest.fixture
def finding() -> Iterator[Callable[[Any], tuple[CommandLine, list[tuple[str, str | None]]]]]:
    """A function that starts a board on which these images look like any picture. It also returns its requests."""
    with contextlib.ExitStack() as stack:

        def start(images: Any) -> tuple[CommandLine, list[tuple[str, str | None]]]:
            def answer(request: StandIn) -> tuple[int, dict[str, str], bytes]:
                items = images if "/similar" in request.path else []
                return 200, {}, json.dumps({"items": items, "total": 0}).encode()

            url, requests = stack.enter_context(stand_in(answer))
            return CommandLine(url), requests

        yield start


def record(**changed: Any) -> dict[str, Any]:
    return {
        **{"id": "01890000-0000-7000-8000-000000000000", "hash": sha256().hexdigest(), "filename": "a\x1b[2J.png"},
        **{"mime_type": "image/png", "size_bytes": 9, "width": 1, "height": 1, "tags": [], "distance": 3},
        **changed,
    }


@pytest.mark.parametrize(
    "images",
    [
        [record(distance=distance)] for distance in (None, "3", 3.5, True, -1, 10, 10**400, "\x1b[2J")
    ] + [[record(id="../../health")], [record()] * 101, "x", [None]],
)  # fmt: skip
def test_what_a_board_finds_must_be_images_with_a_distance_as_asked_for(finding: Any, file: Path, images: Any) -> None:
    cli, requests = finding(images)
    for command in (
        ["search", "--like", file, "--limit", "100", "--distance", "9"],
        ["upload", file, "--skip-similar", "--distance", "9"],
    ):
        result = cli.run(*command)
        assert (result.exit_code, "No board answers at" in result.output) == (1, True)
        assert "\x1b" not in result.output
    assert not any(path.endswith("/images") for path, _ in requests)


def test_what_a_board_finds_is_printed_without_controls(finding: Any, file: Path) -> None:
    cli, _ = finding([record()])
    for words in (["search", "--like", file], ["upload", file, "--skip-similar"]):
        for form in ([], ["--json"]):
            result = cli.run(*words, *form)
            assert (result.exit_code, "\x1b" in result.output) == (0, False)
    assert json.loads(result.stdout)["status"] == "similar"
