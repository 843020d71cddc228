"""`reaction-board duplicates`: groups of images that look alike."""

import contextlib
import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from reaction_board_client import api
from reaction_board_client.duplicates import Groups
from tests.board import Board, ids
from tests.command_line import Answer, CommandLine, StandIn, served, stand_in
from tests.drawings import drawing
from tests.pictures import picture


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


@pytest.fixture
def groups(board: Board) -> list[list[dict[str, Any]]]:
    """Groups of images that look alike, the best of each group first, with unrelated images before and between them."""
    board.added(data=picture())
    cat, dog = drawing(1), drawing(2)
    dogs = [board.added(data=dog.pngsave_buffer(), tags="dog,funny"), board.added(data=dog.jpegsave_buffer(Q=40))]
    board.added(data=drawing(3).pngsave_buffer())
    cats = [
        board.added(data=data, tags=tags)
        for data, tags in (
            (cat.resize(0.5).pngsave_buffer(), "cat"),
            (cat.jpegsave_buffer(Q=20), "cat"),
            (cat.jpegsave_buffer(Q=80), "cat"),
        )
    ]
    return [[cats[2], cats[1], cats[0]], dogs]


def found(cli: CommandLine, *options: str) -> list[list[str]]:
    return [ids(group["images"]) for group in cli.lines("duplicates", *options)]


def test_images_that_look_alike_are_grouped_the_largest_group_and_the_best_image_first(
    cli: CommandLine, groups: list[list[dict[str, Any]]]
) -> None:
    result = cli.run("duplicates")
    assert (result.exit_code, result.stderr) == (0, "2 groups with 5 images; looked at 7\n")
    paragraphs = [paragraph.splitlines() for paragraph in result.stdout.split("\n\n")]
    assert [[line.split("\t")[0] for line in paragraph] for paragraph in paragraphs] == list(map(ids, groups))
    dog = groups[1][0]
    size = str(dog["size_bytes"])
    assert paragraphs[1][0] == "\t".join(
        [dog["id"], "image/png", "640x480", size, "dog,funny", f"{cli.url}/i/{dog['id']}"]
    )
    told = cli.lines("duplicates")
    assert told[1]["images"][0] == {
        **{field: value for field, value in dog.items() if field != "duplicate"},
        "link": f"{cli.url}/i/{dog['id']}",
    }


