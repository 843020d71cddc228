"""Checks of what a board says about images and tags. It is not trusted, and parts of it become parts of paths."""

import re
from typing import Any

import httpx

from reaction_board_client.connection import not_a_board
from reaction_board_client.tag_names import TAG

Image = dict[str, Any]  # as the API gives it, checked by `image`
Tag = dict[str, Any]  # as the API gives it, checked by `tag`

FINGERPRINT_BITS = 64  # the largest distance that is possible


def number(response: httpx.Response, value: Any) -> int:
    """Return a number as it is, after checking that it is one. Like all functions here, it raises NotABoard."""
    if not isinstance(value, int):
        raise not_a_board(response)
    return value


def images(response: httpx.Response, page: dict[str, Any]) -> list[Image]:
    """Return the images of a page."""
    items = page.get("items")
    if not isinstance(items, list):
        raise not_a_board(response)
    return [image(response, item) for item in items]


def similar_images(response: httpx.Response, page: dict[str, Any], distance: int | None, limit: int) -> list[Image]:
    """Return images with their `distance`, after checking that they are not more or farther than was asked for."""
    similar = images(response, page)
    most = FINGERPRINT_BITS if distance is None else distance
    if len(similar) > limit or not all(_is_distance(image.get("distance"), most) for image in similar):
        raise not_a_board(response)
    return similar


def _is_distance(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def tags(response: httpx.Response, page: dict[str, Any]) -> list[Tag]:
    """Return the tags of a page."""
    items = page.get("items")
    if not isinstance(items, list):
        raise not_a_board(response)
    return [tag(response, item) for item in items]


def whole_tag(response: httpx.Response, value: Any) -> Tag:
    """Return a tag as it is, after checking that it is one and has aliases."""
    whole = tag(response, value)
    aliases = whole.get("aliases")
    if not isinstance(aliases, list) or not all(map(_is_tag_name, aliases)):
        raise not_a_board(response)
    return whole


def tag(response: httpx.Response, value: Any) -> Tag:
    """Return a tag as it is, after checking that it is one."""
    if not (
        isinstance(value, dict)
        and _is_tag_name(value.get("name"))
        and _is_tag_name(value.get("alias", value["name"]))
        and isinstance(value.get("image_count"), int)
        and isinstance(value.get("together", 0), int)
    ):
        raise not_a_board(response)
    return value


def _is_tag_name(value: Any) -> bool:
    return isinstance(value, str) and bool(TAG.fullmatch(value))


def image(response: httpx.Response, value: Any) -> Image:
    """Return a record as it is, after checking that it is one: its id and hash become parts of paths."""
    try:
        texts = [value["filename"], value["mime_type"], *value["tags"]]
        valid = (
            isinstance(value["tags"], list)
            and all(isinstance(text, str) for text in texts)
            and all(isinstance(value[name], int) for name in ("size_bytes", "width", "height"))
            and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value["id"])
            and re.fullmatch("[0-9a-f]{64}", value["hash"])
        )
    except (KeyError, TypeError):
        valid = False
    if not valid:
        raise not_a_board(response)
    record: Image = value
    return record
