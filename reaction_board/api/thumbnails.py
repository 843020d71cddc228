"""Routes that send thumbnails."""

import hashlib
from functools import partial
from uuid import UUID

from flask import Response, request

from reaction_board.database.queries.images import created_at
from reaction_board.database.tables import Image
from reaction_board.errors import ImageNotFound, ServiceUnavailable, StorageError, UndecodableImage
from reaction_board.http import byte_response
from reaction_board.http.blueprint import Blueprint
from reaction_board.media import thumbnail
from reaction_board.service import thumbnails

blp = Blueprint(
    "thumbnails", __name__, url_prefix="/api/v1/images", description="Download small versions of the images."
)


@blp.route("/<image_id:image_id>/thumbnail")
@blp.raises(ImageNotFound, UndecodableImage, StorageError, ServiceUnavailable)
@blp.answers_bytes([thumbnail.MIME_TYPE])
def get_thumbnail(image_id: UUID) -> Response:
    """Download the thumbnail of an image

    The thumbnail is a WebP image. Its longer side has at most 640 pixels, or 320 if the image is animated, and it is
    never larger than the image. It looks as browsers display the image. The thumbnail of an animated GIF or WebP is
    animated, too. The thumbnail of an animated PNG, or of a very long animation, is its first frame.

    The board renders a thumbnail at the first request for it. A thumbnail never changes.
    """
    return _send_thumbnail(thumbnails.find_thumbnail(image_id))


@blp.route("/<image_id:image_id>/preview")
@blp.raises(ImageNotFound, UndecodableImage, StorageError, ServiceUnavailable)
@blp.answers_bytes([thumbnail.MIME_TYPE, thumbnail.PREVIEW_MIME_TYPE])
def get_preview(image_id: UUID) -> Response:
    """Download the thumbnail of an image in a type that the client can show

    This is for chat programs, many of which cannot show WebP although they accept `*/*`. The response is the thumbnail
    itself if `Accept` names `image/webp`. Otherwise it is a JPEG of the first frame on a white background.
    """
    image = thumbnails.find_thumbnail(image_id)
    response = _send_thumbnail(image) if _names_webp() else _send_preview(image)
    response.vary.add("Accept")
    return response


def _names_webp() -> bool:
    return any(name == thumbnail.MIME_TYPE and quality > 0 for name, quality in request.accept_mimetypes)


def _send_thumbnail(image: Image) -> Response:
    return byte_response.send(
        partial(thumbnails.open_thumbnail, image),
        mime_type=thumbnail.MIME_TYPE,
        etag=image["thumbnail_hash"],
        last_modified=created_at(image),
        size_bytes=image["thumbnail_bytes"],
        filename=image["filename"],
        nginx_path=f"/kept-thumbnails/{image['thumbnail_hash']}/{image['id']}",
    )


def _send_preview(image: Image) -> Response:
    data = thumbnails.render_preview(image)
    return byte_response.send(
        lambda part: [data[part or slice(None)]],
        mime_type=thumbnail.PREVIEW_MIME_TYPE,
        etag=hashlib.sha256(data).hexdigest(),
        last_modified=created_at(image),
        size_bytes=len(data),
        filename=image["filename"],
    )
