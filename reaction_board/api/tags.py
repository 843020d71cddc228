"""Tags: the list of them, their aliases, and merges."""

from collections.abc import Mapping
from typing import Any

from reaction_board.api.schemas import (
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
from reaction_board.http.blueprint import Blueprint
from reaction_board.service import tags

blp = Blueprint("tags", __name__, url_prefix="/api/v1/tags", description="The tags and how many images have each")


@blp.route("")
@blp.raises(Unauthorized, InvalidTag, ServiceUnavailable)
@blp.arguments(TagQuerySchema, location="query")
@blp.response(200, TagPageSchema)
def list_tags(query: Mapping[str, Any]) -> dict[str, Any]:
    """List tags

    By name in byte order or by count, those without images included; aliases are left out. `q` and `match` are trimmed
    and lower-cased like a tag. `match` completes what somebody types, and finds aliases with the tag that they stand
    for. `with` suggests what a search can be narrowed by: with one more tag of this list, it still finds something.
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

    An alias is answered with the tag that it stands for.
    """
    return tags.find_tag(name)


@blp.route("/<tag_name:name>/aliases", methods=["PUT"])
@blp.raises(Unauthorized, CrossOrigin, TagNotFound, TagInUse, AliasConflict, InvalidTag, ServiceUnavailable)
@blp.arguments(AliasesSchema)
@blp.response(200, TagWithAliasesSchema)
def set_aliases(body: Mapping[str, Any], name: str) -> Tag:
    """Replace the aliases of a tag

    The whole set; an empty list takes all away. An alias counts wherever a tag is given: in uploads, in changes of tags
    and in searches. Images always show the tag itself. A tag that no image has can become an alias, together with all
    of its own aliases; one that images have must be merged (409 `tag_in_use`). A name that stands for another tag, or
    is this one, is 409 `alias_conflict`. A tag that was an alias and is left out is a tag again.
    """
    return tags.set_aliases(name, body["aliases"])


@blp.route("/<tag_name:name>/merge", methods=["POST"])
@blp.raises(Unauthorized, CrossOrigin, TagNotFound, AliasConflict, InvalidTag, ServiceUnavailable)
@blp.arguments(MergeSchema)
@blp.response(200, MergeStepSchema)
def merge_tag(body: Mapping[str, Any], name: str) -> tags.Step:
    """Merge a tag into another one, or rename it

    Every image with the tag gets `into`, and the tag becomes an alias of that. If `into` is new, the tag is renamed.
    One request moves at most 1,000 images and says how many remain: repeat it until none do. The alias counts from the
    first request on, and searches for either name find the images of both until the merge is finished. It can be
    finished by anyone, at any time.
    """
    return tags.merge(name, body["into"])
