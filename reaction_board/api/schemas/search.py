"""Searches by tags and other conditions."""

import secrets
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from reaction_board.api.fields import CommaSeparatedTags, CursorField
from reaction_board.api.schemas.images import HASH, Images, IncludeSchema, WholeImageSchema
from reaction_board.api.schemas.lists import MAX_SEARCHED_TAGS, page_schema
from reaction_board.database.queries.search import Cursor
from reaction_board.http import examples
from reaction_board.http.arguments import PlainBoolean, PlainInteger
from reaction_board.media.formats import EXTENSIONS
from reaction_board.storage import HASH_PATTERN

SEARCHED = f"at most {MAX_SEARCHED_TAGS} tags, separated by commas; an image must have"
MAX_RANDOM_OFFSET = 100_000
CURSOR = CursorField.text(Cursor(3, onward=True))  # an example
MAX_SEED = 2**53 - 1  # the largest integer that every JSON parser reads exactly


class ConditionsSchema(Schema):
    """The query parameters that select and order images."""

    tags = CommaSeparatedTags(f"{SEARCHED} all of them", MAX_SEARCHED_TAGS, example=",".join(examples.TAGS))
    any = CommaSeparatedTags(f"{SEARCHED} at least one of them", MAX_SEARCHED_TAGS, example="cat,dog")
    none = CommaSeparatedTags(f"{SEARCHED} none of them", MAX_SEARCHED_TAGS, example="wink")
    mime_type = fields.String(
        load_default=None, validate=validate.OneOf(EXTENSIONS), metadata={"description": "the type of an image"}
    )
    hash = fields.String(
        load_default=None,
        validate=validate.Regexp(rf"{HASH_PATTERN}\Z", error="Must be 64 hexadecimal digits, in lower case."),
        metadata={**HASH, "description": "SHA-256 of a file: finds its image if the board has it"},
    )
    untagged = PlainBoolean(load_default=None, metadata={"description": "whether an image has no tag"})
    animated = PlainBoolean(load_default=None, metadata={"description": "whether an image has more than one frame"})
    order = fields.String(
        load_default="newest",
        validate=validate.OneOf(["newest", "random"]),
        metadata={
            "description": f"newest first, or in random order. In random order, `offset` is at most {MAX_RANDOM_OFFSET}"
        },
    )
    seed = PlainInteger(
        load_default=None,
        validate=validate.Range(0, MAX_SEED),
        metadata={"description": "the seed of the random order; by default, the board chooses one", "example": 7},
    )
    cursor = CursorField(
        load_default=None,
        metadata={
            "type": "string",
            "description": "a position in the list, from the header `Link`; cannot be combined with `offset`",
            "example": CURSOR,
        },
    )


class SearchSchema(IncludeSchema, page_schema(default_limit=50, max_limit=100), ConditionsSchema):  # type: ignore[misc]  # a call
    """The query parameters of the list of images. In the document, those of the last base class come first."""

    @validates_schema
    def _exclude(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("cursor") and data.get("offset"):
            raise ValidationError("Cannot be combined with offset.", "cursor")
        if data.get("seed") is not None and data.get("order") != "random":
            raise ValidationError("Needs order=random.", "seed")
        # A random order is walked from its beginning: the cost of an offset grows with it, a cursor costs nothing.
        if data.get("order") == "random" and data.get("offset", 0) > MAX_RANDOM_OFFSET:
            message = f"At most {MAX_RANDOM_OFFSET} in random order. Follow the links in the header Link instead."
            raise ValidationError(message, "offset")

    @post_load
    def _choose_seed(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["order"] == "random" and data["seed"] is None:
            data["seed"] = secrets.randbelow(2**31)
        return data


class ImagePageSchema(Schema):
    """A page of images."""

    items = Images(WholeImageSchema)
    total = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "matching images on all pages", "example": 1}
    )
    limit = fields.Integer(required=True, metadata={"example": 50})
    offset = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null if the request has a `cursor`", "example": 0}
    )
    seed = fields.Integer(metadata={"minimum": 0, "description": "only in random order: its seed"})
