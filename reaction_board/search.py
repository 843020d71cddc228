"""Search: the list of images, by their tags and by what they are, in pages."""

import base64
import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from reaction_board import db, media, queries
from reaction_board.errors import InvalidTag, ServiceUnavailable
from reaction_board.images import GIVEN_TAGS, HASH, ImageSchema
from reaction_board.queries import Cursor, Found, Search
from reaction_board.rest import Blueprint, PlainInteger, page_schema, string_header
from reaction_board.tags import TagNames

blp = Blueprint("search", __name__, url_prefix="/api/v1/images", description="Finding images")

MAX_SEED = 2**53 - 1  # the largest number that is exact in every reader of JSON


class CursorField(fields.Field[Cursor]):
    """A place in a list, as text that says nothing to others."""

    def _deserialize(self, value: str, *args: Any, **kwargs: Any) -> Cursor:
        try:
            packed = base64.urlsafe_b64decode(value.encode("ascii") + b"==")
            onward, position = {b"o": True, b"n": False}[packed[:1]], packed[1:]
        except (ValueError, KeyError):
            position = b""
        if len(position) not in (16, 32):
            raise ValidationError("Not a cursor of this board.")
        return Cursor(position, onward)

    @staticmethod
    def text(cursor: Cursor) -> str:
        """Return the text of a cursor."""
        return base64.urlsafe_b64encode((b"o" if cursor.onward else b"n") + cursor.position).decode().rstrip("=")


def _tags(which: str) -> TagNames:
    return TagNames(load_default=list, metadata={**GIVEN_TAGS, "description": f"separated by commas; {which}"})


class SearchSchema(page_schema(default_limit=50, max_limit=100)):  # type: ignore[misc]  # a base made by a call
    """What the list of images can be asked for."""

    tags = _tags("an image must have all of them")
    any = _tags("an image must have at least one of them")
    none = _tags("an image must have none of them")
    mime_type = fields.String(load_default=None, validate=validate.OneOf(media.EXTENSIONS))
    hash = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[0-9a-f]{64}\Z", error="Must be 64 hexadecimal digits, in lower case."),
        metadata={**HASH, "description": "SHA-256 of the bytes: whether the board has them, and as which image"},
    )
    order = fields.String(load_default="newest", validate=validate.OneOf(["newest", "random"]))
    seed = PlainInteger(
        load_default=None,
        validate=validate.Range(0, MAX_SEED),
        metadata={"description": "of the random order; if there is none, one is made up"},
    )
    cursor = CursorField(
        load_default=None,
        metadata={
            "type": "string",
            "description": "a place in the list, as the header `Link` gives it; without `offset`",
        },
    )

    @validates_schema
    def _excluding(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("cursor") and data.get("offset"):
            raise ValidationError("Not together with offset.", "cursor")
        if data.get("seed") is not None and data.get("order") != "random":
            raise ValidationError("Only with order=random.", "seed")


class ImagePageSchema(Schema):
    """A page of images."""

    items = fields.List(fields.Nested(ImageSchema), required=True)
    total = fields.Integer(required=True, metadata={"minimum": 0, "description": "matching images, on all pages"})
    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True, allow_none=True, metadata={"description": "null on a page by cursor"})
    seed = fields.Integer(metadata={"minimum": 0, "description": "of the random order, if it is one"})


@blp.route("")
@blp.raises(InvalidTag, ServiceUnavailable)
@blp.arguments(SearchSchema, location="query")
@blp.response(200, ImagePageSchema, headers={"Link": string_header("the pages around this one: rel=next, rel=prev")})
def list_images(query: dict[str, Any]) -> ResponseReturnValue:
    """List and search images

    What has every one of `tags`, one of `any`, none of `none`, and is of that type and hash. `total` is exact. A tag
    that nobody has used matches nothing. Newest first, or in a random order that its seed decides: pages of one seed
    never overlap. (All images of a board of more than 10,000 are one circle; the seed decides where it begins.) The
    header `Link` leads to the next page and to the one before (RFC 8288): by it, a whole result is walked through
    without skipping an image or meeting one twice while others are uploaded and deleted, and no page takes longer than
    the first.
    """
    if query["order"] == "random" and query["seed"] is None:
        query["seed"] = secrets.randbelow(2**31)
    search = Search(**{field.name: query[field.name] for field in dataclasses.fields(Search)})
    with db.connect() as connection:
        found = queries.find_images(connection, search, query["limit"], query["offset"], query["cursor"])
    page = {"items": found.images, "total": found.total, "limit": query["limit"], "offset": query["offset"]}
    if query["cursor"]:
        page["offset"] = None
    if query["seed"] is not None:
        page["seed"] = query["seed"]
    return page, 200, _links(query, found)


def _links(query: Mapping[str, Any], found: Found) -> dict[str, str]:
    """Return the header that leads to the pages around one, as far as there are any."""
    same: dict[str, Any] = {
        name: ",".join(value) or None if isinstance(value, list) else value
        for name, value in query.items()
        if name not in ("offset", "cursor") and value != "newest"
    }
    links = [
        f'<{url_for("search.list_images", **same, cursor=CursorField.text(cursor))}>; rel="{relation}"'
        for relation, cursor in (("next", found.following), ("prev", found.preceding))
        if cursor
    ]
    return {"Link": ", ".join(links)} if links else {}
