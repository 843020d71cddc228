"""The API of a board, one method per operation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Self

import httpx

from reaction_board_client import records
from reaction_board_client.connection import Connection, at_once, json_of, not_a_board
from reaction_board_client.errors import NotABoard, Refused
from reaction_board_client.records import Image, Tag

Conditions = Mapping[str, str | int]  # the query parameters of a search

MAX_PAGE = 100  # images; similar images have only one page
MAX_IDS = 100  # images that one request changes or deletes
MAX_TAG_PAGE = 200  # tags
IMAGE_NOT_FOUND = "image_not_found"  # an error code

_BYTES = "application/octet-stream"  # the board detects the type of a file itself


@dataclass(frozen=True)
class MergeStep:
    """One step of merging a tag into another one."""

    moved: int  # images
    remaining: int  # images
    tag: Tag  # the one that gets the images


class Api:
    """A board, safe to use from several threads. `with` closes it. Its methods raise BoardError."""

    def __init__(self, address: str, token: str = "", connections: int = 4) -> None:
        self._connection = Connection(address, token, connections)
        self._known_tags: dict[str, bool] = {}  # the answers of `has_tag`

    @property
    def address(self) -> str:
        """The address of the board, without a trailing slash."""
        return self._connection.address

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__()

    def is_ready(self) -> bool:
        """Return whether the board is ready for requests. It does not retry and does not raise BoardError."""
        return self._connection.is_ready()

    def search(self, conditions: Conditions, limit: int | None) -> Iterator[tuple[Image, int]]:
        """Yield the images of a search, at most `limit` if it is given, each with the total number of matches."""
        query = httpx.QueryParams({**conditions, "limit": min(limit or MAX_PAGE, MAX_PAGE)})
        listed = largest_total = 0
        following: httpx.QueryParams | None = query
        while following is not None:
            response = self._connection.request("GET", "images", params=following)
            page = json_of(response)
            images, total = records.images(response, page), records.number(response, page.get("total"))
            for image in images[: None if limit is None else limit - listed]:
                yield image, total
            listed += len(images)
            if limit is not None and listed >= limit:
                return
            following = self._connection.next_query(response)
            # Uploads during a long search can make the list longer than the total, but not endless.
            largest_total = max(largest_total, total)
            if following is not None and (not images or listed > 2 * largest_total):
                raise NotABoard(f"The list of images does not end: {listed} of {total} are listed, and there is more.")

    def find(self, digest: str) -> Image | None:
        """Return the image whose bytes have this SHA-256, in hexadecimal, or None."""
        return next((image for image, _ in self.search({"hash": digest}, limit=1)), None)

    def get(self, image_id: str) -> Image:
        """Return the image with this id."""
        response = self._connection.request("GET", f"images/{image_id}")
        image = records.image(response, json_of(response))
        if image["id"] != image_id:
            raise not_a_board(response)
        return image

    def get_if_there(self, image_id: str) -> Image | None:
        """Return the image with this id, or None."""
        try:
            return self.get(image_id)
        except Refused as error:
            if error.code != IMAGE_NOT_FOUND:
                raise
            return None

    def similar(self, image_id: str, distance: int | None) -> list[Image]:
        """Return up to MAX_PAGE other images that look like this one, the nearest first, each with its `distance`.

        If `distance` is None, the board's own limit applies.
        """
        query = _similar_query(distance, MAX_PAGE)
        response = self._connection.request("GET", f"images/{image_id}/similar", params=query)
        return records.similar_images(response, json_of(response), distance, MAX_PAGE)

    def similar_to_file(self, file: BinaryIO, distance: int | None, limit: int) -> list[Image]:
        """Return at most `limit` images that look like the picture in a file, which the board does not store.

        The nearest come first, each with its `distance`. The file is streamed.
        """
        response = self._connection.request(
            "POST", "images/similar", params=_similar_query(distance, limit), files={"file": ("picture", file, _BYTES)}
        )
        return records.similar_images(response, json_of(response), distance, limit)

    def check_tags(self, tags: str) -> None:
        """Raise Refused unless a new image may have these tags, which are separated by commas.

        It sends an upload without a file, so the board's own limits apply.
        """
        try:
            self._connection.request("POST", "images", files={"tags": (None, tags)})
        except Refused as error:
            if not error.detail.startswith("file:"):
                raise

    def upload(self, file: BinaryIO, filename: str, tags: str) -> Image:
        """Upload a file, streaming it. `duplicate` in the record says whether the board already had the image."""
        files = {"file": (filename, file, _BYTES)}
        response = self._connection.request("POST", "images", files=files, data={"tags": tags})
        return records.image(response, json_of(response))

    def make_thumbnail(self, image: Image, seconds: float) -> None:
        """Have the board render the thumbnail of an image, if needed. Give up after `seconds`, without retries."""
        self._connection.request("HEAD", f"images/{image['id']}/thumbnail", **at_once(seconds))

    @contextmanager
    def bytes_of(self, image: Image) -> Iterator[Iterator[bytes]]:
        """Give an iterator over the bytes of an image."""
        with self._connection.stream(f"images/{image['id']}/file") as response:
            yield response.iter_raw()

    def change_tags(self, image_ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> Iterator[Image]:
        """Add tags to images and remove others, in batches of MAX_IDS; yield the images in the order of their ids."""
        for start in range(0, len(image_ids), MAX_IDS):
            change = {"ids": image_ids[start : start + MAX_IDS], "add": add, "remove": remove}
            response = self._connection.request("POST", "images/tags", json=change)
            yield from records.images(response, json_of(response))

    def delete(self, image_ids: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
        """Delete images in batches of MAX_IDS. For each batch, yield the deleted ids and those without an image.

        If an answer is lost, the request is repeated. Ids that the first request deleted then count as missing.
        """
        for start in range(0, len(image_ids), MAX_IDS):
            ids = image_ids[start : start + MAX_IDS]
            response = self._connection.request("POST", "images/delete", json={"ids": ids})
            deleted, missing = (json_of(response).get(field) for field in ("deleted", "missing"))
            if not isinstance(deleted, list) or not isinstance(missing, list):
                raise not_a_board(response)
            if any(image_id not in ids for image_id in deleted + missing):
                raise not_a_board(response)
            yield deleted, missing

    # Tag names become parts of paths, so the methods below take only valid names (`TAG`).

    def tags(self, match: str = "", together_with: str = "") -> Iterator[Tag]:
        """Yield all tags by name, or the tags and aliases that contain `match`, whole words and frequent ones first.

        With `together_with`, tags separated by commas, yield the other tags of the newest images that have all of
        these, frequent ones first. Their `together` is the number of these images that have the tag.
        """
        listed, total = 0, 1
        while listed < total:
            query = {"match": match, "with": together_with, "limit": MAX_TAG_PAGE, "offset": listed}
            response = self._connection.request("GET", "tags", params=query)
            page = json_of(response)
            tags, total = records.tags(response, page), records.number(response, page.get("total"))
            yield from tags
            listed += len(tags)
            if not tags:
                return

    def complete(self, beginning: str, seconds: float) -> list[Tag]:
        """Return some tags and aliases with this beginning, frequent ones first. Give up after `seconds`."""
        query = {"match": beginning} if beginning else {"order": "count"}
        response = self._connection.request("GET", "tags", params=query, **at_once(seconds))
        tags = records.tags(response, json_of(response))
        return [tag for tag in tags if str(tag.get("alias", tag["name"])).startswith(beginning)]

    def tag(self, name: str) -> Tag:
        """Return the tag that a name stands for, with its `aliases`."""
        response = self._connection.request("GET", f"tags/{name}")
        return records.whole_tag(response, json_of(response))

    def find_tag(self, name: str) -> Tag | None:
        """Return the tag that a name stands for, with its `aliases`, or None."""
        try:
            return self.tag(name)
        except Refused as error:
            if error.code != "tag_not_found":
                raise
            return None

    def has_tag(self, name: str) -> bool:
        """Return whether a tag or an alias has this name. Each name is looked up once."""
        if name not in self._known_tags:
            self._known_tags[name] = self.find_tag(name) is not None
        return self._known_tags[name]

    def set_aliases(self, name: str, aliases: Sequence[str]) -> Tag:
        """Replace the aliases of the tag that a name stands for. Return the tag."""
        response = self._connection.request("PUT", f"tags/{name}/aliases", json={"aliases": aliases})
        return records.whole_tag(response, json_of(response))

    def merge(self, name: str, into: str) -> Iterator[MergeStep]:
        """Merge a tag into another one and yield each step. An interrupted merge continues when it is started again.

        If another client runs the same merge, a step can move nothing. Fewer images remain all the same.
        """
        remaining: float = math.inf
        while remaining:
            before = remaining
            response = self._connection.request("POST", f"tags/{name}/merge", json={"into": into})
            step = json_of(response)
            moved, remaining = (records.number(response, step.get(field)) for field in ("moved", "remaining"))
            yield MergeStep(moved, remaining, records.whole_tag(response, step.get("tag")))
            if not moved and remaining and remaining >= before:
                raise NotABoard(f"The merge makes no progress: {remaining} images remain.")


def _similar_query(distance: int | None, limit: int) -> dict[str, int]:
    return {"limit": limit, **({} if distance is None else {"distance": distance})}
