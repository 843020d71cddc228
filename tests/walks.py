"""The expected result of a search, walking through results by links, and the guarantees of such a walk."""

from collections.abc import Callable, Iterable
from typing import Any

import requests

from tests.board import API, Board, RemoteBoard, assert_error, ids, links_of


def path_of(**query: object) -> str:
    return f"{API}/images?" + "&".join(f"{name}={value}" for name, value in query.items())


def matching(images: Iterable[dict[str, Any]], asked: dict[str, str]) -> list[str]:
    """Return the ids of the images that a search must find, in the order given, by looking at each of them."""
    names = {name: set(asked.get(name, "").split(",")) - {""} for name in ("tags", "any", "none")}
    return [
        image["id"]
        for image in images
        if names["tags"] <= set(image["tags"])
        and (not names["any"] or names["any"] & set(image["tags"]))
        and not names["none"] & set(image["tags"])
        and asked.get("mime_type") in (None, image["mime_type"])
        and asked.get("hash") in (None, image["hash"])
        and asked.get("untagged") in (None, str(not image["tags"]).lower())
        and asked.get("animated") in (None, str(image.get("film")).lower())
    ]


def walk(board: Board, **query: object) -> list[dict[str, Any]]:
    """Return all pages of a search, as its links lead to them.

    The links that lead back from the last page must lead through the same pages.
    """
    pages: list[dict[str, Any]] = []
    following = path_of(**query)
    while following:
        last = board.client.get(following)
        assert last.status_code == 200, last.text
        pages.append(last.get_json())
        following = links_of(last).get("next", "")
    back = [pages[-1], *board.followed("prev", links_of(last).get("prev", ""))]
    assert [ids(page["items"]) for page in back] == [ids(page["items"]) for page in pages[::-1]]
    return pages


def walk_among_others(board: Board, change: Callable[[list[str]], object], **query: object) -> list[str]:
    """Return the ids that a walk returns, none twice, while the board changes after each page.

    `change` is called with the ids so far. The walk ends after 40 ids.
    """
    met: list[str] = []
    for page in board.followed("next", path_of(**query)):
        met += ids(page["items"])
        change(met)
        if len(met) > 40:
            break
    assert len(set(met)) == len(met)
    return met


def met_while_the_newest_first_change(board: Board, names: str, /, **query: object) -> None:
    """Check that a walk from the newest image skips and repeats nothing that stays on the board.

    All images have the tags `names`. After each page one is added, and two are deleted: the last one so far, and
    the one with which the next page begins.
    """
    there = [board.added(tags=names)["id"] for _ in range(12)][::-1]
    deleted: set[str] = set()

    def change(met: list[str]) -> None:
        board.added(tags=names)
        for gone in (met[-1], there[len(met)] if len(met) < len(there) else met[0]):
            board.delete(gone)
            deleted.add(gone)

    met = walk_among_others(board, change, **query, limit=3)
    assert [image for image in there if image not in deleted or image in met] == met


def hold_to_the_longest_search(board: RemoteBoard) -> None:
    """Search a server for as many and as long tags as the API allows, walk through the result, and ask for more."""
    names, others, more = ([f"{kind}{n:063}" for n in range(201)] for kind in "abc")
    images = [board.added(tags=",".join(names[:200])) for _ in range(3)]

    def search(count: int, **query: object) -> requests.Response:
        parts = {"tags": names[:count], "any": [*more[: count - 1], names[0]], "none": others[:count]}
        return board.get(path_of(**{name: "%2C%20".join(part) for name, part in parts.items()}, **query)[len(API) :])

    middle = search(200, limit=1, offset=1, include="frames", animated="false", mime_type="image/png", untagged="false")
    assert middle.status_code == 200, middle.text
    assert (ids(middle.json()["items"]), middle.json()["total"]) == ([images[1]["id"]], 3)
    for relation, image in (("next", images[0]), ("prev", images[2])):
        page = board.get(middle.links[relation]["url"].partition(API)[2])
        assert ids(page.json()["items"]) == [image["id"]]
    assert_error(search(201), 422, "validation_error", about="tags: More than 200 tags.")
    assert_error(board.get(f"/images?tags={'a,' * 30_000}"), 414, "uri_too_long")
