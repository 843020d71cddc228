"""The search for images, in pages."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from reaction_board.api.fields import CursorField
from reaction_board.api.schemas.images import with_included
from reaction_board.api.schemas.search import CURSOR, ImagePageSchema, SearchSchema
from reaction_board.database.queries.search import Page, Search
from reaction_board.errors import InvalidTag, ServiceUnavailable, Unauthorized
from reaction_board.http.blueprint import Blueprint, string_header
from reaction_board.service import images

blp = Blueprint(
    "search",
    __name__,
    url_prefix="/api/v1/images",
    description="List the images, and search them by tags and other properties.",
)

MAX_LINE_BYTES = 60_000  # of one header line: Python's http.client refuses lines over 64 KiB
CONDITIONS = ("tags", "any", "none", "mime_type", "hash", "untagged", "animated", "seed")


@blp.route("")
@blp.raises(Unauthorized, InvalidTag, ServiceUnavailable)
@blp.arguments(SearchSchema, location="query")
@blp.response(
    200,
    ImagePageSchema,
    headers={
        "Link": string_header(
            "the next and the previous page, if there are any: rel=next, rel=prev",
            f'</api/v1/images?tags=cat&limit=50&cursor={CURSOR}>; rel="next"',
        )
    },
)
def list_images(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List and search images

    This finds the images that have every tag of `tags`, at least one of `any` and none of `none`, and that meet all
    other conditions. An unknown tag matches no image. `total` is exact.

    The newest images come first. With `order=random`, a seed decides the order. A seed always orders two images in the
    same way, so its pages do not overlap.

    The header `Link` (RFC 8288) has the URLs of the next and the previous page. A client that follows these links sees
    each image once, even while others upload and delete.
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
    """Return the `Link` header for the next and the previous page, if there are any."""
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
        return {"Link": links}  # one header line each
    return {"Link": line} if links else {}


def _text(value: Any) -> str | None:
    """Return a value as a query writes it, or None if the query leaves it out."""
    if isinstance(value, list):
        return ",".join(value) or None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
