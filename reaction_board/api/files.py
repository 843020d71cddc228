"""The bytes of the images."""

from functools import partial
from uuid import UUID

from flask import Response

from reaction_board.database.queries.images import Image, created_at
from reaction_board.errors import ImageNotFound, ServiceUnavailable, StorageError
from reaction_board.http import byte_response
from reaction_board.http.blueprint import Blueprint
from reaction_board.media.formats import EXTENSIONS
from reaction_board.service import images

blp = Blueprint("files", __name__, description="The bytes of the images")

_EXTENSION = f"<any({', '.join(extension[1:] for extension in EXTENSIONS.values())}):extension>"


@blp.route("/api/v1/images/<image_id:image_id>/file")
@blp.raises(ImageNotFound, StorageError, ServiceUnavailable)
@blp.answers_bytes(EXTENSIONS)
def get_file(image_id: UUID) -> Response:
    """Fetch the bytes of an image

    `HEAD` gives the headers alone. Bytes never change: they may be cached for ever. If the store breaks off in the
    middle, the connection is closed before `Content-Length` is reached.
    """
    return _send(images.find_image(image_id))


@blp.route(f"/i/<image_id:image_id>.{_EXTENSION}")
@blp.raises(ImageNotFound, StorageError, ServiceUnavailable)
@blp.answers_bytes(EXTENSIONS)
def get_direct_link(image_id: UUID, extension: str) -> Response:
    """Fetch the bytes of an image by a link that ends in its extension

    For programs that recognize pictures by the end of their addresses. Everything else is as at the path of the file.
    Each image has one extension, that of its type (`jpg`, not `jpeg`); with another one it is not found.
    """
    image = images.find_image(image_id)
    if EXTENSIONS[image["mime_type"]] != f".{extension}":
        raise ImageNotFound
    return _send(image)


def _send(image: Image) -> Response:
    return byte_response.send(
        partial(images.open_file, image),
        mime_type=image["mime_type"],
        etag=image["hash"],
        last_modified=created_at(image),
        size_bytes=image["size_bytes"],
        filename=image["filename"],
        nginx_path=f"/kept-files/{image['hash']}/{image['id']}",
    )
