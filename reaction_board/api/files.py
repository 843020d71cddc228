"""Routes that send the image files."""

from functools import partial
from uuid import UUID

from flask import Response

from reaction_board.database.queries.images import created_at
from reaction_board.database.tables import Image
from reaction_board.errors import ImageNotFound, ServiceUnavailable, StorageError
from reaction_board.http import byte_response
from reaction_board.http.blueprint import Blueprint
from reaction_board.media.formats import EXTENSIONS
from reaction_board.service import images

blp = Blueprint("files", __name__, description="Download image files, whole or in part.")

_EXTENSION = f"<any({', '.join(extension[1:] for extension in EXTENSIONS.values())}):extension>"


@blp.route("/api/v1/images/<image_id:image_id>/file")
@blp.raises(ImageNotFound, StorageError, ServiceUnavailable)
@blp.answers_bytes(EXTENSIONS)
def get_file(image_id: UUID) -> Response:
    """Download an image file

    The file of an image never changes, so clients may cache it for ever. `HEAD` returns only the headers. If the object
    store fails during the download, the connection closes before `Content-Length` bytes have arrived.
    """
    return _send(images.find_image(image_id))


@blp.route(f"/i/<image_id:image_id>.{_EXTENSION}")
@blp.raises(ImageNotFound, StorageError, ServiceUnavailable)
@blp.answers_bytes(EXTENSIONS)
def get_direct_link(image_id: UUID, extension: str) -> Response:
    """Download an image file by a link that ends in its extension

    Use this link for programs that recognize pictures by the extension in the URL. Otherwise it behaves like
    `/api/v1/images/{image_id}/file`. Each type has one extension (`jpg`, not `jpeg`); any other one is answered with
    404.
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
