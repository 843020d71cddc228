"""Thumbnails: rendered for the first client that asks, and stored for all others.

All decoding of pictures takes turns here, including that for fingerprints. If a picture takes seconds to decode, its
fingerprint is computed from its thumbnail.
"""

import contextlib
import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from threading import BoundedSemaphore, Lock
from typing import BinaryIO
from uuid import UUID

from flask import Flask, current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import connect
from reaction_board.database.tables import Image
from reaction_board.errors import ServiceUnavailable, StorageError, UndecodableImage
from reaction_board.media import fingerprint, thumbnail
from reaction_board.media.fingerprint import Fingerprint
from reaction_board.media.received_file import append, room_on_disk, temporary_file
from reaction_board.service import images
from reaction_board.storage import Blob, ObjectMissing, thumbnail_key

# Limits of a worker process. A thread that waits for a thumbnail does nothing else. If all threads waited, the worker
# would answer no other request.
MAX_AT_ONCE = 2  # pictures: one is fetched or stored while the other is decoded
MAX_WAITING = 16  # requests
MAX_HEAVY = 3  # pictures that take seconds to decode
TURN_SECONDS = 10  # a request waits for its turn
RESULT_SECONDS = 60  # a request waits for another one that renders the same thumbnail

logger = logging.getLogger("reaction_board")


class ThumbnailMaker:
    """Renders each thumbnail once; concurrent requests share the result."""

    def __init__(self) -> None:
        self._results: dict[UUID, Future[Image]] = {}
        self._lock = Lock()
        self._at_once = BoundedSemaphore(MAX_AT_ONCE)
        self._waiting = BoundedSemaphore(MAX_WAITING)
        self._heavy = BoundedSemaphore(MAX_HEAVY)

    def make(self, image_id: UUID) -> Image:
        """Render the thumbnail of an image, and return the image's record. If that is impossible, the record says so.

        Raises ImageNotFound, StorageError if the store cannot return the file or store the thumbnail, and
        ServiceUnavailable if too many requests wait already.
        """
        with storage.current().place(), _one_of(self._waiting):
            with self._lock:
                result = self._results.get(image_id)
                is_first = result is None
                if result is None:
                    result = self._results[image_id] = Future()
            if is_first:
                self._run(image_id, result)
            try:
                return result.result(RESULT_SECONDS)
            except TimeoutError as error:
                raise ServiceUnavailable from error

    def _run(self, image_id: UUID, result: Future[Image]) -> None:
        try:
            result.set_result(self._make(image_id))
        except BaseException as error:  # noqa: BLE001 - reading the result raises it
            result.set_exception(error)
        finally:
            with self._lock:
                del self._results[image_id]

    def _make(self, image_id: UUID) -> Image:
        image = images.find_image(image_id)
        if image["thumbnail_bytes"] is not None:
            return image
        try:
            data = self._render(image)
        except thumbnail.UndecodablePicture as error:
            logger.warning("the image %s cannot have a thumbnail: %s", image_id, error.__cause__)
            data = b""
        return _store(image, data, None if _has_fingerprint(image) else _fingerprint_of(data))

    def _render(self, image: Image) -> bytes:
        side = thumbnail.side_of(image["frames"])
        try:
            with _one_of(self._at_once, TURN_SECONDS):
                return _fetch_and_render(partial(images.open_file, image), partial(thumbnail.render, side=side))
        except thumbnail.HeavyPicture as picture:
            render = partial(thumbnail.render_heavy, side=side, memory_bytes=picture.memory_bytes)
        # The file is fetched a second time, because the files of waiting requests would fill the disk.
        with _one_of(self._heavy):
            return _fetch_and_render(partial(images.open_file, image), render)

    def compute_fingerprint(self, file: BinaryIO) -> Fingerprint:
        """Return the fingerprint of the picture in a file.

        Raises UndecodablePicture, and ServiceUnavailable if too many requests wait already.
        """
        with _one_of(self._waiting):
            try:
                with _one_of(self._at_once, TURN_SECONDS):
                    return fingerprint.render(file)
            except thumbnail.HeavyPicture as picture:
                memory_bytes = picture.memory_bytes
            with _one_of(self._heavy):
                data = thumbnail.render_heavy(file, thumbnail.ANIMATED_SIDE, memory_bytes)
            return _fingerprint_of(data)

    def preview(self, image: Image) -> bytes:
        """Return the thumbnail of an image as a JPEG.

        Raises UndecodablePicture, StorageError, and ServiceUnavailable if too many requests wait already.
        """
        with storage.current().place(), _one_of(self._waiting), _one_of(self._at_once, TURN_SECONDS):
            return _fetch_and_render(partial(open_thumbnail, image), thumbnail.render_preview)


