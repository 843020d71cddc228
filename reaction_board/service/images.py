"""Adding, finding and deleting images, and reading their files."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from uuid import UUID

from flask import Flask, current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import Connection, begin, connect
from reaction_board.database.queries.search import Cursor, Page, Search
from reaction_board.database.tables import Image
from reaction_board.errors import BoardFull, ImageNotFound, ServiceUnavailable, StorageError
from reaction_board.media import fingerprint
from reaction_board.media.filename import clean_filename
from reaction_board.media.fingerprint import Fingerprint
from reaction_board.media.identify import Media, identify
from reaction_board.media.received_file import ReceivedFile
from reaction_board.service import bucket_owner, pending_deletes
from reaction_board.service.tags import repeated_if_names_change
from reaction_board.storage import Blob, ObjectMissing, thumbnail_key


def add_image(received: ReceivedFile, declared_type: str, filename: str, tags: Sequence[str]) -> tuple[Image, bool]:
    """Store a file unless the board already has it. Return its record, and whether the record already existed.

    An existing record is not changed. If the store has lost its file, the file is stored again. Raises InvalidMimeType
    or FileTooLarge if the board does not accept the file, StorageError if the store cannot take it, and BoardFull if no
    position is left.
    """
    with storage.current().place():
        media = identify(received, declared_type, current_app.config["MAX_PIXELS"])
        filename = clean_filename(filename, media.mime_type)
        return _add(received, media, filename, tags)


@repeated_if_names_change
def _add(received: ReceivedFile, media: Media, filename: str, tags: Sequence[str]) -> tuple[Image, bool]:
    with content_locked(media.hash) as connection:
        existing, deletes_are_pending = queries.images.find_content(connection, media.hash)
        if existing:
            if storage.current().size(media.hash) != media.size_bytes:
                _put(received, media)
            return existing, True
        look = fingerprint.begin(received.file)
        bucket_owner.claim(connection)
        if deletes_are_pending and queries.pending_deletes.remove_pending_delete(connection, media.hash):
            storage.current().delete(thumbnail_key(media.hash))
        _put(received, media)
        is_late = fingerprint.may_be_late(look)
        try:
            image = queries.images.add_image(connection, media, filename, tags, None if is_late else look.result())
        except BoardFull:
            storage.current().delete(media.hash)
            raise
    if is_late:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # for another thread
        fingerprint.finish_later(look, partial(_add_late_fingerprint, app, image))
    if deletes_are_pending:
        pending_deletes.finish_pending_deletes()
    return image, False


def _add_late_fingerprint(app: Flask, image: Image, look: Fingerprint | None) -> None:
    """Add a fingerprint for which the upload did not wait. If this fails, `check` reports it as missing."""
    if look:
        with app.app_context(), contextlib.suppress(ImageNotFound, ServiceUnavailable):
            add_fingerprint(image, look)


def add_fingerprint(image: Image, look: Fingerprint) -> None:
    """Add the fingerprint of an image, unless the image has one. Raises ImageNotFound."""
    with content_locked(image["hash"]) as connection:
        queries.images.find_image(connection, image["id"])
        queries.fingerprints.add(connection, image, look)


@contextlib.contextmanager
def content_locked(content_hash: str) -> Iterator[Connection]:
    """Yield a transaction with the lock on a content, so that no other one changes its record or its objects."""
    with begin() as connection:
        queries.images.lock_content(connection, content_hash)
        yield connection


def _put(received: ReceivedFile, media: Media) -> None:
    storage.current().put(media.hash, received.reader(), media.size_bytes, media.mime_type, media.hash)


def find_image(image_id: UUID) -> Image:
    """Return the record of an image. Raises ImageNotFound."""
    with connect() as connection:
        return queries.images.find_image(connection, image_id)


def find_images(search: Search, limit: int, offset: int, cursor: Cursor | None) -> Page:
    """Return a page of the images that a search finds, starting at an offset or a cursor."""
    with connect() as connection:
        return queries.search.find_images(connection, search, limit, offset, cursor)


def delete_image(image_id: UUID) -> None:
    """Delete an image: first its record, then its objects or, if the store fails, those later. Raises ImageNotFound."""
    pending_deletes.finish_pending_deletes([_delete_record(image_id)])


def delete_images(image_ids: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Delete images one after the other. Return the ids of the deleted images, and the ids that no image had.

    A repeated id counts once. If the database fails in between, some images are deleted and others are not.
    """
    hashes: dict[UUID, str] = {}
    missing = []
    try:
        for image_id in dict.fromkeys(image_ids):
            try:
                hashes[image_id] = _delete_record(image_id)
            except ImageNotFound:
                missing.append(image_id)
    finally:
        pending_deletes.finish_pending_deletes([*hashes.values()])
    return [*hashes], missing


def _delete_record(image_id: UUID) -> str:
    """Delete the record of an image, and add a pending delete for its objects. Return its hash."""
    with storage.current().place(), begin() as connection:
        content_hash: str = queries.images.find_image(connection, image_id)["hash"]
        queries.images.lock_content(connection, content_hash)
        # While this request waited for the lock, another may have deleted the image.
        image = queries.images.find_image_locked(connection, image_id)
        queries.pending_deletes.add_pending_delete(connection, content_hash)
        queries.images.delete_image(connection, image)  # last, because it takes the lock that all uploads need
    return content_hash


def open_file(image: Image, part: slice | None) -> Blob:
    """Return the file of an image, or a part of it.

    Raises ImageNotFound if the image has been deleted meanwhile, and StorageError if the store cannot return the file.
    Iterating over a whole file with a wrong hash raises StorageError before its last bytes.
    """
    try:
        return storage.current().get(image["hash"], image["size_bytes"], part, image["hash"])
    except ObjectMissing as error:
        find_image(image["id"])
        raise StorageError from error
