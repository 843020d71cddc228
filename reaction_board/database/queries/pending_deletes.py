"""Deleted images whose objects are still to be deleted, and the board that they belong to."""

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from reaction_board.database.tables import pending_deletes, totals

_ADD = insert(pending_deletes).on_conflict_do_nothing()
_OLDEST = select(pending_deletes.c.hash).order_by(pending_deletes.c.tried).limit(bindparam("limit"))
_OLDER = (
    select(pending_deletes.c.hash)
    .where(pending_deletes.c.since <= func.now() - func.make_interval(0, 0, 0, 0, 0, 0, bindparam("seconds")))
    .order_by(pending_deletes.c.since)
)
_ONE = select(pending_deletes.c.hash).where(pending_deletes.c.hash == bindparam("hash"))
_REMOVE = delete(pending_deletes).where(pending_deletes.c.hash == bindparam("content_hash"))
_POSTPONE = update(pending_deletes).where(pending_deletes.c.hash == bindparam("content_hash")).values(tried=func.now())
_COUNT = select(func.count()).select_from(pending_deletes)
_BOARD_ID = select(totals.c.board_id)


def add_pending_delete(connection: Connection, content_hash: str) -> None:
    """Note that the objects of this content are to be deleted."""
    connection.execute(_ADD, {"hash": content_hash})


def remove_pending_delete(connection: Connection, content_hash: str) -> bool:
    """Forget that the objects of this content are to be deleted; return whether they were."""
    return connection.execute(_REMOVE, {"content_hash": content_hash}).rowcount > 0


def is_delete_pending(connection: Connection, content_hash: str) -> bool:
    """Say whether the objects of this content are to be deleted."""
    return connection.execute(_ONE, {"hash": content_hash}).one_or_none() is not None


def oldest_pending_deletes(connection: Connection, limit: int) -> list[str]:
    """Return the hashes of at most so many contents whose objects are to be deleted, those tried longest ago first."""
    return list(connection.execute(_OLDEST, {"limit": limit}).scalars())


def postpone(connection: Connection, content_hash: str) -> None:
    """Let others come first: the objects of this content could not be deleted now."""
    connection.execute(_POSTPONE, {"content_hash": content_hash})


def pending_deletes_since(connection: Connection, seconds: float) -> list[str]:
    """Return the hashes of all contents whose objects should have been deleted so long ago, the oldest first."""
    return list(connection.execute(_OLDER, {"seconds": seconds}).scalars())


def count_pending_deletes(connection: Connection) -> int:
    """Return of how many contents the objects are to be deleted."""
    return connection.execute(_COUNT).scalar_one()


def board_id(connection: Connection) -> str:
    """Return the id of this board."""
    return str(connection.execute(_BOARD_ID).scalar_one())
