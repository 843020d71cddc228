"""`reaction-board upload` with tags for each file: from names, folders and lists, and for duplicates."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from reaction_board_client import path_tags
from reaction_board_client.api import Api
from reaction_board_client.records import Tag
from tests.board import Board
from tests.command_line import CommandLine, served
from tests.pictures import picture


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with pictures in folders."""
    monkeypatch.chdir(tmp_path)
    for name in ("cat lol.png", "Black Cats/sleepy/judging-you_01.PNG", "Black Cats/Überraschung 猫 (2).jpg_large"):
        path = Path("pictures", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture())
    return Path("pictures")


def tags_by_name(board: Board) -> dict[str, list[str]]:
    return {image["filename"]: image["tags"] for image in board.search()["items"]}


def test_words_of_file_names_that_are_tags_or_aliases_become_tags(cli: CommandLine, board: Board, folder: Path) -> None:
    board.delete(board.added(tags="cat,laughing,judging-you,2,png")["id"])
    board.set_aliases("laughing", "lol")
    cli.done("upload", folder, "--tags-from", "name", "--tags", "new")
    assert tags_by_name(board) == {
        "cat lol.png": ["cat", "laughing", "new"],
        "judging-you_01.PNG": ["judging-you", "new"],
        "Überraschung 猫 (2).jpg_large": ["2", "new"],
    }


def test_all_words_become_tags_if_new_tags_are_allowed(cli: CommandLine, board: Board, folder: Path) -> None:
    cli.done("upload", folder, "--tags-from", "name", "--new-tags")
    assert tags_by_name(board) == {
        "cat lol.png": ["cat", "lol"],
        "judging-you_01.PNG": ["judging", "you"],
        "Überraschung 猫 (2).jpg_large": ["uberraschung"],
    }


def test_names_of_folders_below_the_given_one_become_tags(cli: CommandLine, board: Board, folder: Path) -> None:
    cli.done("upload", folder / "Black Cats" / "sleepy", folder, "--tags-from", "folder", "--tags-from", "name")
    assert tags_by_name(board) == {
        "cat lol.png": [],
        "judging-you_01.PNG": ["black-cats", "sleepy"],
        "Überraschung 猫 (2).jpg_large": ["black-cats"],
    }


@pytest.mark.parametrize(
    ("name", "words", "others"),
    [
        ("cat", ["cat"], ["cat"]),
        ("IMG_2024", ["img"], ["img_2024", "img", "2024"]),
        ("face-palm facepalm", ["face", "palm", "facepalm"], ["face-palm", "facepalm", "face", "palm"]),
        ("thumbs-up_cat", ["thumbs", "up", "cat"], ["thumbs-up_cat", "thumbs-up", "cat", "thumbs", "up_cat", "up"]),
        ("-_-", [], []),
        ("CAFÉ, straße", ["cafe", "strasse"], ["cafe", "strasse"]),
        ("x" * 65, [], []),
        ("ちょっと", [], []),
        ("a\udce9b cat", ["a", "b", "cat"], ["a", "b", "cat"]),
    ],
)
def test_words_are_what_can_be_a_tag(name: str, words: list[str], others: list[str]) -> None:
    assert path_tags.words(name) == (words, others)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("top/a/b/x.png", ["a", "b"]),
        ("top/x.png", []),
        ("other/a/x.png", []),
        ("top/Ünder_construction & more!/x.png", ["under_construction-more"]),
        ("top/猫/a/a/x.png", ["a"]),
        (f"top/{'x' * 65}/x.png", []),
    ],
)
def test_names_of_folders_are_fitted_to_the_rules_for_tags(path: str, expected: list[str]) -> None:
    assert path_tags.folders(Path(path), [Path("top/a"), Path("top")]) == expected


def test_the_current_folder_does_not_become_a_tag(
    cli: CommandLine, board: Board, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "Black Cats")
    cli.done("upload", ".", "--tags-from", "folder")
    assert sorted(tags_by_name(board).values()) == [[], ["sleepy"]]


