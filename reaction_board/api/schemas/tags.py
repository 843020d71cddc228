"""Tags, their aliases, and merges."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from reaction_board.api.fields import CommaSeparatedTags, TagList, TagName
from reaction_board.api.schemas.lists import MAX_SEARCHED_TAGS, page_schema
from reaction_board.database.queries.suggestions import NEWEST
from reaction_board.database.tables import TAG_PATTERN
from reaction_board.http import examples

TAG = f"^{TAG_PATTERN}$"
MAX_ALIASES = 10_000  # in one request, of at most 1 MiB; merges can give a tag any number of aliases


class TagSchema(Schema):
    """A tag."""

    id = fields.UUID(required=True, metadata={"example": examples.TAG_ID})
    name = fields.String(required=True, metadata={"pattern": TAG, "example": examples.TAG})
    image_count = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "number of images that have the tag", "example": 2}
    )


MERGING = "aliases whose merge is unfinished, because images still have to be moved: repeat the merge to finish it"


class TagWithAliasesSchema(TagSchema):
    """A tag and its aliases."""

    aliases = fields.List(
        fields.String(metadata={"pattern": TAG}),
        required=True,
        metadata={"description": "sorted by name", "example": [examples.ALIAS]},
    )
    merging = fields.List(
        fields.String(metadata={"pattern": TAG}), required=True, metadata={"description": MERGING, "example": []}
    )


class AliasesSchema(Schema):
    """The complete set of a tag's aliases."""

    aliases = TagList([examples.ALIAS], most=MAX_ALIASES, required=True)


class MergeSchema(Schema):
    """The tag to merge into. It may be new."""

    into = TagName(examples.TAG, required=True)


class MergeStepSchema(Schema):
    """The progress of a merge."""

    moved = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "number of images moved by this request", "example": 2}
    )
    remaining = fields.Integer(
        required=True,
        metadata={
            "minimum": 0,
            "description": "number of images still to be moved: repeat the request until it is 0",
            "example": 0,
        },
    )
    tag = fields.Nested(TagWithAliasesSchema, required=True)


class TagConditionsSchema(Schema):
    """The query parameters that select and order tags."""

    q = fields.String(
        load_default="", metadata={"description": "only names that begin with this text", "example": "ag"}
    )
    match = fields.String(
        load_default="",
        metadata={
            "description": "only names and aliases that contain this text. Names with a word that begins with it come"
            " first, then the others, each group by image count. `-` and `_` separate words; a space matches either.",
            "example": "ye",
        },
    )
    with_ = CommaSeparatedTags(
        f"at most {MAX_SEARCHED_TAGS} tags, separated by commas. Lists the other tags of the newest {NEWEST} images"
        " that have all of these, by image count",
        MAX_SEARCHED_TAGS,
        data_key="with",
        example="cat",
    )
    order = fields.String(
        validate=validate.OneOf(["name", "count"]),
        metadata={"default": "name", "description": "by name in byte order, or by image count with the largest first"},
    )


class TagQuerySchema(page_schema(default_limit=100, max_limit=200), TagConditionsSchema):  # type: ignore[misc]  # a call
    """The query parameters of the list of tags. In the document, those of the last base class come first."""

    @validates_schema
    def _exclude(self, data: Mapping[str, Any], **_: Any) -> None:
        chosen = [name for name in ("q", "match", "with_") if data.get(name)]
        if len(chosen) > 1:
            raise ValidationError(f"Cannot be combined with {chosen[0]}.", chosen[1].rstrip("_"))
        if data.get("order") and chosen not in ([], ["q"]):
            raise ValidationError("Cannot be combined with match or with, which have their own order.", "order")


class ListedTagSchema(TagSchema):
    """A tag in a list."""

    merging = fields.List(
        fields.String(metadata={"pattern": TAG}),
        metadata={
            "minItems": 1,
            "description": f"only in lists by name or count, and only if there are any: {MERGING}",
        },
    )
    alias = fields.String(
        metadata={
            "pattern": TAG,
            "description": "only with `match`: the matching alias, if the match is an alias",
        }
    )
    together = fields.Integer(
        metadata={"minimum": 1, "description": f"only with `with`: how many of the newest {NEWEST} images have the tag"}
    )


class TagPageSchema(Schema):
    """A page of tags."""

    items = fields.List(fields.Nested(ListedTagSchema), required=True)
    total = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "matching tags and aliases on all pages", "example": 1}
    )
    limit = fields.Integer(required=True, metadata={"example": 100})
    offset = fields.Integer(required=True, metadata={"example": 0})
