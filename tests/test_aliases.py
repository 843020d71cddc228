"""Aliases of tags: /tags/{name} and /tags/{name}/aliases."""

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from reaction_board.database.queries import lists, tags
from tests.board import Board, assert_error, ids, image_of
from tests.check import check
from tests.walks import walk


@pytest.fixture
def laughing(board: Board) -> dict[str, Any]:
    """An image with a tag that has two aliases."""
    image = board.added(tags="laughing")
    assert board.set_aliases("laughing", "lol", " HAHA").status_code == 200
    return image


def test_a_tag_shows_its_aliases_whichever_of_its_names_is_asked_for(board: Board, laughing: dict[str, Any]) -> None:
    tag = board.tag("laughing")
    assert tag == {"id": tag["id"], "name": "laughing", "image_count": 1, "aliases": ["haha", "lol"], "merging": []}
    assert UUID(tag["id"])
    for name in ("lol", "haha", "LOL", "%20lol%20"):
        assert board.tag(name) == tag


def test_the_list_of_tags_shows_no_alias(board: Board, laughing: dict[str, Any]) -> None:
    for query in ({}, {"q": "l"}, {"q": "lol"}, {"order": "count"}):
        page = board.tags(**query)
        names = [] if query.get("q") == "lol" else ["laughing"]
        assert ([tag["name"] for tag in page["items"]], page["total"]) == (names, len(names))
        assert all(set(tag) == {"id", "name", "image_count"} for tag in page["items"])


def test_every_operation_takes_an_alias_for_its_tag(app: Flask, board: Board, laughing: dict[str, Any]) -> None:
    uploaded = board.added(tags="lol,cat,haha,laughing")
    assert uploaded["tags"] == ["cat", "laughing"]
    patched = image_of(board.replace_tags(board.added()["id"], ["haha", "dog"]))
    assert patched["tags"] == ["dog", "laughing"]
    changed = board.change_tags([board.added(tags="bird")["id"]], add=["lol"], remove=["bird"]).get_json()["items"][0]
    assert changed["tags"] == ["laughing"]
    assert board.tag_counts() == {"bird": 0, "cat": 1, "dog": 1, "laughing": 4}
    assert board.change_tags([changed["id"]], remove=["haha"]).get_json()["items"][0]["tags"] == []
    both = board.change_tags([changed["id"]], add=["haha"], remove=["laughing"])
    assert_error(both, 422, "validation_error", about="remove: ")
    assert check(app) == (0, [])


@pytest.mark.parametrize("popular", [1, 10**9])
def test_a_search_takes_an_alias_for_its_tag(
    app: Flask, board: Board, laughing: dict[str, Any], popular: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "POPULAR", popular)
    cat, other = board.added(tags="laughing,cat"), board.added(tags="cat")
    for query, found in (
        ({"tags": "lol"}, [cat, laughing]),
        ({"tags": "lol,haha"}, [cat, laughing]),
        ({"tags": "lol,laughing,cat"}, [cat]),
        ({"tags": "lol", "hash": cat["hash"]}, [cat]),
        ({"tags": "cat", "none": "lol", "hash": cat["hash"]}, []),
        ({"any": "lol,cat"}, [other, cat, laughing]),
        ({"any": "lol,haha"}, [cat, laughing]),
        ({"none": "haha"}, [other]),
        ({"tags": "cat", "none": "haha,unknown"}, [other]),
        ({"tags": "lol", "none": "laughing"}, []),
    ):
        page = board.search(**query)
        assert (ids(page["items"]), page["total"]) == (ids(found), len(found)), query
        walked = [image for page in walk(board, **query, limit=1) for image in ids(page["items"])]
        assert walked == ids(found)
        shuffled = board.search(**query, order="random", seed=1)
        assert sorted(ids(shuffled["items"])) == sorted(ids(found))
    assert board.search(tags="lol", offset=1)["total"] == 2


def test_aliases_are_replaced_as_a_whole(app: Flask, board: Board, laughing: dict[str, Any]) -> None:
    assert board.set_aliases("laughing", "rofl", "lol").get_json()["aliases"] == ["lol", "rofl"]
    assert_error(board.get("/tags/haha"), 404, "tag_not_found")
    assert board.set_aliases("rofl", "haha").get_json() == board.tag("laughing")  # by an alias, too
    assert board.tag("laughing")["aliases"] == ["haha"]
    assert board.set_aliases("laughing").get_json()["aliases"] == []
    assert board.search(tags="haha")["total"] == 0
    assert board.added(tags="haha")["tags"] == ["haha"]
    assert board.tags()["total"] == 2
    assert check(app) == (0, [])


def test_a_tag_without_images_can_become_an_alias_and_be_a_tag_again(app: Flask, board: Board) -> None:
    image = board.added(tags="cat,kitten")
    board.replace_tags(image["id"], ["cat"])
    kitten = board.tag("kitten")
    assert_error(board.set_aliases("kitten", "cat"), 409, "tag_in_use", about="'cat'")
    assert board.set_aliases("cat", "kitten").get_json()["aliases"] == ["kitten"]
    assert (board.tag_counts(), board.tags()["total"]) == ({"cat": 1}, 1)
    board.set_aliases("cat")
    assert board.tag("kitten") == kitten
    assert (board.tag_counts(), board.tags()["total"]) == ({"cat": 1, "kitten": 0}, 2)
    assert check(app) == (0, [])


