"""Whose bucket it is: a board and its bucket know each other by a random id, in the database and in an object."""

from flask import current_app

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import Connection


class ForeignBucket(Exception):
    """The bucket belongs to another board, or to none."""


def claim(connection: Connection) -> None:
    """Write the id of this board into the bucket if there is none; looked at once in each process.

    Raises StorageError and ServiceUnavailable.
    """
    if not current_app.extensions.get("bucket_claimed"):
        if storage.current().board_id() is None:
            storage.current().claim(queries.pending_deletes.board_id(connection))
        current_app.extensions["bucket_claimed"] = True


def assert_ours(connection: Connection) -> None:
    """Raise ForeignBucket unless the bucket belongs to this board, or is empty."""
    is_empty = next(storage.current().sizes(), None) is None  # asked first: a board claims its bucket, then fills it
    ours, theirs = queries.pending_deletes.board_id(connection), storage.current().board_id()
    if theirs is None and is_empty:
        return
    if theirs is None:
        raise ForeignBucket("the bucket belongs to no board: it has no object 'board-id'; the next upload claims it")
    if ours != theirs:
        raise ForeignBucket(f"the bucket belongs to the board {theirs}, and this one is {ours}")
