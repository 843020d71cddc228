"""`reaction-board import`: exports of a board, including broken and hostile lists."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from reaction_board_client.api import Api
from tests.board import Board
from tests.command_line import CommandLine, served
from tests.pictures import picture
from tests.test_export import lines


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


@pytest.fixture
def exported(cli: CommandLine, board: Board, tmp_path: Path) -> Path:
    """A folder with an export of five images, of which 0.png is the oldest. The board has only its tags left."""
    images = [board.added(tags=f"cat,number-{n}", filename=f"{n}.png") for n in range(5)]
    board.set_aliases("cat", "kitty", "kitten")
    cli.done("export", tmp_path / "exported")
    board.delete_many([image["id"] for image in images])
    board.set_aliases("cat")
    return tmp_path / "exported"


def filenames(board: Board) -> list[str]:
    return [image["filename"] for image in board.search()["items"]]


def put(path: Path, content: Any = None) -> Path:
    """Write a picture, a text, or JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content)
    elif content is None or isinstance(content, bytes):
        path.write_bytes(content or picture())
    else:
        path.write_text(json.dumps(content))
    return path


def test_an_export_comes_back_with_names_tags_aliases_and_order(
    cli: CommandLine, board: Board, exported: Path, tmp_path: Path
) -> None:
    assert cli.done("import", exported, "--jobs", "1") == "5 new, 0 already there, 0 refused\n"
    assert filenames(board) == ["4.png", "3.png", "2.png", "1.png", "0.png"]
    assert board.tag("cat")["aliases"] == ["kitten", "kitty"]
    cli.done("export", tmp_path / "again")
    before, after = (lines(folder / "images.jsonl") for folder in (exported, tmp_path / "again"))
    new = dict.fromkeys(("id", "created_at"))
    assert [{**image, **new} for image in before] == [{**image, **new} for image in after]
    assert not {image["id"] for image in before} & {image["id"] for image in after}


def test_the_order_is_that_of_the_times_whatever_that_of_the_lines(
    cli: CommandLine, board: Board, exported: Path
) -> None:
    first, *others = (exported / "images.jsonl").read_text().splitlines()
    (exported / "images.jsonl").write_text("\n".join([*others, "", first]))
    cli.done("import", exported, "--jobs", "1")
    assert filenames(board) == ["4.png", "3.png", "2.png", "1.png", "0.png"]


def test_again_only_what_is_missing_is_sent(
    cli: CommandLine, board: Board, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = cli.lines("import", exported)
    assert [image["status"] for image in images] == ["new"] * 5
    board.delete(images[2]["image"]["id"])
    assert cli.done("import", exported) == "1 new, 4 already there, 0 refused\n"
    monkeypatch.setattr(Api, "upload", None)
    assert cli.done("import", exported) == "0 new, 5 already there, 0 refused\n"


def test_a_file_that_is_damaged_or_missing_is_named_and_the_others_go_on(
    cli: CommandLine, board: Board, exported: Path
) -> None:
    damaged, missing, *_ = (exported / image["file"] for image in lines(exported / "images.jsonl"))
    put(damaged)
    missing.unlink()
    result = cli.run("import", exported)
    assert (result.exit_code, "3 new, 0 already there, 2 refused" in result.stdout) == (1, True)
    assert f"{damaged}: The bytes are not those that were exported. (damaged)" in result.stdout
    assert f"{missing}: It is not a file" in result.stdout
    assert len(filenames(board)) == 3


def test_aliases_are_added_and_those_that_the_board_refuses_are_named(
    cli: CommandLine, board: Board, exported: Path
) -> None:
    board.added(tags="kitten")
    board.set_aliases("cat", "pussycat")
    put(exported / "tags.jsonl", (exported / "tags.jsonl").read_text() + '{"name": "gone", "aliases": ["lost"]}\n')
    result = cli.run("import", exported)
    assert (result.exit_code, result.stdout) == (1, "5 new, 0 already there, 0 refused\n")
    assert (
        result.stderr
        == "cat, alias kitten: Images have 'kitten'. To make it an alias, merge it into 'cat'. (tag_in_use)\n"
    )
    assert board.tag("cat")["aliases"] == ["kitty", "pussycat"]


def test_half_a_character_in_a_name_is_replaced(cli: CommandLine, board: Board, exported: Path) -> None:
    records = (exported / "images.jsonl").read_text()
    (exported / "images.jsonl").write_text(records.replace('"0.png"', '"a\\ud800.png"'))
    assert cli.done("import", exported) == "5 new, 0 already there, 0 refused\n"
    assert "a\ufffd.png" in filenames(board)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """An export that was written without a board."""
    for number in range(3):
        data = picture()
        put(tmp_path / "listed" / "files" / f"{number}.png", data)
        record = {"file": f"files/{number}.png", "filename": "a.png", "hash": sha256(data).hexdigest(), "tags": ["cat"]}
        with (tmp_path / "listed" / "images.jsonl").open("a") as file:
            file.write(json.dumps({**record, "created_at": "2026-01-01T00:00:00.000Z"}) + "\n")
    return tmp_path / "listed"


def error_without_a_board(folder: Path) -> str:
    """Import a folder that is refused before any request, as no board is running. Return the message."""
    result = CommandLine().run("import", folder)
    assert isinstance(result.exception, SystemExit)
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1), result.output
    return result.stderr


