"""Deleting the objects of deleted images, now or later.

A delete first removes the record and adds a row to `pending_deletes`, in one transaction. Then it deletes the objects,
and then the row. If the process is killed in between, or the store fails, the row remains. The next upload or delete, a
starting worker, or `check --repair` finishes the delete.
"""

import logging
import threading
import time
from collections.abc import Sequence

from flask import Flask

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import begin, connect
from reaction_board.errors import ServiceUnavailable, StorageError
from reaction_board.service import bucket_owner
from reaction_board.storage import thumbnail_key

MAX_AT_ONCE = 10  # old deletes that one request finishes in addition to its own work
# After this many failures or seconds, a request leaves its other objects to later requests. If the store is down or
# slow, it would wait for each object, and its client would give up before the answer.
MAX_FAILURES = 2
MAX_SECONDS = 10

logger = logging.getLogger("reaction_board")


def delete_objects(content_hash: str) -> bool:
    """Delete the objects of a deleted image, unless they are already deleted or the file has been uploaded again.

    Return whether none are left to delete. This does nothing while another request holds the lock on the content: an
    upload of the same file removes the pending delete itself. Raises StorageError and ServiceUnavailable.
    """
    with begin() as connection:
        bucket_owner.claim(connection)
        if not queries.images.try_lock_content(connection, content_hash):
            return False
        # The commit removes the row, so the row outlives the objects.
        if queries.pending_deletes.remove_pending_delete(connection, content_hash):
            storage.current().delete(content_hash)
            storage.current().delete(thumbnail_key(content_hash))
        return True


def finish_pending_deletes(first: Sequence[str] = ()) -> None:
    """Delete the objects of these deleted images, then some older pending deletes, the oldest first. Never raises."""
    failures, end = 0, time.monotonic() + MAX_SECONDS
    try:
        with connect() as connection:
            others = queries.pending_deletes.oldest_pending_deletes(connection, MAX_AT_ONCE)
        for content_hash in dict.fromkeys([*first, *others]):
            try:
                delete_objects(content_hash)
            except StorageError as error:
                logger.warning("the objects of a deleted image will be deleted later: %r", error.__cause__)
                failures += 1
                if failures < MAX_FAILURES:
                    # An object that cannot be deleted must not hold up the others.
                    with begin() as connection:
                        queries.pending_deletes.postpone(connection, content_hash)
            if failures >= MAX_FAILURES or time.monotonic() >= end:
                return
    except ServiceUnavailable as error:
        logger.warning("the objects of deleted images will be deleted later: %r", error.__cause__)


def finish_in_background(app: Flask) -> None:
    """Finish pending deletes in a thread, when a worker starts."""

    def finish() -> None:
        with app.app_context():
            finish_pending_deletes()

    threading.Thread(target=finish, name="pending-deletes", daemon=True).start()
