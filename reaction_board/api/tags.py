"""Tags: the list of them, their aliases, and merges."""

from collections.abc import Mapping
from typing import Any

from reaction_board.api.schemas.tags import (
    AliasesSchema,
    MergeSchema,
    MergeStepSchema,
    TagPageSchema,
    TagQuerySchema,
    TagWithAliasesSchema,
)
from reaction_board.database.queries.tags import Tag
from reaction_board.errors import (
    AliasConflict,
    CrossOrigin,
    InvalidTag,
    ServiceUnavailable,
    TagInUse,
    TagNotFound,
    Unauthorized,
)
from reaction_board.http import examples
from reaction_board.http.blueprint import Blueprint
from reaction_board.service import tags

blp = Blueprint(
    "tags",
    __name__,
    url_prefix="/api/v1/tags",
    description="List tags, complete what a user types, and manage aliases; rename and merge tags.",
)


@blp.route("")
@blp.raises(Unauthorized, InvalidTag, ServiceUnavailable)
@blp.arguments(TagQuerySchema, location="query")
@blp.response(200, TagPageSchema)
def list_tags(query: Mapping[str, Any]) -> dict[str, Any]:
    """List tags

    The list is sorted by name, in byte order, or by image count. It includes tags without images, and leaves out
    aliases.

    Use only one of `q`, `match` and `with`. `q` and `match` are trimmed and lower-cased like a tag. `match` completes
    what a user types; it also finds aliases, with the tags that they stand for. `with` suggests tags to narrow a
    search: with any one of them added, the search still finds images.
    """
    limit, offset = query["limit"], query["offset"]
    if typed := query["match"].strip().lower():
        items, total = tags.complete(typed, limit, offset)
    elif query["with_"]:
        items, total = tags.find_together(query["with_"], limit, offset)
    else:
        items, total = tags.find_tags(query["q"].strip().lower(), limit, offset, query.get("order", "name"))
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@blp.route("/<tag_name:name>")
@blp.raises(Unauthorized, TagNotFound, ServiceUnavailable)
@blp.response(200, TagWithAliasesSchema)
def get_tag(name: str) -> Tag:
    """Look up a tag and its aliases

    For an alias, the response is the tag that it stands for.
    """
    return tags.find_tag(name)


@blp.route("/<tag_name:name>/aliases", methods=["PUT"])
@blp.raises(Unauthorized, CrossOrigin, TagNotFound, TagInUse, AliasConflict, InvalidTag, ServiceUnavailable)
@blp.arguments(AliasesSchema)
@blp.response(200, TagWithAliasesSchema)
def set_aliases(body: Mapping[str, Any], name: str) -> Tag:
    """Replace the aliases of a tag

    The list is the complete new set of aliases; an empty list removes them all. Uploads, tag changes and searches
    accept an alias in place of its tag. Images always show the tag itself.

    A tag without images can become an alias, together with its own aliases. A tag that images have must be merged
    instead (409 `tag_in_use`). An alias that stands for another tag, or that is the tag itself, is refused (409
    `alias_conflict`). If the list leaves out an alias that used to be a tag, it becomes a tag again.
    """
    return tags.set_aliases(name, body["aliases"])


@blp.route(
    "/<tag_name:name>/merge",
    methods=["POST"],
    parameters=[{"in": "path", "name": "name", "description": "the tag to merge", "example": examples.ALIAS}],
)
@blp.raises(Unauthorized, CrossOrigin, TagNotFound, AliasConflict, InvalidTag, ServiceUnavailable)
@blp.arguments(MergeSchema)
@blp.response(200, MergeStepSchema)
def merge_tag(body: Mapping[str, Any], name: str) -> tags.Step:
    """Merge a tag into another one, or rename it

    Every image with the tag gets the tag `into` instead, and the old tag becomes an alias of it. If `into` is new, the
    tag is renamed.

    One request moves at most 1,000 images and returns how many remain. Repeat it until none remain; any client may do
    so, at any time. The alias works from the first request on. Until the merge is finished, a search for either name
    finds the images of both.
    """
    return tags.merge(name, body["into"])