def test_a_walk_goes_over_all_pages_and_asks_for_one_image_after_the_other_or_for_many_at_once(
    cli: CommandLine, groups: list[list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_PAGE", 3)
    for jobs in ("1", "8"):
        assert found(cli, "--jobs", jobs) == list(map(ids, groups))


def test_groups_begin_with_the_images_that_a_search_finds(
    cli: CommandLine, board: Board, groups: list[list[dict[str, Any]]]
) -> None:
    assert found(cli, "--tags", "funny") == [ids(groups[1])]
    assert found(cli, "--any", "cat,funny", "--type", "jpeg", "--limit", "1") == [ids(groups[0])]
    assert found(cli, "--none", "cat,dog", "--type", "png") == []
    board.delete(groups[1][1]["id"])
    assert found(cli, "--tags", "funny") == []


def test_a_smaller_distance_makes_smaller_groups(cli: CommandLine, board: Board) -> None:
    image = board.added(data=drawing(1).pngsave_buffer())
    board.added(data=drawing(1).crop(30, 20, 590, 440).pngsave_buffer())
    (similar,) = board.similar(image)
    assert len(found(cli, "--distance", str(similar["distance"]))) == 1
    assert found(cli, "--distance", str(similar["distance"] - 1)) == []


class Disturbed:
    """A board that calls a function with the path of each request for similar images. The function can make it fail."""

    def __init__(self, app: Flask, fails: Callable[[str], bool]) -> None:
        self.app, self.fails = app, fails

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.endswith("/similar") and self.fails(path):
            start_response("502 Bad Gateway", [("Content-Type", "application/json")])
            return [b'{"code": "storage_error", "detail": "The store does not answer."}']
        return self.app(environ, start_response)


def test_an_image_that_cannot_be_compared_is_named_and_the_others_are(
    app: Flask, groups: list[list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("httpx_retries.retry.Retry.sleep", lambda *_: None)
    broken = groups[1][0]["id"]
    with served(Disturbed(app, lambda path: broken in path)) as url:
        result = CommandLine(url).run("duplicates", "--json")
    assert (result.exit_code, result.stderr) == (1, f"{broken}: The store does not answer. (storage_error)\n")
    assert [ids(json.loads(line)["images"]) for line in result.stdout.splitlines()] == list(map(ids, groups))


def test_an_interruption_leaves_what_is_found_so_far(app: Flask, groups: list[list[dict[str, Any]]]) -> None:
    asked: list[str] = []

    def interrupt(path: str) -> bool:
        asked.append(path)
        if len(asked) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return False

    with served(Disturbed(app, interrupt)) as url:
        result = CommandLine(url).run("duplicates", "--jobs", "1")
    assert result.exit_code == 130
    assert len(asked) < 7
    assert [line.split("\t")[0] for line in result.stdout.splitlines()][:3] == ids(groups[0])
    assert result.stderr.splitlines()[-1] == "Interrupted. Groups may be incomplete."


def image_id(number: int) -> str:
    return f"01890000-0000-7000-8000-{number:012}"


def record(number: int, **changed: Any) -> dict[str, Any]:
    return {
        **{"id": image_id(number), "hash": "0" * 64, "filename": "a.png", "mime_type": "image/png\x1b[2J"},
        **{"size_bytes": 9, "width": 1, "height": 1, "tags": ["\x1b]0;owned\x07"]},
        **changed,
    }


@pytest.fixture
def pretending() -> Iterator[Callable[..., CommandLine]]:
    """A function that starts a board of some images, of which each looks like those with these numbers."""
    with contextlib.ExitStack() as stack:

        def start(neighbours: list[list[int]], gone: tuple[int, ...] = (), **changed: Any) -> CommandLine:
            def answer(request: StandIn) -> Answer:
                numbers = [int(part[-12:]) for part in request.path.split("/") if part.startswith("01890000")]
                if numbers and numbers[0] in gone:
                    return 404, {}, b'{"code": "image_not_found", "detail": "Image not found."}'
                if "/similar" in request.path:
                    items = [record(other, **{"distance": 3, **changed}) for other in neighbours[numbers[0]]]
                elif numbers:
                    return 200, {}, json.dumps(record(numbers[0], **changed)).encode()
                else:
                    items = [record(number) for number in range(len(neighbours))]
                return 200, {}, json.dumps({"items": items, "total": len(neighbours)}).encode()

            return CommandLine(stack.enter_context(stand_in(answer))[0])

        yield start


def test_images_belong_together_through_others(pretending: Any) -> None:
    cli = pretending([[1], [0, 2], [1], [], [5], [4]])
    assert found(cli) == [[image_id(0), image_id(1), image_id(2)], [image_id(4), image_id(5)]]


def test_images_that_are_deleted_meanwhile_are_left_out(pretending: Any) -> None:
    cli = pretending([[1, 2], [0, 2], [0, 1], [4], [3]], gone=(1, 4))
    assert found(cli) == [[image_id(0), image_id(2)]]


def test_an_image_with_more_similar_ones_than_a_board_says_is_reported(pretending: Any) -> None:
    cli = pretending([[*range(1, 101)], *[[0]] * 100])
    result = cli.run("duplicates", "--json")
    assert (result.exit_code, result.stderr) == (
        0,
        "Images with 100 similar ones or more: 1. Their groups may be incomplete.\n",
    )
    assert len(json.loads(result.stdout)["images"]) == 101


def test_groups_are_printed_without_controls(pretending: Any) -> None:
    cli = pretending([[1], [0]])
    for form in ([], ["--json"]):
        result = cli.run("duplicates", *form)
        assert (result.exit_code, "\x1b" in result.output, "\x07" in result.output) == (0, False, False)


@pytest.mark.parametrize("changed", [{"id": "../../health"}, {"id": image_id(7)}, {"size_bytes": "9"}, {"width": None}])
def test_a_record_that_is_not_of_the_image_ends_it(pretending: Any, changed: dict[str, Any]) -> None:
    result = pretending([[1], [0]], **changed).run("duplicates")
    assert (result.exit_code, result.stdout, "No board answers at" in result.stderr) == (1, "", True)


def test_groups_are_those_that_pairs_connect() -> None:
    chance = random.Random(5)
    pairs = [(chance.randrange(300), chance.randrange(300)) for _ in range(220)]
    groups = Groups()
    sets = {number: {number} for pair in pairs for number in pair}
    for first, second in pairs:
        groups.join(str(first), [str(second)])
        union = sets[first] | sets[second]
        sets.update(dict.fromkeys(union, union))
    expected = {frozenset(map(str, group)) for group in sets.values()}
    largest_first = groups.largest_first()
    assert {frozenset(group) for group in largest_first} == expected
    sizes = [len(group) for group in largest_first]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == len(sets)
    assert sizes[0] > 2
