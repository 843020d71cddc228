"""Verifies that the bucket belongs to this board: the database and an object in the bucket hold the same random id."""

from flask import current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import Connection
from reaction_board.errors import StorageError


class ForeignBucket(Exception):
    """The bucket belongs to another board, or to none."""


def claim(connection: Connection) -> None:
    """Write the id of this board into the bucket if it has none. Each process asks the store only once.

    Raises ServiceUnavailable, and StorageError if the store fails or the bucket belongs to another board.
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
    # This comes first, because a board claims its bucket before it fills it.
    is_empty = next(storage.current().sizes(), None) is None
    if not _is_ours(connection) and not is_empty:
        raise ForeignBucket("the bucket belongs to no board: it has no object 'board-id'; the next upload claims it")


def _is_ours(connection: Connection) -> bool:
    """Return False if the bucket belongs to no board yet. Raises ForeignBucket if it belongs to another one."""
    ours, theirs = queries.records.board_id(connection), storage.current().board_id()
    if theirs not in (None, ours):
        raise ForeignBucket(f"the bucket belongs to the board {theirs}, and this one is {ours}")
    return theirs is not None