def changed(**fields: Any) -> Callable[[str], str]:
    return lambda line: json.dumps({**json.loads(line), **fields})


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[:-1], lambda _: "{}", lambda _: "[]", lambda _: "null", lambda _: "[" * 100_000,
        lambda _: "9" * 5000, lambda _: '"\udce9"', lambda line: line + " " * 2**20,
        changed(file="../secret.png"), changed(file="files/../../secret.png"), changed(file="link.png"),
        changed(file="linked/secret.png"), changed(file="loop/x"), changed(file="x\0y"), changed(file=None),
        changed(hash="0"), changed(hash=None), changed(filename=5), changed(tags="cat"), changed(tags=[1]),
        changed(created_at="yesterday"), changed(created_at=None),
    ],
)  # fmt: skip
def test_a_broken_line_ends_it_before_anything_is_sent(listed: Path, change: Callable[[str], str]) -> None:
    put(listed.parent / "secret.png")
    (listed / "link.png").symlink_to(listed.parent / "secret.png")
    (listed / "linked").symlink_to(listed.parent)
    (listed / "loop").symlink_to("loop")
    first, second, third = (listed / "images.jsonl").read_text().splitlines()
    text = "\n".join([first, change(second), third])
    (listed / "images.jsonl").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert error_without_a_board(listed).startswith(f"Error: {listed / 'images.jsonl'}, line 2: ")


def test_an_absolute_path_in_a_list_is_not_read(listed: Path) -> None:
    secret = put(listed.parent / "secret.png")
    line = changed(file=str(secret))((listed / "images.jsonl").read_text().splitlines()[0])
    (listed / "images.jsonl").write_text(line)
    assert "leads out of the folder" in error_without_a_board(listed)


@pytest.mark.parametrize("name", ["images.jsonl", "tags.jsonl"])
def test_a_list_that_is_a_link_is_not_read(listed: Path, name: str) -> None:
    outside = put(listed.parent / name, "")
    (listed / name).unlink(missing_ok=True)
    (listed / name).symlink_to(outside)
    assert f"{listed / name}: It is not a file, or it is a link" in error_without_a_board(listed)


@pytest.mark.parametrize(
    "line", ["{", '{"name": "../images", "aliases": ["a"]}', '{"name": "cat", "aliases": "a"}', "5"]
)
def test_a_broken_list_of_tags_is_named_with_its_line(listed: Path, line: str) -> None:
    put(listed / "tags.jsonl", f'{{"name": "cat", "aliases": []}}\n{line}\n')
    assert error_without_a_board(listed).startswith(f"Error: {listed / 'tags.jsonl'}, line 2: ")
