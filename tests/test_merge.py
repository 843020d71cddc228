"""POST /tags/{name}/merge: every image gets the other tag, step by step."""

from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from reaction_board.database.queries import lists, merges
from tests.board import Board, assert_error, ids, image_of
from tests.check import check, kinds
from tests.concurrency import together
from tests.walks import walk


@pytest.fixture(params=[1, 10**9, 3], ids=["bitmaps", "entries", "both"])
def popular(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of images from which a tag has bitmaps: at once, never, or in the middle of a merge."""
    monkeypatch.setattr(lists, "POPULAR", request.param)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step moves two images."""
    monkeypatch.setattr(merges, "STEP", 2)


@pytest.fixture
def images(board: Board) -> list[dict[str, Any]]:
    """Images, the newest first: three have `lol`, two `laughing`, one both."""
    tags = ("lol,cat", "laughing", "cat", "lol,laughing", "lol", "lol,cat,dog", "laughing,cat")
    return [board.added(tags=names) for names in tags][::-1]


def funny(images: list[dict[str, Any]]) -> list[str]:
    return ids(image for image in images if {"lol", "laughing"} & set(image["tags"]))


@pytest.mark.slow
@pytest.mark.usefixtures("popular", "step")
def test_both_names_find_all_images_at_every_step_and_counts_are_exact(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    lol, laughing = board.tag("lol"), board.tag("laughing")
    steps: list[dict[str, Any]] = []
    while not steps or steps[-1]["remaining"]:
        steps.append(board.merged("lol", "laughing"))
        merging = ["lol"] if steps[-1]["remaining"] else []
        assert steps[-1]["tag"] == {**laughing, "image_count": 6, "aliases": ["lol"], "merging": merging}
        assert [tag.get("merging", []) for tag in board.tags(q="laughing")["items"]] == [merging]
        assert board.tag("lol") == board.tag("laughing") == steps[-1]["tag"]
        assert board.tag_counts() == {"cat": 4, "dog": 1, "laughing": 6}
        assert board.tags(order="count")["items"][0]["name"] == "laughing"
        for query, found in (
            ({"tags": "lol"}, funny(images)),
            ({"tags": "laughing"}, funny(images)),
            ({"tags": "lol,laughing"}, funny(images)),
            ({"any": "lol"}, funny(images)),
            ({"any": "laughing,unknown"}, funny(images)),
            ({"none": "lol"}, ids([images[4]])),
            ({"none": "laughing", "tags": "cat"}, ids([images[4]])),
            ({"tags": "cat,lol"}, ids([images[0], images[1], images[6]])),
            ({"tags": "lol", "hash": images[6]["hash"]}, ids([images[6]])),
            ({"none": "laughing", "hash": images[1]["hash"]}, []),
        ):
            page = board.search(**query)
            assert (ids(page["items"]), page["total"]) == (found, len(found)), query
            walked = [image for page in walk(board, **query, limit=2) for image in ids(page["items"])]
            assert walked == found
            assert sorted(ids(board.search(**query, order="random", seed=2)["items"])) == sorted(found)
        assert all(kind == "unfinished merge" for kind, *_ in kinds(check(app)[1]))
    assert [(one["moved"], one["remaining"]) for one in steps] == [(2, 2), (2, 0)]
    for image in board.search()["items"]:
        assert "lol" not in image["tags"]
    assert board.search(tags="cat,laughing,dog")["items"][0]["tags"] == ["cat", "dog", "laughing"]
    assert board.merged("lol", "laughing") == {"moved": 0, "remaining": 0, "tag": steps[-1]["tag"]}
    board.set_aliases("laughing")
    assert board.tag("lol") == {**lol, "image_count": 0}
    assert check(app) == (0, [])


@pytest.mark.usefixtures("popular", "step")
def test_a_merge_into_a_new_name_renames(app: Flask, board: Board, images: list[dict[str, Any]]) -> None:
    first = board.merged("cat", "Feline ")
    assert (first["moved"], first["remaining"], first["tag"]["name"]) == (2, 2, "feline")
    assert board.tags()["total"] == 4
    assert board.merged("cat", "feline")["remaining"] == 0
    assert board.tag_counts() == {"dog": 1, "feline": 4, "laughing": 3, "lol": 4}
    assert board.search(tags="cat")["total"] == board.search(tags="feline")["total"] == 4
    assert check(app) == (0, [])


@pytest.mark.usefixtures("popular", "step")
def test_images_that_change_during_a_merge_are_moved_by_that_change(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    assert board.merged("lol", "laughing")["remaining"] == 2  # the two newest of the four
    newer, older = images[1], images[2]
    (changed,) = board.change_tags([newer["id"]], add=["new"]).get_json()["items"]
    assert changed["tags"] == ["cat", "dog", "laughing", "new"]
    assert board.tag_counts() == {"cat": 4, "dog": 1, "laughing": 6, "new": 1}
    assert board.replace_tags(older["id"], ["lol"]).get_json()["tags"] == ["laughing"]
    assert board.added(tags="lol")["tags"] == ["laughing"]
    assert board.search(tags="lol")["total"] == board.tag("lol")["image_count"] == 7
    assert board.merged("lol", "laughing")["remaining"] == 0
    assert check(app) == (0, [])


@pytest.mark.usefixtures("popular", "step")
def test_images_that_are_deleted_during_a_merge_are_counted_no_more(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    assert board.merged("lol", "laughing")["remaining"] == 2
    for n, image in enumerate((images[1], images[6], images[2]), 1):
        board.delete(image["id"])
        assert board.search(tags="laughing")["total"] == board.tag("lol")["image_count"] == 6 - n
    assert board.merged("lol", "laughing")["remaining"] == 0
    assert check(app) == (0, [])


@pytest.mark.usefixtures("popular", "step")
def test_a_chain_of_merges_ends_at_the_last_tag(app: Flask, board: Board, images: list[dict[str, Any]]) -> None:
    board.set_aliases("lol", "rofl")
    board.merged("lol", "laughing")
    assert board.merged("laughing", "amused")["tag"]["aliases"] == ["laughing", "lol", "rofl"]
    for name in ("lol", "rofl", "laughing", "amused"):
        assert board.search(tags=name)["total"] == board.tag(name)["image_count"] == 6
    remaining = 1
    while remaining:
        remaining = board.merged("lol", "amused")["remaining"]  # also finishes the merge into it
    assert board.tag_counts() == {"amused": 6, "cat": 4, "dog": 1}
    assert ids(board.search(tags="lol")["items"]) == funny(images)
    assert check(app) == (0, [])


def test_a_merge_that_would_be_a_cycle_or_has_another_end_is_refused(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    board.merged("lol", "laughing")
    for name, into in (("cat", "cat"), ("laughing", "lol"), ("laughing", "laughing"), ("lol", "cat"), ("lol", "new")):
        assert_error(board.merge(name, into), 409, "alias_conflict", about=repr(name))
    assert board.tag_counts() == {"cat": 4, "dog": 1, "laughing": 6}
    assert check(app) == (0, [])


@pytest.mark.parametrize(
    ("body", "code", "about"),
    [
        ({"into": "no!"}, "invalid_tag", "no!"),
        ({"into": ""}, "invalid_tag", ""),
        ({"into": 1}, "validation_error", "into: "),
        ({"into": None}, "validation_error", "into: "),
        ({}, "validation_error", "into: "),
        ({"into": "dog", "all": True}, "validation_error", "all: "),
    ],
)
def test_a_bad_merge_changes_nothing(board: Board, body: dict[str, Any], code: str, about: str) -> None:
    board.added(tags="cat")
    assert_error(board.client.post("/api/v1/tags/cat/merge", json=body), 422, code, about=about)
    assert board.tag_counts() == {"cat": 1}


@pytest.mark.usefixtures("step")
def test_an_alias_cannot_be_taken_away_before_its_merge_is_finished(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    board.merged("lol", "laughing")
    assert_error(board.set_aliases("laughing"), 409, "tag_in_use", about="'lol'")
    assert board.set_aliases("laughing", "lol", "haha").status_code == 200
    assert board.merged("haha", "laughing")["remaining"] == 0  # any of its names finishes it
    assert board.set_aliases("laughing").status_code == 200
    assert check(app) == (0, [])


@pytest.mark.usefixtures("popular", "step")
def test_a_tag_that_is_none_of_another_any_more_shares_no_images_with_it(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    remaining = board.merged("lol", "laughing")["remaining"]
    assert remaining == 2
    for image in board.search()["items"]:  # no step is left to do: others have taken the tag from all images
        if "lol" in image["tags"]:
            board.delete(image["id"])
    board.set_aliases("laughing")
    board.added(tags="lol")
    assert board.search(tags="laughing")["total"] == board.tag("laughing")["image_count"] == 4
    assert board.search(tags="lol")["total"] == board.tag("lol")["image_count"] == 1
    assert check(app) == (0, [])


@pytest.mark.usefixtures("popular", "step")
def test_check_reports_a_merge_that_was_left_unfinished_and_repair_finishes_it(
    app: Flask, board: Board, images: list[dict[str, Any]]
) -> None:
    board.merged("lol", "laughing")
    board.merged("cat", "feline")
    expected = [("unfinished merge", "cat"), ("unfinished merge", "lol")]
    assert kinds(check(app)[1]) == [(*one, False) for one in expected]
    assert kinds(check(app, "--repair")[1]) == [(*one, True) for one in expected]
    assert check(app) == (0, [])
    assert board.tag_counts() == {"dog": 1, "feline": 4, "laughing": 6}
    assert all({"lol", "cat"}.isdisjoint(image["tags"]) for image in board.search()["items"])


def test_repair_leaves_a_merge_alone_that_was_undone_meanwhile(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = board.added(tags="pop")
    board.added(tags="wow")
    monkeypatch.setattr(merges, "find_unfinished", lambda _: [("wow", ["pop"])])
    check(app, "--repair")
    assert image_of(board.get(f"/images/{image['id']}"))["tags"] == ["pop"]


@pytest.mark.usefixtures("step")
def test_a_merge_ends_although_records_and_lists_differ(engine: Engine, app: Flask, board: Board) -> None:
    images = [board.added(tags="lol") for _ in range(5)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE images SET tags = '{}' WHERE id = :id"), {"id": images[0]["id"]})
        connection.execute(text("DELETE FROM images WHERE id = :id"), {"id": images[1]["id"]})
    for remaining in (3, 1, 0):
        assert board.merged("lol", "laughing")["remaining"] == remaining
    assert image_of(board.get(f"/images/{images[0]['id']}"))["tags"] == ["laughing"]  # as the list of aliases said
    assert board.tag_counts() == {"laughing": 4}


def test_check_reports_an_alias_that_images_have_and_repair_takes_it_from_them(
    app: Flask, board: Board, engine: Engine, images: list[dict[str, Any]]
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE tags SET alias_of = (SELECT key FROM tags WHERE name = 'dog') WHERE name = 'cat'")
        )
        connection.execute(text("UPDATE totals SET tags = tags - 1"))
    assert kinds(check(app)[1]) == [("alias on images", "cat", False)]
    assert kinds(check(app, "--repair")[1]) == [("alias on images", "cat", True)]
    assert check(app) == (0, [])
    assert board.tag_counts() == {"dog": 4, "laughing": 3, "lol": 4}
    assert ids(board.search(tags="cat")["items"]) == ids(board.search(tags="dog")["items"])


@pytest.mark.usefixtures("step")
def test_a_merge_that_breaks_off_has_done_whole_steps(
    app: Flask, board: Board, images: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: Any) -> None:
        raise OSError("the worker is killed")

    with monkeypatch.context() as patch:
        patch.setattr(lists, "enter", break_off)
        assert_error(board.merge("lol", "amused"), 500, "internal_error")
    assert board.tag_counts() == {"cat": 4, "dog": 1, "laughing": 3, "lol": 4}
    assert check(app) == (0, [])
    assert board.merged("lol", "amused")["remaining"] == 2
    with monkeypatch.context() as patch:
        patch.setattr(lists, "enter", break_off)
        assert_error(board.merge("lol", "amused"), 500, "internal_error")
    assert board.search(tags="lol")["total"] == board.tag("amused")["image_count"] == 4
    assert board.merged("lol", "amused")["remaining"] == 0
    assert check(app) == (0, [])


@pytest.mark.slow
@pytest.mark.usefixtures("popular")
def test_uploads_changes_deletes_and_merges_at_once_stay_exact(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merges, "STEP", 3)
    images = ids([board.added(tags="a,b") for _ in range(12)])

    def merge(client: Board) -> None:
        for name, into in (("a", "c"), ("b", "d"), ("c", "e"), ("d", "e")):
            while (answer := client.merge(name, into)).get_json().get("remaining", 0):
                assert answer.status_code == 200
            assert answer.status_code in (200, 409)  # the other client is a step ahead

    def change(client: Board) -> None:
        for n, image in enumerate(images):
            client.added(tags=f"a,{'bcd'[n % 3]}")
            client.change_tags([image], add=["b"], remove=["c"])
            if n % 4 == 0:
                client.delete(image)

    acts = [merge, merge, change, change]
    together(*(partial(act, Board(app.test_client())) for act in acts))
    assert check(app) == (0, [])
    for name in "abcd":
        assert board.tag(name)["name"] == "e"
        assert board.search(tags=name)["total"] == board.tag("e")["image_count"]
    assert board.tag("e")["aliases"] == [*"abcd"]
