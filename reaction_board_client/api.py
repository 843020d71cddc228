"""The API of a board, one method per operation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Self

import httpx

from reaction_board_client.connection import Connection, json_of, not_a_board
from reaction_board_client.errors import NotABoard, Refused

Image = dict[str, Any]  # as the API gives it, checked by `_image`
Conditions = Mapping[str, str | int]  # of a search, by the names of its parameters

MAX_PAGE = 100  # images
MAX_IDS = 100  # images whose tags one request changes


class Api:
    """A board, safe to use from several threads. Close it by `with`. Its methods raise BoardError."""

    def __init__(self, address: str, token: str = "", connections: int = 4) -> None:
        self._connection = Connection(address, token, connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__()

    def is_ready(self) -> bool:
        """Say whether a board answers that can do its work, without retries. It does not raise BoardError."""
        return self._connection.is_ready()

    def search(self, conditions: Conditions, limit: int | None) -> Iterator[tuple[Image, int]]:
        """Yield the images of a search in its order, at most `limit` if it is given, each with the total of matches."""
        query = httpx.QueryParams({**conditions, "limit": min(limit or MAX_PAGE, MAX_PAGE)})
        listed = largest_total = 0
        following: httpx.QueryParams | None = query
        while following is not None:
            response = self._connection.request("GET", "images", params=following)
            page = json_of(response)
            images, total = _images(response, page), _number(response, page.get("total"))
            for image in images[: None if limit is None else limit - listed]:
                yield image, total
            listed += len(images)
            if limit is not None and listed >= limit:
                return
            following = self._connection.next_query(response)
            # More images than the total can come and go during a long search, but not without end.
            largest_total = max(largest_total, total)
            if following is not None and (not images or listed > 2 * largest_total):
                raise NotABoard(f"The list of images does not end: {listed} of {total} are listed, and there is more.")

    def find(self, digest: str) -> Image | None:
        """Return the image whose bytes have this SHA-256, in hexadecimal, or None."""
        return next((image for image, _ in self.search({"hash": digest}, limit=1)), None)

    def get(self, image_id: str) -> Image:
        """Return the image with this id."""
        response = self._connection.request("GET", f"images/{image_id}")
        return _image(response, json_of(response))

    def check_tags(self, tags: str) -> None:
        """Raise Refused unless a new image may have these tags, which are separated by commas.

        The board answers that itself, so its own bounds count: to an upload in which nothing but the file is missing.
        """
        try:
            self._connection.request("POST", "images", files={"tags": (None, tags)})
        except Refused as error:
            if not error.detail.startswith("file:"):
                raise

    def upload(self, file: BinaryIO, filename: str, tags: str) -> Image:
        """Upload a file, which is never in memory as a whole. `duplicate` of the answer says whether it was known."""
        files = {"file": (filename, file, "application/octet-stream")}
        response = self._connection.request("POST", "images", files=files, data={"tags": tags})
        return _image(response, json_of(response))

    @contextmanager
    def bytes_of(self, image: Image) -> Iterator[Iterator[bytes]]:
        """Give the bytes of an image in pieces."""
        with self._connection.stream(f"images/{image['id']}/file") as response:
            yield response.iter_raw()

    def change_tags(self, image_ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> Iterator[Image]:
        """Add tags to images and remove others, in batches of MAX_IDS; yield the images in the order of their ids."""
        for start in range(0, len(image_ids), MAX_IDS):
            change = {"ids": image_ids[start : start + MAX_IDS], "add": add, "remove": remove}
            response = self._connection.request("POST", "images/tags", json=change)
            yield from _images(response, json_of(response))


def _number(response: httpx.Response, value: Any) -> int:
    if not isinstance(value, int):
        raise not_a_board(response)
    return value


def _images(response: httpx.Response, page: dict[str, Any]) -> list[Image]:
    items = page.get("items")
    if not isinstance(items, list):
        raise not_a_board(response)
    return [_image(response, item) for item in items]


def _image(response: httpx.Response, value: Any) -> Image:
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
    image: Image = value
    return image
