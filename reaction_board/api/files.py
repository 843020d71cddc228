"""The bytes of the images."""

from functools import partial
from uuid import UUID

from flask import Response

from reaction_board.database.queries.images import created_at
from reaction_board.errors import ImageNotFound, ServiceUnavailable, StorageError
from reaction_board.http import byte_response
from reaction_board.http.blueprint import Blueprint
from reaction_board.media.formats import EXTENSIONS
from reaction_board.service import images

blp = Blueprint("files", __name__, url_prefix="/api/v1/images", description="The bytes of the images")


@blp.route("/<image_id:image_id>/file")
@blp.raises(ImageNotFound, StorageError, ServiceUnavailable)
@blp.answers_bytes(EXTENSIONS)
def get_file(image_id: UUID) -> Response:
    """Fetch the bytes of an image

    `HEAD` gives the headers alone. Bytes never change: they may be cached for ever. If the store breaks off in the
    middle, the connection is closed before `Content-Length` is reached.
    """
    image = images.find_image(image_id)
    return byte_response.send(
        partial(images.open_file, image),
        mime_type=image["mime_type"],
        etag=image["hash"],
        last_modified=created_at(image),
        size_bytes=image["size_bytes"],
        filename=image["filename"],
        nginx_path=f"/kept-files/{image['hash']}/{image['id']}",
    )
