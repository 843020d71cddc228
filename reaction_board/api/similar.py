"""Images that look like another picture."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from reaction_board.api.schemas import FileSchema, SimilarImagesSchema, SimilarQuerySchema, with_included
from reaction_board.database.queries.images import Image
from reaction_board.errors import (
    CrossOrigin,
    FileTooLarge,
    ImageNotFound,
    InvalidMimeType,
    ServiceUnavailable,
    StorageError,
    Unauthorized,
    UndecodableImage,
)
from reaction_board.http.blueprint import Blueprint
from reaction_board.service import similar

blp = Blueprint("similar", __name__, url_prefix="/api/v1/images", description="Images that look alike")


@blp.route("/<image_id:image_id>/similar")
@blp.raises(Unauthorized, ImageNotFound, StorageError, ServiceUnavailable)
@blp.arguments(SimilarQuerySchema, location="query")
@blp.response(200, SimilarImagesSchema)
def find_similar(query: Mapping[str, Any], image_id: UUID) -> dict[str, Any]:
    """Find images that look like an image

    The same picture in another size, type or quality, with other brightness, cropped a little, or with a caption. Each
    has its `distance`: in how many of 64 bits its fingerprint differs. The nearest come first, then the newest; the
    image itself is not among them. Exact: none within `distance` is missing. A picture without structure, such as one
    colour or a soft gradient, has no fingerprint: it is never found, and the list for it is empty. Of an animation, the
    first frame counts.
    """
    return _body(query, similar.find_similar(image_id, query["distance"], query["limit"]))


@blp.route("/similar", methods=["POST"])
@blp.raises(Unauthorized, CrossOrigin, InvalidMimeType, FileTooLarge, UndecodableImage, ServiceUnavailable)
@blp.arguments(SimilarQuerySchema, location="query")
@blp.arguments(FileSchema, location="multipart")
@blp.response(200, SimilarImagesSchema)
def find_similar_to_file(query: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """Find images that look like a picture

    The file is looked at and forgotten: nothing is stored. It is taken as that of an upload is: with a token, where
    tokens are configured, from the same pages, and under the same bounds. If the board has the
    same bytes, that image is among those found, but for a picture without structure: search for its `hash`.
    """
    file = form["file"]
    found = similar.find_similar_to_file(file.stream, file.mimetype, query["distance"], query["limit"])
    return _body(query, found)


def _body(query: Mapping[str, Any], images: Sequence[Image]) -> dict[str, Any]:
    return {"items": [with_included(image, query["include"]) for image in images]}
