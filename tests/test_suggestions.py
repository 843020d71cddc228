"""GET /tags with `match` and with `with`."""

from typing import Any

import pytest
from flask import Flask

from reaction_board.database.queries import lists, merges, suggestions
from tests.board import Board, assert_error

Listed = list[tuple[Any, ...]]


def matches(board: Board, typed: str, **query: Any) -> list[str]:
    """Return the names that match: of a tag, or of an alias and the tag that it stands for."""
    items = board.tags(match=typed, **query)["items"]
    return [f"{tag['alias']}={tag['name']}" if "alias" in tag else tag["name"] for tag in items]


@pytest.fixture(scope="module")
def named(shared_board: Board) -> None:
    for tags in ("face-palm,palm-tree,napalm", "face_palm,palm-tree", "laughing,x_palm_y,face-palm", "laughing,tree"):
        shared_board.added(tags=tags)
    shared_board.added(tags="laughing,epalms")
    assert shared_board.set_aliases("laughing", "lol", "palms-up", "haha").status_code == 200


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (
            "palm",
            ["palms-up=laughing", "face-palm", "palm-tree", "face_palm", "x_palm_y", "epalms", "napalm"],
        ),
        (" PALM ", ["palms-up=laughing", "face-palm", "palm-tree", "face_palm", "x_palm_y", "epalms", "napalm"]),
        ("palm t", ["palm-tree"]),
        ("face palm", ["face-palm", "face_palm"]),
        ("face  palm", ["face-palm", "face_palm"]),
        ("face_palm", ["face-palm", "face_palm"]),
        ("e palm", ["face-palm", "face_palm"]),
        ("-palm", ["face-palm", "face_palm", "x_palm_y"]),
        ("lo", ["lol=laughing"]),
        (
            "l",
            [
                *("laughing", "lol=laughing", "palms-up=laughing", "face-palm", "palm-tree"),
                *("epalms", "face_palm", "napalm", "x_palm_y"),
            ],
        ),
        ("ah", ["haha=laughing"]),
        ("e", ["epalms", "face-palm", "palm-tree", "face_palm", "tree"]),
        ("%", []),
        ("palm%", []),
        ("p.lm", []),
        ("\\", []),
        ("é", []),
        ("\0", []),
        ("a" * 65, []),
    ],
)
def test_what_is_typed_is_completed_by_words_first(shared_board: Board, typed: str, found: list[str]) -> None:
    names = matches(shared_board, typed)
    assert names == found
    pages = [matches(shared_board, typed, limit=2, offset=offset) for offset in range(0, len(names) + 2, 2)]
    assert [name for page in pages for name in page] == names
    for offset in (0, 10**6):
        assert shared_board.tags(match=typed, limit=1, offset=offset)["total"] == len(names)


@pytest.mark.usefixtures("named")
def test_a_completion_is_a_tag_and_an_alias_says_for_which_it_stands(shared_board: Board) -> None:
    (lol,) = shared_board.tags(match="lol")["items"]
    laughing = shared_board.tag("laughing")
    assert lol == {"id": laughing["id"], "name": "laughing", "image_count": 3, "alias": "lol"}
    (tree,) = shared_board.tags(match="palm tree")["items"]
    assert tree == {"id": tree["id"], "name": "palm-tree", "image_count": 2}
    assert shared_board.tags(match=" ") == shared_board.tags()


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ({"match": "a", "q": "a"}, "match: "),
        ({"with": "a", "q": "a"}, "with: "),
        ({"with": "a", "match": "a"}, "with: "),
        ({"match": "a", "order": "count"}, "order: "),
        ({"with": "a", "order": "name"}, "order: "),
        ({"with": ",".join(f"t{n}" for n in range(201))}, "with: "),
    ],
    ids=str,
)
def test_the_list_of_tags_is_found_in_one_way(shared_board: Board, query: dict[str, str], about: str) -> None:
    response = shared_board.get("/tags", query_string=query)
    assert_error(response, 422, "validation_error", about=about)


def test_a_bad_tag_goes_together_with_nothing(shared_board: Board) -> None:
    assert_error(shared_board.get("/tags?with=a,b!"), 422, "invalid_tag", about="b!")


def together(board: Board, names: str, **query: Any) -> Listed:
    return [
        (tag["name"], tag["together"], tag["image_count"]) for tag in board.tags(**{"with": names}, **query)["items"]
    ]


@pytest.mark.parametrize("popular", [1, 10**9])
def test_what_goes_together_is_counted_on_the_images_found(
    app: Flask, board: Board, popular: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "POPULAR", popular)
    for tags in ("cat,funny,grumpy", "cat,funny,dog", "cat,dog,funny", "cat,old", "dog,lol", "cat,funny"):
        board.added(tags=tags)
    assert together(board, "cat,funny") == [("dog", 2, 3), ("grumpy", 1, 1)]
    assert together(board, "cat") == [("funny", 4, 4), ("dog", 2, 3), ("grumpy", 1, 1), ("old", 1, 1)]
    assert together(board, "cat", limit=1, offset=1) == [("dog", 2, 3)]
    assert board.tags(**{"with": "cat", "limit": 1, "offset": 9}) == {"items": [], "total": 4, "limit": 1, "offset": 9}
    assert together(board, "unknown") == together(board, "cat,unknown") == together(board, "old,lol") == []
    assert board.tags(**{"with": ""}) == board.tags()
    assert set(board.tags(**{"with": "old"})["items"][0]) == {"id", "name", "image_count", "together"}
    for name, count, _ in together(board, "cat"):
        assert board.search(tags=f"cat,{name}")["total"] == count


def test_only_the_newest_images_are_looked_at(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "NEWEST", 2)
    for tags in ("cat,old", "cat,new", "cat,new,other"):
        board.added(tags=tags)
    assert together(board, "cat") == [("new", 2, 2), ("other", 1, 1)]


def test_aliases_are_resolved_in_what_goes_together_also_while_they_merge(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merges, "STEP", 1)
    for tags in ("cat,lol", "cat,lol,laughing", "cat,laughing", "dog,lol"):
        board.added(tags=tags)
    assert board.merged("lol", "laughing")["remaining"] == 2
    assert together(board, "cat") == [("laughing", 3, 4)]
    assert together(board, "lol") == together(board, "laughing") == [("cat", 3, 3), ("dog", 1, 1)]
    assert together(board, "lol,cat") == []
    assert matches(board, "l") == ["laughing", "lol=laughing"]
    assert {tag["image_count"] for tag in board.tags(match="l")["items"]} == {4}
