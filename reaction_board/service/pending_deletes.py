"""Deleting the objects of deleted images, now or later, and the bucket that the board may delete in.

A delete first commits that the record is gone, together with a row in `pending_deletes`; then it deletes the objects,
then the row. If it is killed in between, or the store fails, the row remains, and whoever finds it finishes the job:
the next upload or delete, a worker that starts, or `check --repair`.
"""

import logging
import threading

from flask import Flask

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import begin, connect
from reaction_board.errors import ServiceUnavailable, StorageError
from reaction_board.storage import thumbnail_key

MAX_AT_ONCE = 10  # old deletes that one request finishes beside its own work

logger = logging.getLogger("reaction_board")


def delete_objects(content_hash: str) -> None:
    """Delete the objects of a deleted image, unless that is done, or its bytes have been uploaded again.

    Does nothing while another request holds the lock of the content: an upload of the same bytes settles it itself.
    Raises StorageError and ServiceUnavailable; then they are deleted later.
    """
    with begin() as connection:
        if not queries.images.try_lock_content(connection, content_hash):
            return
        # The row is gone with the commit, so not before the objects are.
        if queries.pending_deletes.remove_pending_delete(connection, content_hash):
            storage.current().delete(thumbnail_key(content_hash))
            storage.current().delete(content_hash)


def finish_pending_deletes(limit: int = MAX_AT_ONCE) -> None:
    """Delete the objects of images that were deleted some time ago, the oldest first. Never raises.

    Stops at the first failure: a store that is down would make each of them wait.
    """
    try:
        with connect() as connection:
            hashes = queries.pending_deletes.oldest_pending_deletes(connection, limit)
        for content_hash in hashes:
            delete_objects(content_hash)
    except (StorageError, ServiceUnavailable) as error:
        logger.warning("deleted images still have objects in the bucket: %r", error.__cause__ or error)


def finish_in_background(app: Flask) -> None:
    """Finish pending deletes in a thread: for a worker that starts."""

    def finish() -> None:
        with app.app_context():
            finish_pending_deletes()

    threading.Thread(target=finish, name="pending-deletes", daemon=True).start()
