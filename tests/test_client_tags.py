"""`reaction-board` and tags: their list, aliases, merges, and completion by the shell."""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from threading import Event
from typing import Any

import pytest
from flask import Flask

from reaction_board.database.queries import merges
from reaction_board_client import api
from reaction_board_client.cli import completion, merge
from tests.board import Board
from tests.command_line import Answer, CommandLine, served, stand_in
from tests.servers import PATIENCE

EMPTY: tuple[int, dict[str, str], bytes] = (200, {}, b'{"items": [], "total": 0}')


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


@pytest.fixture
def lol(board: Board) -> None:
    """Three images with `lol`, one of them with `laughing`, too."""
    for tags in ("lol", "lol,laughing", "lol,cat"):
        board.added(tags=tags)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of a merge moves one image."""
    monkeypatch.setattr(merges, "STEP", 1)


def test_all_tags_are_listed_over_all_pages(
    cli: CommandLine, board: Board, lol: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.set_aliases("laughing", "haha")
    monkeypatch.setattr(api, "MAX_TAG_PAGE", 2)
    assert cli.done("tags") == "1\tcat\n1\tlaughing\n3\tlol\n"
    assert [tag["name"] for tag in cli.lines("tags")] == ["cat", "laughing", "lol"]


def test_tags_that_match_are_listed_with_aliases(cli: CommandLine, board: Board, lol: None) -> None:
    board.set_aliases("laughing", "lolly")
    assert cli.done("tags", "lol") == "3\tlol\n1\tlolly → laughing\n"
    nothing = cli.run("tags", "no-such")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "No tag or alias contains 'no-such'.\n")


def test_tags_that_go_together_are_listed_with_the_images_that_have_both(
    cli: CommandLine, board: Board, lol: None
) -> None:
    board.added(tags="lol,cat,dog")
    assert cli.done("tags", "--with", "LOL") == "2\tcat\n1\tdog\n1\tlaughing\n"
    assert cli.done("tags", "--with", "lol,dog") == "1\tcat\n"
    assert cli.run("tags", "--with", "unknown").stderr == "No other tag goes with unknown.\n"
    assert cli.run("tags", "cat", "--with", "lol").exit_code == 2


def test_a_board_without_tags_says_so(cli: CommandLine, board: Board) -> None:
    assert (cli.run("tags").stdout, cli.run("tags", "--json").stderr) == ("", "The board has no tags.\n")


def test_the_aliases_of_a_tag_are_shown_replaced_added_and_removed(cli: CommandLine, board: Board, lol: None) -> None:
    assert cli.done("tag-alias", "laughing") == ""
    assert cli.done("tag-alias", "Laughing", "haha", "Rofl") == "haha → laughing\nrofl → laughing\n"
    assert cli.done("tag-alias", "rofl") == "haha → laughing\nrofl → laughing\n"
    replaced = cli.run("tag-alias", "laughing", "lmao")
    assert (replaced.stdout, replaced.stderr) == ("lmao → laughing\n", "No longer aliases of laughing: haha, rofl\n")
    cli.done("tag-alias", "laughing", "--add", "hehe, haha", "--remove", "LMAO")
    assert board.tag("laughing")["aliases"] == ["haha", "hehe"]
    assert cli.lines("tag-alias", "laughing", "--remove", "haha,hehe")[0]["aliases"] == []


def test_an_alias_that_images_have_is_refused(cli: CommandLine, board: Board, lol: None) -> None:
    result = cli.run("tag-alias", "laughing", "lol")
    assert (result.exit_code, "(tag_in_use)" in result.stderr) == (1, True)
    assert cli.run("tag-alias", "laughing", "haha", "--add", "hehe").exit_code == 2


@pytest.mark.usefixtures("small_steps")
def test_a_merge_takes_as_many_steps_as_it_needs(cli: CommandLine, board: Board, lol: None) -> None:
    assert cli.done("tag-merge", "lol", "laughing") == "3 moved. lol → laughing, now on 3 images.\n"
    assert board.tag("lol") == {**board.tag("laughing"), "image_count": 3, "aliases": ["lol"]}
    assert [image["tags"] for image in board.search()["items"]] == [["cat", "laughing"], ["laughing"], ["laughing"]]
    assert cli.lines("tag-merge", "lol", "laughing")[0]["moved"] == 0


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("command", ["tag-merge", "tag-rename"])
def test_an_interrupted_merge_is_finished_by_the_same_command(
    cli: CommandLine, board: Board, lol: None, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with monkeypatch.context() as patch:
        stop = Event()
        stop.set()
        patch.setattr(merge, "stoppable", lambda: nullcontext(stop))
        result = cli.run(command, "lol", "funny")
        assert (result.exit_code, "Run the same command again" in result.stderr) == (130, True)
    assert cli.done(command, "lol", "funny") == "2 moved. lol → funny, now on 3 images.\n"
    assert board.merged("lol", "funny")["remaining"] == 0


def test_several_tags_are_merged_into_one_even_if_interrupted_in_between(
    cli: CommandLine, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tags in ("kitten", "kitty,funny", "cat"):
        board.added(tags=tags)
    with monkeypatch.context() as patch:
        stop = Event()
        stop.set()
        patch.setattr(merge, "stoppable", lambda: nullcontext(stop))
        result = cli.run("tag-merge", "kitten", "kitty", "cat")
        assert (result.exit_code, result.stdout) == (130, "1 moved. kitten → cat, now on 2 images.\n")
    merged = "0 moved. kitten → cat, now on 2 images.\n1 moved. kitty → cat, now on 3 images.\n"
    assert cli.done("tag-merge", "kitten", "kitty", "cat") == merged
    assert board.tag("cat")["aliases"] == ["kitten", "kitty"]
    assert board.tag_counts() == {"cat": 3, "funny": 1}


def test_a_tag_gets_another_name_but_not_that_of_another_tag(cli: CommandLine, board: Board, lol: None) -> None:
    board.set_aliases("laughing", "haha")
    for new in ("laughing", "haha", "lol"):
        result = cli.run("tag-rename", "lol", new)
        assert (result.exit_code, "tag or alias" in result.stderr) == (1, True)
    assert board.tag("lol")["image_count"] == 3
    assert cli.done("tag-rename", "LOL", "Funny") == "3 moved. lol → funny, now on 3 images.\n"
    assert board.tag_counts() == {"cat": 1, "funny": 3, "laughing": 1}
    result = cli.run("tag-rename", "unknown", "new")
    assert (result.exit_code, result.stderr) == (1, "Error: No tag or alias is named 'unknown'. (tag_not_found)\n")
    assert cli.run("tag-merge", "haha", "cat").stderr.startswith("Error: 'haha' is an alias of 'laughing'. Use that")


@pytest.mark.parametrize("name", ["", "a b", "../images", "a/b", "x" * 65, "ü"])
def test_an_invalid_tag_is_a_wrong_command_line(name: str) -> None:
    for command in (["tag-merge", name, "a"], ["tag-rename", "a", name], ["tag-alias", "a", name]):
        assert CommandLine().run(*command).exit_code == 2


def test_a_merge_without_an_end_is_given_up() -> None:
    step = {"moved": 0, "remaining": 1, "tag": {"name": "b", "image_count": 1, "aliases": []}}
    with stand_in(lambda _: (200, {}, json.dumps(step).encode())) as (url, asked):
        result = CommandLine(url).run("tag-merge", "a", "b")
    assert (result.exit_code, "makes no progress" in result.stderr, len(asked)) == (1, True, 2)


def test_a_merge_goes_on_while_another_client_moves_the_images() -> None:
    left = iter([2, 1, 0])

    def answer(_: object) -> Answer:
        step = {"moved": 0, "remaining": next(left), "tag": {"name": "b", "image_count": 3, "aliases": ["a"]}}
        return 200, {}, json.dumps(step).encode()

    with stand_in(answer) as (url, _):
        assert CommandLine(url).done("tag-merge", "a", "b") == "0 moved. a → b, now on 3 images.\n"


@pytest.mark.parametrize("aliases", [None, "ab", [1], ["a\n"]])
def test_invalid_aliases_end_the_command(aliases: Any) -> None:
    tag = {"name": "a", "image_count": 1, "aliases": aliases}
    with stand_in(lambda _: (200, {}, json.dumps(tag).encode())) as (url, _):
        result = CommandLine(url).run("tag-alias", "a")
    assert (result.exit_code, "No board answers at" in result.stderr, result.stdout) == (1, True, "")


@pytest.mark.parametrize(
    "tag",
    [1, {"name": "a\x1b", "image_count": 1}, {"name": "a", "image_count": "1"}, {"name": "a"},
     {"name": "a", "image_count": 1, "alias": "b\n"}, {"name": "a", "image_count": 1, "together": "\x1b"}],
)  # fmt: skip
def test_an_invalid_tag_of_the_board_ends_the_command(tag: Any) -> None:
    body = json.dumps({"items": [tag], "total": 1}).encode()
    with stand_in(lambda _: (200, {}, body)) as (url, _):
        result = CommandLine(url).run("tags")
        assert (result.exit_code, "No board answers at" in result.stderr, result.stdout) == (1, True, "")
        assert completed(CommandLine(url), "search ") == []


def completed(cli: CommandLine, words: str) -> list[str]:
    """Return what the shell offers for the last word of a command line."""
    before = words.rpartition(" ")[0].split()
    variables = {
        "_REACTION_BOARD_COMPLETE": "zsh_complete",
        "COMP_WORDS": f"reaction-board {words}",
        "COMP_CWORD": str(len(before) + 1),
    }
    result = CommandLine(cli.url, cli.token, {**cli.environment, **variables}).run()
    assert result.stderr == ""
    lines = result.stdout.strip().splitlines()
    return [f"{name} ({note})" for kind, name, note in zip(*[iter(lines)] * 3, strict=True) if kind == "plain"]


def test_tags_are_completed_from_the_board(
    cli: CommandLine, board: Board, lol: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "SECONDS", PATIENCE)
    board.set_aliases("laughing", "lolly")
    assert completed(cli, "search l") == ["lol (images: 3)", "laughing (images: 1)", "lolly (→ laughing)"]
    assert completed(cli, "search lo") == ["lol (images: 3)", "lolly (→ laughing)"]
    assert completed(cli, "search ") == ["lol (images: 3)", "cat (images: 1)", "laughing (images: 1)"]
    for command in ("search --tags", "download --none", "upload --tags", "tag --add", "tag-alias lol --remove"):
        assert completed(cli, f"{command} c") == ["cat (images: 1)"]
        assert completed(cli, f"{command} cat,c") == []
        assert completed(cli, f"{command} lol,c") == ["lol,cat (images: 1)"]
    for command in ("tag-merge", "tag-merge lol", "tag-rename", "tag-alias", "tag-alias lol"):
        assert completed(cli, f"{command} c") == ["cat (images: 1)"]
    assert completed(CommandLine(), f"search --url {cli.url} ca") == ["cat (images: 1)"]


def test_without_a_board_nothing_is_completed_or_printed() -> None:
    for url in ("http://127.0.0.1:1", "ftp://no-board", "http://board.invalid"):
        assert completed(CommandLine(url), "search c") == []
    assert completed(CommandLine(token="sesame ü"), "search c") == []


def test_a_slow_board_does_not_hold_up_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "SECONDS", 0.1)
    opened = Event()

    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        opened.wait(PATIENCE)
        return EMPTY

    def look_up(*_: object, **__: object) -> list[Any]:
        opened.wait(PATIENCE)
        return []

    begun = time.monotonic()
    with stand_in(answer) as (url, _):
        assert completed(CommandLine(url), "search c") == []
        with monkeypatch.context() as patch:
            patch.setattr("socket.getaddrinfo", look_up)
            assert completed(CommandLine("http://slow-names.example"), "search c") == []
        took = time.monotonic() - begun
        opened.set()
    assert took < PATIENCE / 2
