"""Thumbnails: made for the first client that asks, stored for all others."""

import contextlib
import hashlib
import io
import tempfile
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from uuid import UUID

from flask import Flask, current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import begin
from reaction_board.database.queries.images import Image
from reaction_board.errors import ServiceUnavailable, StorageError, UndecodableImage
from reaction_board.media import thumbnail
from reaction_board.service import images
from reaction_board.storage import Blob, ObjectMissing, thumbnail_key

# Per worker process. A thread that waits for a thumbnail does nothing else; if all of them waited, nothing else would
# be answered.
MAX_AT_ONCE = 2
MAX_WAITING = 24


class ThumbnailMaker:
    """Makes each thumbnail once; concurrent requests share the result."""

    def __init__(self) -> None:
        self._results: dict[UUID, Future[Image]] = {}
        self._lock = Lock()
        self._at_once = BoundedSemaphore(MAX_AT_ONCE)
        self._waiting = BoundedSemaphore(MAX_WAITING)

    def make(self, image_id: UUID) -> Image:
        """Return the record of an image once its thumbnail is made, or turns out to be impossible.

        Raises what `_make` raises, and ServiceUnavailable if MAX_WAITING requests wait already.
        """
        if not self._waiting.acquire(blocking=False):
            raise ServiceUnavailable
        try:
            with self._lock:
                result = self._results.get(image_id)
                is_first = result is None
                if result is None:
                    result = self._results[image_id] = Future()
            if is_first:
                self._make(image_id, result)
            return result.result()
        finally:
            self._waiting.release()

    def _make(self, image_id: UUID, result: Future[Image]) -> None:
        try:
            with self._at_once:
                result.set_result(_make(image_id))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is read
            result.set_exception(error)
        finally:
            with self._lock:
                del self._results[image_id]


def init_app(app: Flask) -> None:
    """Give the application its maker of thumbnails."""
    app.extensions["thumbnails"] = ThumbnailMaker()


def find_thumbnail(image_id: UUID) -> Image:
    """Return the record of an image that has a thumbnail; make the thumbnail if this is the first request for it.

    Raises ImageNotFound, UndecodableImage if there can be none, StorageError if the store fails, and
    ServiceUnavailable if too many requests wait for thumbnails already.
    """
    image = images.find_image(image_id)
    if image["thumbnail_bytes"] is None:
        maker: ThumbnailMaker = current_app.extensions["thumbnails"]
        image = maker.make(image_id)
    if not image["thumbnail_bytes"]:
        raise UndecodableImage
    return image


def open_thumbnail(image: Image, part: slice | None) -> Blob:
    """Return the bytes of an image's thumbnail, or a part of them.

    Raises StorageError if the store cannot give them. If they are lost, the next request makes the thumbnail anew.
    """
    try:
        return storage.current().get(thumbnail_key(image["hash"]), image["thumbnail_bytes"], part)
    except ObjectMissing as error:
        with begin() as connection:
            queries.images.lock_content(connection, image["hash"])
            queries.images.find_image_locked(connection, image["id"])
            queries.images.set_thumbnail(connection, image["id"], None)
        raise StorageError from error


def _make(image_id: UUID) -> Image:
    """Make and store the thumbnail of an image, unless it has one; return its record, which says what came of it.

    The lock of the content is not held while the picture is fetched and decoded, which may take long.
    Raises ImageNotFound, and StorageError if the store cannot give the bytes or take the thumbnail.
    """
    image = images.find_image(image_id)
    if image["thumbnail_bytes"] is not None:
        return image
    data = _render(image)
    with begin() as connection:
        queries.images.lock_content(connection, image["hash"])
        # Another worker may have been faster.
        if queries.images.find_image(connection, image_id)["thumbnail_bytes"] is None:
            if data:
                digest = hashlib.sha256(data).hexdigest()
                key = thumbnail_key(image["hash"])
                storage.current().put(key, io.BytesIO(data), len(data), thumbnail.MIME_TYPE, digest)
            queries.images.set_thumbnail(connection, image_id, len(data))
        return queries.images.find_image(connection, image_id)


def _render(image: Image) -> bytes:
    """Return the thumbnail of an image, no bytes if it cannot be decoded."""
    with tempfile.TemporaryFile() as file, contextlib.closing(images.open_file(image, None)) as blob:
        for chunk in blob:
            file.write(chunk)
        file.flush()
        try:
            return thumbnail.render(file)
        except thumbnail.UndecodablePicture:
            return b""
