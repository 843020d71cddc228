"""What changes both the database and the object store, in the order that loses nothing.

Bytes are stored before the record becomes visible, and deleted before the record is forgotten. So whatever fails in
between, a visible record never names bytes that were not stored; what can remain is an object without a record.
All three take the lock of their content, which excludes one another over all workers and machines, and hold it until
their transaction ends.
"""

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping

from reaction_board import db, queries, rendering, storage
from reaction_board.errors import StorageError
from reaction_board.media import Media, ReceivedFile
from reaction_board.storage import THUMBNAILS, Blob, ObjectMissing


def add_image(received: ReceivedFile, media: Media, filename: str, tags: Sequence[str]) -> tuple[RowMapping, bool]:
    """Store a file unless the board has it; return its record and whether it was there already, unchanged."""
    with db.begin() as connection:
        queries.lock_content(connection, media.hash)
        if existing := queries.find_image_by_hash(connection, media.hash):
            return existing, True
        storage.current().put(media.hash, received.file, media.size_bytes, media.mime_type, media.hash)
        return queries.add_image(connection, media, filename, tags), False


def remove_image(image_id: UUID) -> None:
    """Delete an image's bytes and thumbnail and forget its record.

    Raises ImageNotFound; after a StorageError it is still there.
    """
    with db.begin() as connection:
        image = queries.find_image(connection, image_id)
        queries.lock_content(connection, image["hash"])
        # Again: another may have deleted it, or made its thumbnail, while this one waited.
        image = queries.find_image_locked(connection, image_id)
        if image["thumbnail_bytes"]:
            storage.current().delete(THUMBNAILS + image["hash"])
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


def wrong_thumbnail(content_hash: str, *, repair: bool) -> tuple[int, int] | None:
    """Return the bytes of a stored thumbnail and what its record says of them, if they differ; 0 stands for none.

    Looks while nobody changes either. `repair` deletes the thumbnail; it is made anew for the next who asks.
    """
    key = THUMBNAILS + content_hash
    with db.begin() as connection:
        queries.lock_content(connection, content_hash)
        image = queries.find_image_by_hash(connection, content_hash)
        recorded = (image and image["thumbnail_bytes"]) or 0
        stored = dict(storage.current().sizes(key)).get(key, 0)
        if stored == recorded:
            return None
        if repair and image:
            queries.set_thumbnail(connection, image["id"], None)
        if repair and stored:
            storage.current().delete(key)
        return stored, recorded


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


def make_thumbnail(image_id: UUID) -> RowMapping:
    """Make and store the thumbnail of an image that has none yet; return its record, which says what came of it.

    The lock of the content is not held while the picture is fetched and decoded, which may take long.
    Raises ImageNotFound, and StorageError if the bytes cannot be had or the thumbnail cannot be stored.
    """
    with db.connect() as connection:
        image = queries.find_image(connection, image_id)
    if image["thumbnail_bytes"] is not None:
        return image
    thumbnail = _rendered_thumbnail(image)
    with db.begin() as connection:
        queries.lock_content(connection, image["hash"])
        if queries.find_image(connection, image_id)["thumbnail_bytes"] is None:  # nobody else was faster
            if thumbnail:
                storage.current().put(
                    THUMBNAILS + image["hash"],
                    io.BytesIO(thumbnail),
                    len(thumbnail),
                    "image/webp",
                    hashlib.sha256(thumbnail).hexdigest(),
                )
            queries.set_thumbnail(connection, image_id, len(thumbnail))
        return queries.find_image(connection, image_id)


def _rendered_thumbnail(image: RowMapping) -> bytes:
    """Return the thumbnail of an image, no bytes if it cannot be decoded."""
    with tempfile.TemporaryFile() as file, contextlib.closing(open_file(image, None)) as blob:
        for chunk in blob:
            file.write(chunk)
        file.flush()
        try:
            return rendering.thumbnail(file)
        except rendering.UndecodablePicture:
            return b""


def open_thumbnail(image: RowMapping, part: slice | None) -> Blob:
    """Return the bytes of an image's thumbnail, or a part of them.

    Raises StorageError if they cannot be had. If they are lost, the thumbnail is made anew for the next who asks.
    """
    try:
        return storage.current().get(THUMBNAILS + image["hash"], image["thumbnail_bytes"], part)
    except ObjectMissing as error:
        with db.begin() as connection:
            queries.lock_content(connection, image["hash"])
            queries.find_image_locked(connection, image["id"])
            queries.set_thumbnail(connection, image["id"], None)
        raise StorageError from error
