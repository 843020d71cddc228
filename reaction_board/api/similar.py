"""Images that look like another picture."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from reaction_board.api.schemas.images import with_included
from reaction_board.api.schemas.similar import FileSchema, SimilarImageSchema, SimilarImagesSchema, SimilarQuerySchema
from reaction_board.database.tables import Image
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
from reaction_board.http.examples import example_of
from reaction_board.service import similar

blp = Blueprint(
    "similar",
    __name__,
    url_prefix="/api/v1/images",
    description="Find images that look like an image of the board, or like any other picture.",
)

# In the example, a smaller copy of the image.
SMALLER = {
    "id": "01a21838-c3a0-7d1e-9f4b-6a50d2e8b713",
    **dict.fromkeys(("hash", "storage_key"), hashlib.sha256(b"cat-small.webp").hexdigest()),
    **{"filename": "cat-small.webp", "mime_type": "image/webp", "size_bytes": 5312, "width": 226, "height": 150},
    **{"created_at": "2026-11-26T14:18:22.944Z", "tags": ["cat"], "distance": 1},
}


@blp.route("/<image_id:image_id>/similar")
@blp.raises(Unauthorized, ImageNotFound, StorageError, ServiceUnavailable)
@blp.arguments(SimilarQuerySchema, location="query")
@blp.response(200, SimilarImagesSchema, example={"items": [{**example_of(SimilarImageSchema), **SMALLER}]})
def find_similar(query: Mapping[str, Any], image_id: UUID) -> dict[str, Any]:
    """Find images that look like an image

    Similar images are the same picture in another size, type, quality or brightness, cropped a little, or with a
    caption. The `distance` of an image is the number of bits, of 64, in which its fingerprint differs. The nearest come
    first, then the newest. The list leaves out the image itself, and otherwise has every image within `distance`.

    The fingerprint of an animation is that of its first frame. A picture without structure, such as a single colour or
    a soft gradient, has no fingerprint: its own list is empty, and it appears in no other list.
    """
    return _body(query, similar.find_similar(image_id, query["distance"], query["limit"]))


@blp.route("/similar", methods=["POST"])
@blp.raises(Unauthorized, CrossOrigin, InvalidMimeType, FileTooLarge, UndecodableImage, ServiceUnavailable)
@blp.arguments(SimilarQuerySchema, location="query")
@blp.arguments(FileSchema, location="multipart")
@blp.response(200, SimilarImagesSchema)
def find_similar_to_file(query: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """Find images that look like a picture

    The board does not store the file. The rules for uploads apply: tokens, permitted origins and limits are the same.
    If the board already has the file, its image is among the results. A picture without structure has no results; to
    find out whether the board has it, search for its `hash`.
    """
    file = form["file"]
    found = similar.find_similar_to_file(file.stream, file.mimetype, query["distance"], query["limit"])
    return _body(query, found)


def _body(query: Mapping[str, Any], images: Sequence[Image]) -> dict[str, Any]:
    return {"items": [with_included(image, query["include"]) for image in images]}