def test_chains_are_resolved_when_they_are_made(app: Flask, board: Board) -> None:
    image = board.added(tags="a,b")
    board.set_aliases("b", "c", "d")
    board.replace_tags(image["id"], ["a"])
    # All of them are listed, so that none is lost, and a repeated request changes nothing.
    assert_error(board.set_aliases("a", "b", "c"), 409, "alias_conflict", about="'d'")
    for _ in range(2):
        assert board.set_aliases("a", "b", "c", "d").get_json()["aliases"] == ["b", "c", "d"]
    for name in "bcd":
        assert board.tag(name)["name"] == "a"
        assert board.added(tags=name)["tags"] == ["a"]
    assert check(app) == (0, [])


def test_an_alias_stands_for_one_tag_and_not_for_itself(board: Board, laughing: dict[str, Any]) -> None:
    board.added(tags="cat")
    for name, alias in (("laughing", "laughing"), ("lol", "laughing"), ("cat", "lol"), ("cat", "cat")):
        assert_error(board.set_aliases(name, "new", alias), 409, "alias_conflict", about=f"{alias!r}")
    assert board.tag("laughing")["aliases"] == ["haha", "lol"]
    assert_error(board.get("/tags/new"), 404, "tag_not_found")


@pytest.mark.parametrize("name", ["unknown", "no!", "%00", "%F0%9F%90%88", "x" * 65, "%20"])
def test_a_name_without_a_tag_is_not_found(board: Board, name: str) -> None:
    for response in (board.get(f"/tags/{name}"), board.set_aliases(name, "new"), board.merge(name, "new")):
        assert_error(response, 404, "tag_not_found")
    assert board.tags()["total"] == 0


@pytest.mark.parametrize(
    ("aliases", "code", "about"),
    [
        (["ok", "b!"], "invalid_tag", "b!"),
        ([""], "invalid_tag", ""),
        ([f"t{n}" for n in range(10_001)], "validation_error", "aliases: "),
        ("lol", "validation_error", "aliases: "),
        (None, "validation_error", "aliases: "),
        ([1], "validation_error", "aliases.0: "),
    ],
)
def test_invalid_aliases_change_nothing(board: Board, aliases: Any, code: str, about: str) -> None:
    board.added(tags="cat")
    response = board.client.put("/api/v1/tags/cat/aliases", json={"aliases": aliases})
    assert_error(response, 422, code, about=about)
    assert board.tag("cat")["aliases"] == []


@pytest.mark.parametrize("write", ["upload", "replace", "change"])
def test_no_image_gets_a_name_that_becomes_an_alias_at_that_moment(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    image, busy = board.added(), board.added(tags="cat,kitten")
    board.replace_tags(busy["id"], ["cat"])
    look_up = tags.look_up
    meanwhile: list[Callable[[], Any]] = [lambda: board.set_aliases("cat", "kitten"), lambda: board.set_aliases("cat")]

    def interrupted(*args: Any) -> Any:
        names = look_up(*args)
        if meanwhile:  # after the names are looked up, and before the lists are locked
            assert meanwhile.pop(0)().status_code == 200
        return names

    monkeypatch.setattr("reaction_board.database.queries.images.look_up", interrupted)
    another = Board(app.test_client())
    if write == "upload":
        image = another.added(tags="kitten")
    elif write == "replace":
        image = image_of(another.replace_tags(image["id"], ["kitten"]))
    else:
        (image,) = another.change_tags([image["id"]], add=["kitten"]).get_json()["items"]
    assert not meanwhile
    assert image["tags"] == ["cat"]  # the tag of the alias when it was looked up again
    assert check(app) == (0, [])


def test_other_names_can_change_as_often_as_they_like(
    board: Board, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, _ = board.added(tags="cat"), board.added(tags="dog")
    another, numbers = Board(app.test_client()), count()
    look_up = tags.look_up

    def interrupted(*args: Any) -> Any:
        result = look_up(*args)
        assert another.set_aliases("dog", f"dog-{next(numbers)}").status_code == 200
        return result

    for module in ("images", "merges"):
        monkeypatch.setattr(f"reaction_board.database.queries.{module}.look_up", interrupted)
    assert board.upload(tags="cat").status_code == 201
    assert board.replace_tags(image["id"], ["kitten"]).status_code == 200
    assert board.merged("cat", "kitten")["remaining"] == 0
    assert next(numbers) == 3


def test_a_tag_can_have_more_aliases_than_an_image_has_tags(another: Callable[..., Flask]) -> None:
    board = Board(another(MAX_TAGS=3).test_client())
    board.added(tags="cat")
    assert len(board.set_aliases("cat", *(f"cat-{n}" for n in range(300))).get_json()["aliases"]) == 300


def test_a_write_gives_up_when_names_change_again_and_again(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    image = board.added(tags="cat")
    board.set_aliases("cat", "dog")
    look_up = tags.look_up

    def outdated(connection: Any, *args: Any) -> tags.Names:
        return tags.Names(look_up(connection, ["cat", "dog"]).keys, {}, 0)  # as before "dog" became an alias

    monkeypatch.setattr("reaction_board.database.queries.images.look_up", outdated)
    assert_error(board.replace_tags(image["id"], ["dog"]), 503, "service_unavailable")
