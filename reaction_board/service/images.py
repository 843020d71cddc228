"""Images: adding, finding and deleting them, and their bytes."""

from collections.abc import Sequence
from uuid import UUID

from flask import current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import begin, connect
from reaction_board.database.queries.images import Image
from reaction_board.database.queries.search import Cursor, Page, Search
from reaction_board.errors import StorageError
from reaction_board.media.filename import clean_filename
from reaction_board.media.identify import identify
from reaction_board.media.received_file import ReceivedFile
from reaction_board.storage import Blob, ObjectMissing, thumbnail_key


def add_image(received: ReceivedFile, declared_type: str, filename: str, tags: Sequence[str]) -> tuple[Image, bool]:
    """Store a file unless the board has its bytes; return its record, and whether that was there already, unchanged.

    Raises InvalidMimeType or FileTooLarge if the board does not accept the file, StorageError if it cannot be stored.
    """
    media = identify(received, declared_type, current_app.config["MAX_PIXELS"])
    filename = clean_filename(filename, media.mime_type)
    with begin() as connection:
        queries.images.lock_content(connection, media.hash)
        if existing := queries.images.find_image_by_hash(connection, media.hash):
            return existing, True
        storage.current().put(media.hash, received.file, media.size_bytes, media.mime_type, media.hash)
        return queries.images.add_image(connection, media, filename, tags), False


def find_image(image_id: UUID) -> Image:
    """Return the record of an image. Raises ImageNotFound."""
    with connect() as connection:
        return queries.images.find_image(connection, image_id)


def find_images(search: Search, limit: int, offset: int, cursor: Cursor | None) -> Page:
    """Return a page of the images that a search finds, from an offset or a cursor on.

    Raises InvalidField if the cursor belongs to another order.
    """
    with connect() as connection:
        return queries.search.find_images(connection, search, limit, offset, cursor)


def delete_image(image_id: UUID) -> None:
    """Delete an image's bytes and thumbnail, then its record.

    Raises ImageNotFound; after a StorageError the image is still there.
    """
    with begin() as connection:
        content_hash = queries.images.find_image(connection, image_id)["hash"]
        queries.images.lock_content(connection, content_hash)
        # While this request waited for the lock, another may have deleted the image or made its thumbnail.
        image = queries.images.find_image_locked(connection, image_id)
        if image["thumbnail_bytes"]:
            storage.current().delete(thumbnail_key(content_hash))
        storage.current().delete(content_hash)
        queries.images.delete_image(connection, image)


def open_file(image: Image, part: slice | None) -> Blob:
    """Return the bytes of an image, or a part of them.

    Raises ImageNotFound if the image is being deleted, StorageError if the store cannot give the bytes.
    """
    try:
        return storage.current().get(image["hash"], image["size_bytes"], part)
    except ObjectMissing as error:
        # A delete in progress holds the lock. Once it ends, either the image is gone or its bytes really are missing.
        with begin() as connection:
            queries.images.lock_content(connection, image["hash"])
            queries.images.find_image(connection, image["id"])
        raise StorageError from error
