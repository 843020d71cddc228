"""The thumbnails of the images: made for the first who asks, kept for all others."""

from concurrent.futures import Future
from functools import partial
from pathlib import PurePath
from threading import BoundedSemaphore, Lock
from uuid import UUID

from flask import Flask, Response, current_app
from sqlalchemy import RowMapping

from reaction_board import board, db, files, queries
from reaction_board.errors import (
    ImageNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServiceUnavailable,
    StorageError,
    UndecodableImage,
)
from reaction_board.rest import Blueprint, string_header

blp = Blueprint("thumbnails", __name__, url_prefix="/api/v1/images", description="Small pictures of the images")

# Of each worker process. What one takes is bounded in `rendering`. Threads that wait for one do nothing else: with all
# of them here, nobody would find anything any more.
MAX_AT_ONCE = 2
MAX_WAITING = 24


class Maker:
    """Makes thumbnails, each once: who asks for one that is being made gets that."""

    def __init__(self) -> None:
        self._making: dict[UUID, Future[RowMapping]] = {}
        self._lock = Lock()
        self._at_once = BoundedSemaphore(MAX_AT_ONCE)
        self._waiting = BoundedSemaphore(MAX_WAITING)

    def make(self, image_id: UUID) -> RowMapping:
        """Return the record of an image once its thumbnail is made, or cannot be.

        Raises what `board.make_thumbnail` raises, and ServiceUnavailable if too many wait already.
        """
        if not self._waiting.acquire(blocking=False):
            raise ServiceUnavailable
        try:
            with self._lock:
                future = self._making.get(image_id)
                mine = future is None
                if future is None:
                    future = self._making[image_id] = Future()
            if mine:
                self._make(image_id, future)
            return future.result()
        finally:
            self._waiting.release()

    def _make(self, image_id: UUID, future: Future[RowMapping]) -> None:
        try:
            with self._at_once:
                future.set_result(board.make_thumbnail(image_id))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)
        finally:
            with self._lock:
                del self._making[image_id]


@blp.route("/<image_id:image_id>/thumbnail")
@blp.raises(ImageNotFound, PreconditionFailed, UndecodableImage, StorageError, ServiceUnavailable)
@blp.reads_headers(**files.CONDITIONS)
@blp.raises(RangeNotSatisfiable, headers={"Content-Range": string_header("how many bytes there are")})
@files.document_bytes(["image/webp"])
def get_thumbnail(image_id: UUID) -> Response:
    """Fetch the thumbnail of an image

    A WebP of at most 320 pixels on its longer side, never larger than the image, upright and in sRGB. Animations are
    kept, unless they are very long: then it is their first frame. Made when it is first asked for; it never changes.
    """
    with db.connect() as connection:
        image = queries.find_image(connection, image_id)
    if image["thumbnail_bytes"] is None:
        image = current_app.extensions["thumbnails"].make(image_id)
    if not image["thumbnail_bytes"]:
        raise UndecodableImage
    return files.send(
        partial(board.open_thumbnail, image),
        mime_type="image/webp",
        etag=f"thumbnail-{image['hash']}",
        size_bytes=image["thumbnail_bytes"],
        filename=f"{PurePath(image['filename']).stem}.webp",
        kept_at=f"/kept-thumbnails/{image['hash']}/{image['id']}",
    )


def init_app(app: Flask) -> None:
    """Give the application what makes the thumbnails."""
    app.extensions["thumbnails"] = Maker()
