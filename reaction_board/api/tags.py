"""The list of tags."""

from collections.abc import Mapping
from typing import Any

from reaction_board.api.schemas import TagPageSchema, TagQuerySchema
from reaction_board.errors import ServiceUnavailable, Unauthorized
from reaction_board.http.blueprint import Blueprint
from reaction_board.service import tags

blp = Blueprint("tags", __name__, url_prefix="/api/v1/tags", description="The tags and how many images have each")


@blp.route("")
@blp.raises(Unauthorized, ServiceUnavailable)
@blp.arguments(TagQuerySchema, location="query")
@blp.response(200, TagPageSchema)
def list_tags(query: Mapping[str, Any]) -> dict[str, Any]:
    """List tags

    By name in byte order or by count, those without images included. `q` is trimmed and lower-cased like a tag.
    """
    limit, offset = query["limit"], query["offset"]
    items, total = tags.find_tags(query["q"].strip().lower(), limit, offset, query["order"])
    return {"items": items, "total": total, "limit": limit, "offset": offset}
