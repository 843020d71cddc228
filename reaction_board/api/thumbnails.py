"""The thumbnails of the images."""

from functools import partial
from pathlib import PurePath
from uuid import UUID

from flask import Response

from reaction_board.database.queries.images import created_at
from reaction_board.errors import ImageNotFound, ServiceUnavailable, StorageError, UndecodableImage
from reaction_board.http import byte_response
from reaction_board.http.blueprint import Blueprint
from reaction_board.media import thumbnail
from reaction_board.service import thumbnails

blp = Blueprint("thumbnails", __name__, url_prefix="/api/v1/images", description="Small pictures of the images")


@blp.route("/<image_id:image_id>/thumbnail")
@blp.raises(ImageNotFound, UndecodableImage, StorageError, ServiceUnavailable)
@blp.answers_bytes([thumbnail.MIME_TYPE])
def get_thumbnail(image_id: UUID) -> Response:
    """Fetch the thumbnail of an image

    A WebP of at most 320 pixels on its longer side, never larger than the image, upright and in sRGB. Animations are
    kept, unless they are very long: then it is their first frame. Made when it is first asked for; it never changes.
    """
    image = thumbnails.find_thumbnail(image_id)
    return byte_response.send(
        partial(thumbnails.open_thumbnail, image),
        mime_type=thumbnail.MIME_TYPE,
        etag=image["thumbnail_hash"],
        last_modified=created_at(image),
        size_bytes=image["thumbnail_bytes"],
        filename=f"{PurePath(image['filename']).stem}.webp",
        nginx_path=f"/kept-thumbnails/{image['thumbnail_hash']}/{image['id']}",
    )
