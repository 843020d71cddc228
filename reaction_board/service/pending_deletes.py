"""Deleting the objects of deleted images, now or later.

A delete first commits that the record is gone, together with a row in `pending_deletes`; then it deletes the objects,
then the row. If it is killed in between, or the store fails, the row remains. The next upload or delete, a starting
worker, or `check --repair` finishes the job.
"""

import logging
import threading
from collections.abc import Sequence

from flask import Flask

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import begin, connect
from reaction_board.errors import ServiceUnavailable, StorageError
from reaction_board.service import bucket_owner
from reaction_board.storage import thumbnail_key

MAX_AT_ONCE = 10  # old deletes that one request finishes beside its own work
MAX_FAILURES = 2  # then a request leaves the rest to others: a store that is down would make each of them wait

logger = logging.getLogger("reaction_board")


def delete_objects(content_hash: str) -> bool:
    """Delete the objects of a deleted image, unless that is done, or its bytes have been uploaded again.

    Return whether none are left to delete. It does nothing while another request holds the lock of the content: an
    upload of the same bytes settles it itself. Raises StorageError and ServiceUnavailable.
    """
    with begin() as connection:
        bucket_owner.claim(connection)
        if not queries.images.try_lock_content(connection, content_hash):
            return False
        # The row is gone with the commit, so not before the objects are.
        if queries.pending_deletes.remove_pending_delete(connection, content_hash):
            storage.current().delete(content_hash)
            storage.current().delete(thumbnail_key(content_hash))
        return True


def finish_pending_deletes(first: Sequence[str] = ()) -> None:
    """Delete the objects of deleted images and of some that were deleted before, the oldest first. Never raises."""
    failures = 0
    try:
        with connect() as connection:
            others = queries.pending_deletes.oldest_pending_deletes(connection, MAX_AT_ONCE)
        for content_hash in dict.fromkeys([*first, *others]):
            try:
                delete_objects(content_hash)
            except StorageError as error:
                logger.warning("the objects of a deleted image are deleted later: %r", error.__cause__)
                failures += 1
                if failures >= MAX_FAILURES:
                    return
                # One that cannot be deleted must not be in the way of the others.
                with begin() as connection:
                    queries.pending_deletes.postpone(connection, content_hash)
    except ServiceUnavailable as error:
        logger.warning("the objects of deleted images are deleted later: %r", error.__cause__)


def finish_in_background(app: Flask) -> None:
    """Finish pending deletes in a thread: for a worker that starts."""

    def finish() -> None:
        with app.app_context():
            finish_pending_deletes()

    threading.Thread(target=finish, name="pending-deletes", daemon=True).start()
