"""What changes both the database and the object store, in the order that loses nothing.

Bytes are stored before the record becomes visible, and deleted before the record is forgotten. So whatever fails in
between, a visible record never names bytes that were not stored; what can remain is an object without a record.
All three take the lock of their content, which excludes one another over all workers and machines, and hold it until
their transaction ends.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping

from reaction_board import db, queries, storage
from reaction_board.errors import StorageError
from reaction_board.media import Media, ReceivedFile
from reaction_board.storage import Blob, ObjectMissing


def add_image(received: ReceivedFile, media: Media, filename: str, tags: Sequence[str]) -> tuple[RowMapping, bool]:
    """Store a file unless the board has it; return its record and whether it was there already, unchanged."""
    with db.begin() as connection:
        queries.lock_content(connection, media.hash)
        if existing := queries.find_image_by_hash(connection, media.hash):
            return existing, True
        storage.current().put(media.hash, received.file, media.size_bytes, media.mime_type)
        return queries.add_image(connection, media, filename, tags), False


def remove_image(image_id: UUID) -> None:
    """Delete an image's bytes and forget its record. Raises ImageNotFound; after a StorageError it is still there."""
    with db.begin() as connection:
        image = queries.find_image(connection, image_id)
        queries.lock_content(connection, image["hash"])
        queries.find_image_locked(connection, image_id)  # again: another may have deleted it while this one waited
        storage.current().delete(image["hash"])
        queries.delete_image(connection, image_id)


def is_orphan(key: str, *, remove: bool) -> bool:
    """Say whether there is an object that no record names, looking while nobody changes either; `remove` deletes it."""
    with db.begin() as connection:
        queries.lock_content(connection, key)
        orphan = not queries.find_image_by_hash(connection, key) and _is_stored(key)
        if orphan and remove:
            storage.current().delete(key)
        return orphan


def has_lost_bytes(key: str) -> bool:
    """Say whether a record names an object that is not there, looking while nobody changes either."""
    with db.begin() as connection:
        queries.lock_content(connection, key)
        return queries.find_image_by_hash(connection, key) is not None and not _is_stored(key)


def _is_stored(key: str) -> bool:
    return any(found == key for found, _ in storage.current().sizes(key))


def open_file(image: RowMapping, part: slice | None) -> Blob:
    """Return the bytes of an image, or a part of them.

    Raises ImageNotFound if the image is being deleted, StorageError if the bytes cannot be had.
    """
    store = storage.current()
    try:
        return store.get(image["hash"], image["size_bytes"], part)
    except ObjectMissing as error:
        # A delete under way has the lock: once it is over, the image is gone, or the bytes are really missing.
        with db.begin() as connection:
            queries.lock_content(connection, image["hash"])
            queries.find_image(connection, image["id"])
        raise StorageError from error
