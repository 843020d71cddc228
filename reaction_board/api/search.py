"""The list of images: found by their tags and by what they are, in pages."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from reaction_board.api.schemas import CursorField, ImagePageSchema, SearchSchema, with_included
from reaction_board.database.queries.search import Page, Search
from reaction_board.errors import InvalidTag, ServiceUnavailable, Unauthorized
from reaction_board.http.blueprint import Blueprint, string_header
from reaction_board.service import images

blp = Blueprint("search", __name__, url_prefix="/api/v1/images", description="Finding images")

MAX_LINE_BYTES = 60_000  # of a header: Python's http.client takes no longer line than 64 KiB
CONDITIONS = ("tags", "any", "none", "mime_type", "hash", "untagged", "animated", "seed")


@blp.route("")
@blp.raises(Unauthorized, InvalidTag, ServiceUnavailable)
@blp.arguments(SearchSchema, location="query")
@blp.response(200, ImagePageSchema, headers={"Link": string_header("the pages around this one: rel=next, rel=prev")})
def list_images(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List and search images

    Images that have every tag of `tags`, one of `any` and none of `none`, and that fulfil all other conditions. `total`
    is exact. A tag that nobody has used matches nothing. Newest first, or with `order=random` shuffled by a seed: what
    a seed says of the order of two images never changes, so its pages do not overlap. The header `Link` leads to the
    next page and to the one before (RFC 8288): by it, a client walks through a whole result without skipping an image
    or meeting one twice while others upload and delete.
    """
    search = Search(**{name: query[name] for name in CONDITIONS})
    page = images.find_images(search, query["limit"], query["offset"], query["cursor"])
    return _body(query, page), 200, _links(query, page)


def _body(query: Mapping[str, Any], page: Page) -> dict[str, Any]:
    body = {
        "items": [with_included(image, query["include"]) for image in page.images],
        "total": page.total,
        "limit": query["limit"],
        "offset": None if query["cursor"] else query["offset"],
    }
    return body if query["seed"] is None else {**body, "seed": query["seed"]}


def _links(query: Mapping[str, Any], page: Page) -> dict[str, str | list[str]]:
    """Return the header that leads to the pages around one, as far as there are any."""
    same: dict[str, Any] = {name: _text(value) for name, value in query.items() if name not in ("offset", "cursor")}
    if query["order"] == "newest":
        del same["order"]
    links = [
        f'<{url_for("search.list_images", **same, cursor=CursorField.text(cursor))}>; rel="{relation}"'
        for relation, cursor in (("next", page.following), ("prev", page.preceding))
        if cursor
    ]
    line = ", ".join(links)
    if len(line) > MAX_LINE_BYTES:
        return {"Link": links}  # in a line each
    return {"Link": line} if links else {}


def _text(value: Any) -> str | None:
    """Return how a value is written in a query; None if it is left out."""
    if isinstance(value, list):
        return ",".join(value) or None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