@contextlib.contextmanager
def _one_of(places: BoundedSemaphore, wait_seconds: float = 0) -> Iterator[None]:
    """Take one of the places. Raises ServiceUnavailable if none becomes free in time."""
    if not places.acquire(timeout=wait_seconds):
        raise ServiceUnavailable
    try:
        yield
    finally:
        places.release()


def init_app(app: Flask) -> None:
    """Add the maker of thumbnails to the application."""
    app.extensions["thumbnails"] = ThumbnailMaker()


def find_thumbnail(image_id: UUID) -> Image:
    """Return the record of an image with a thumbnail. The first request for a thumbnail renders it.

    Raises ImageNotFound, UndecodableImage if the image cannot have a thumbnail, StorageError if the store fails, and
    ServiceUnavailable if too many requests wait for thumbnails already.
    """
    image = images.find_image(image_id)
    if image["thumbnail_bytes"] is None:
        image = _maker().make(image_id)
    if not image["thumbnail_bytes"]:
        raise UndecodableImage
    return image


def open_thumbnail(image: Image, part: slice | None) -> Blob:
    """Return the bytes of an image's thumbnail, or a part of them.

    Raises StorageError if the store cannot return them. If it has lost them, the next request renders the thumbnail
    again.
    """
    try:
        key = thumbnail_key(image["hash"])
        return storage.current().get(key, image["thumbnail_bytes"], part, image["thumbnail_hash"])
    except ObjectMissing as error:
        with images.content_locked(image["hash"]) as connection:
            queries.images.find_image_locked(connection, image["id"])
            queries.images.set_thumbnail(connection, image["id"], None)
        raise StorageError from error


def compute_fingerprint(file: BinaryIO) -> Fingerprint:
    """Return the fingerprint of the picture in a file.

    Raises UndecodableImage, and ServiceUnavailable if too many requests wait for pictures already.
    """
    try:
        return _maker().compute_fingerprint(file)
    except thumbnail.UndecodablePicture as error:
        raise UndecodableImage("The picture is damaged or too large to decode.") from error


def make_fingerprint(image: Image) -> Fingerprint:
    """Compute the fingerprint of an image that has none, from its thumbnail, which is rendered if it is missing.

    Raises ImageNotFound, StorageError if the store fails, and ServiceUnavailable if too many requests wait already.
    """
    try:
        image = find_thumbnail(image["id"])
        with _fetched(partial(open_thumbnail, image)) as file:
            look = fingerprint.render_of_thumbnail(file)
    except UndecodableImage:
        look = Fingerprint(None)
    images.add_fingerprint(image, look)
    return look


def render_preview(image: Image) -> bytes:
    """Return the first frame of an image's thumbnail as a JPEG on white, for programs that cannot show WebP.

    This takes a few milliseconds, so the JPEG is not stored. Raises the errors of `find_thumbnail`.
    """
    try:
        return _maker().preview(image)
    except thumbnail.UndecodablePicture as error:
        raise UndecodableImage from error


def _maker() -> ThumbnailMaker:
    maker: ThumbnailMaker = current_app.extensions["thumbnails"]
    return maker


def _fetch_and_render(open_blob: Callable[[None], Blob], render: Callable[[BinaryIO], bytes]) -> bytes:
    """Return the result of `render` for a whole object. Raises the errors of the two functions, and StorageError."""
    with _fetched(open_blob) as file:
        return render(file)


@contextlib.contextmanager
def _fetched(open_blob: Callable[[None], Blob]) -> Iterator[BinaryIO]:
    """Yield a temporary file that contains a whole object."""
    with room_on_disk(), temporary_file() as file:
        with contextlib.closing(open_blob(None)) as blob:
            for chunk in blob:
                append(file, chunk)
        yield file


def _has_fingerprint(image: Image) -> bool:
    with connect() as connection:
        return queries.fingerprints.find(connection, image) is not None


def _fingerprint_of(data: bytes) -> Fingerprint:
    """Return the fingerprint of a thumbnail. Without bytes, it is the fingerprint of a picture without structure."""
    if not data:
        return Fingerprint(None)
    with room_on_disk(), temporary_file() as file:
        append(file, data)
        return fingerprint.render_of_thumbnail(file)


def _store(image: Image, data: bytes, look: Fingerprint | None) -> Image:
    """Store the thumbnail of an image, unless another worker was faster, and its fingerprint. Return the record.

    Empty `data` records that the image cannot have a thumbnail. Raises ImageNotFound and StorageError.
    """
    with images.content_locked(image["hash"]) as connection:
        if queries.images.find_image(connection, image["id"])["thumbnail_bytes"] is None:
            digest = hashlib.sha256(data).hexdigest() if data else None
            if digest:
                key = thumbnail_key(image["hash"])
                storage.current().put(key, io.BytesIO(data), len(data), thumbnail.MIME_TYPE, digest)
            queries.images.set_thumbnail(connection, image["id"], len(data), digest)
        if look:
            queries.fingerprints.add(connection, image, look)
        return queries.images.find_image(connection, image["id"])
