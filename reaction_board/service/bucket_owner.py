"""Verify that the bucket belongs to this board: both store the same random id, the bucket in an object."""

from flask import current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import Connection
from reaction_board.errors import StorageError


class ForeignBucket(Exception):
    """The bucket belongs to another board, or to none."""


def claim(connection: Connection) -> None:
    """Write the id of this board into the bucket if there is none. Asks the store once in each process.

    Raises StorageError, also if the bucket belongs to another board, and ServiceUnavailable.
    """
    if current_app.extensions.get("bucket_claimed"):
        return
    try:
        if not _is_ours(connection):
            storage.current().claim(queries.records.board_id(connection))
    except ForeignBucket as error:
        raise StorageError from error
    current_app.extensions["bucket_claimed"] = True


def assert_ours(connection: Connection) -> None:
    """Raise ForeignBucket unless the bucket belongs to this board, or is empty."""
    is_empty = next(storage.current().sizes(), None) is None  # asked first: a board claims its bucket, then fills it
    if not _is_ours(connection) and not is_empty:
        raise ForeignBucket("the bucket belongs to no board: it has no object 'board-id'; the next upload claims it")


def _is_ours(connection: Connection) -> bool:
    """Return False if the bucket belongs to no board yet. Raises ForeignBucket if it belongs to another one."""
    ours, theirs = queries.records.board_id(connection), storage.current().board_id()
    if theirs not in (None, ours):
        raise ForeignBucket(f"the bucket belongs to the board {theirs}, and this one is {ours}")
    return theirs is not None
