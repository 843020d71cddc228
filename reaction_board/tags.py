"""Tags: what a tag is, and the list of all."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app
from marshmallow import Schema, fields, validate

from reaction_board import db, queries
from reaction_board.errors import InvalidField, InvalidTag, ServiceUnavailable
from reaction_board.rest import Blueprint, page_schema

blp = Blueprint("tags", __name__, url_prefix="/api/v1/tags", description="The tags and how many images have each")

TAG_PATTERN = "^[a-z0-9_-]{1,64}$"
# What is taken for one: it is trimmed and lower-cased. And what is taken for several, separated by commas.
GIVEN_TAG = "[A-Za-z0-9_-]{1,64}"
GIVEN_TAG_PATTERN = f"^ *{GIVEN_TAG} *$"
GIVEN_TAGS_PATTERN = f"^ *({GIVEN_TAG} *)?(, *({GIVEN_TAG} *)?)*$"


def normalize_tags(names: Iterable[str], field: str = "tags") -> list[str]:
    """Return the names trimmed, lower-cased, sorted and distinct.

    Raises InvalidTag, and InvalidField, which names the `field` that they came in, if they are too many.
    """
    most = current_app.config["MAX_TAGS"]
    tags = sorted({name.strip().lower() for name in names})
    for tag in tags:
        if not re.fullmatch(TAG_PATTERN[1:-1], tag):
            raise InvalidTag(f"{tag[:100]!r} is not a tag. {InvalidTag.detail}")
    if len(tags) > most:
        raise InvalidField(f"{field}: More than {most} tags.")
    return tags


class TagNames(fields.Field[list[str]]):
    """Tags as one text, separated by commas: empty entries are skipped and repeats collapse."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[str]:
        text = fields.String().deserialize(value)
        return normalize_tags((name for name in text.split(",") if name.strip()), self.name or "tags")


class TagSchema(Schema):
    """A tag."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"pattern": TAG_PATTERN})
    image_count = fields.Integer(required=True, metadata={"minimum": 0, "description": "images that have it"})


class TagQuerySchema(page_schema(default_limit=100, max_limit=200)):  # type: ignore[misc]
    """What the list of tags can be asked for."""

    q = fields.String(load_default="", metadata={"description": "only names that begin with this"})
    order = fields.String(
        load_default="name",
        validate=validate.OneOf(["name", "count"]),
        metadata={"description": "by name in byte order, or those on most images first"},
    )


class TagPageSchema(Schema):
    """A page of tags."""

    items = fields.List(fields.Nested(TagSchema), required=True)
    total = fields.Integer(required=True, metadata={"minimum": 0, "description": "matching tags, on all pages"})
    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True)


@blp.route("")
@blp.raises(ServiceUnavailable)
@blp.arguments(TagQuerySchema, location="query")
@blp.response(200, TagPageSchema)
def list_tags(query: Mapping[str, Any]) -> dict[str, Any]:
    """List tags

    By name in byte order or by count, those without images included. `q` is trimmed and lower-cased like a tag.
    """
    limit, offset = query["limit"], query["offset"]
    with db.connect() as connection:
        items, total = queries.find_tags(connection, query["q"].strip().lower(), limit, offset, query["order"])
    return {"items": items, "total": total, "limit": limit, "offset": offset}