def test_words_are_looked_up_once_and_not_for_duplicates(
    cli: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    find_tag = Api.find_tag

    def note(api: Api, name: str) -> Tag | None:
        names.append(name)
        return find_tag(api, name)

    monkeypatch.setattr(Api, "find_tag", note)
    for number in range(2):
        (folder / f"cat {number}.png").write_bytes(picture())
    for _ in range(2):
        cli.done("upload", folder, "--tags-from", "name", "--jobs", "1")
    of_judging_you_01 = ["01", "judging", "judging-you", "judging-you_01", "you", "you_01"]
    assert sorted(names) == sorted(["0", "1", "2", "cat", "lol", "uberraschung", *of_judging_you_01])


@pytest.mark.parametrize("is_sent", [False, True])
def test_duplicates_get_the_tags_on_request(
    cli: CommandLine, board: Board, folder: Path, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    images = [
        board.added(data=path.read_bytes(), filename=path.name, tags=tags)
        for path, tags in ((folder / "cat lol.png", "cat"), (next(folder.rglob("judging*")), "cat,funny"))
    ]
    if is_sent:  # as if another client had uploaded the same bytes at this moment
        monkeypatch.setattr(Api, "find", lambda *_: None)
    assert cli.done("upload", folder, "--tags", "Funny") == "1 new, 2 already there, 0 refused\n"
    assert tags_by_name(board)["cat lol.png"] == ["cat"]
    arguments = ("upload", folder, "--tags", "Funny", "--tags-from", "name", "--tag-duplicates")
    assert cli.done(*arguments) == "0 new, 1 tagged, 2 already there, 0 refused\n"
    assert tags_by_name(board)["cat lol.png"] == ["cat", "funny"]
    assert {line["image"]["id"] for line in cli.lines(*arguments)} >= {image["id"] for image in images}


def test_a_duplicate_that_would_have_too_many_tags_is_refused_alone(
    another: Callable[..., Flask], board: Board, folder: Path
) -> None:
    board.added(data=(folder / "cat lol.png").read_bytes(), tags="a,b")
    with served(another(MAX_TAGS=2)) as url:
        result = CommandLine(url).run("upload", folder, "--tags", "c", "--tag-duplicates")
    assert (result.exit_code, "2 new, 0 tagged, 0 already there, 1 refused" in result.stdout) == (1, True)
    assert "(validation_error)" in result.stdout


def listed(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_a_list_gives_each_file_its_own_tags(cli: CommandLine, board: Board, folder: Path) -> None:
    dark = "pictures/Black Cats/sleepy/judging-you_01.PNG"
    lines = listed("pictures/cat lol.png\tCat, funny,", "", f"{dark}\tdark\r", f"{dark}\tcat")
    Path("list.tsv").write_text(f"\ufeff{lines}")
    assert cli.done("upload", "--from", "list.tsv", "--tags", "all") == "2 new, 0 already there, 0 refused\n"
    expected = {"cat lol.png": ["all", "cat", "funny"], "judging-you_01.PNG": ["all", "cat", "dark"]}
    assert tags_by_name(board) == expected
    again = cli.run("upload", "--from", "-", "--tag-duplicates", given=listed("pictures/cat lol.png\tnew", dark))
    assert again.stdout == "0 new, 1 tagged, 1 already there, 0 refused\n"
    assert tags_by_name(board) == {**expected, "cat lol.png": ["all", "cat", "funny", "new"]}


def test_a_name_that_is_not_text_can_be_listed(cli: CommandLine, board: Board, folder: Path) -> None:
    Path("caf\udce9.png").write_bytes(picture())
    Path("list.tsv").write_bytes(b"caf\xe9.png\tcat\n")
    cli.done("upload", "--from", "list.tsv")
    assert tags_by_name(board) == {"caf\ufffd.png": ["cat"]}


def test_bad_lines_are_named_before_anything_is_sent(cli: CommandLine, board: Board, folder: Path) -> None:
    wrong = {
        2: "missing.png\tcat",
        3: "pictures/cat lol.png\tnot a tag",
        4: "\tcat",
        6: "pictures\tcat",
        7: "pictures/cat lol.png\tcat\tdog",
        8: "x" * 300,
        9: "a\x00b",
        10: "missing\x1b[2J.png",
    }
    lines = [wrong.get(number, "pictures/cat lol.png\tcat") for number in range(1, 11)]
    result = cli.run("upload", "--from", "-", given=listed(*lines))
    assert (result.exit_code, result.stdout) == (2, "")
    named = [line.partition("line ")[2].partition(":")[0] for line in result.stderr.splitlines() if "line " in line]
    assert named == [str(number) for number in wrong]
    assert "\x1b" not in result.stderr
    assert board.search()["total"] == 0


def test_more_tags_in_a_line_than_the_board_takes_end_it_before_anything_is_sent(
    another: Callable[..., Flask], board: Board, folder: Path
) -> None:
    lines = listed(f"{next(folder.rglob('judging*'))}\ta,b", "pictures/cat lol.png\ta,b,c")
    with served(another(MAX_TAGS=2)) as url:
        result = CommandLine(url).run("upload", "--from", "-", given=lines)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: pictures/cat lol.png: tags: More than 2 tags. (validation_error)\n"
    assert board.search()["total"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--from", "list.tsv", "pictures"],
        ["--from", "list.tsv", "--tags-from", "folder"],
        ["--from", "missing.tsv"],
        ["pictures", "--new-tags"],
        ["pictures", "--new-tags", "--tags-from", "folder"],
        ["pictures", "--tags-from", "date"],
    ],
)
def test_options_that_do_not_fit_together_are_a_wrong_command_line(folder: Path, arguments: list[str]) -> None:
    Path("list.tsv").touch()
    assert CommandLine().run("upload", *arguments).exit_code == 2
