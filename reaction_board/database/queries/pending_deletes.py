"""Deleted images whose objects are still to be deleted."""

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from reaction_board.database.tables import pending_deletes

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


def add_pending_delete(connection: Connection, content_hash: str) -> None:
    """Add a pending delete for the objects of this content."""
    connection.execute(_ADD, {"hash": content_hash})


def remove_pending_delete(connection: Connection, content_hash: str) -> bool:
    """Remove the pending delete of this content. Return whether there was one."""
    return connection.execute(_REMOVE, {"content_hash": content_hash}).rowcount > 0


def is_delete_pending(connection: Connection, content_hash: str) -> bool:
    """Say whether the objects of this content are to be deleted."""
    return connection.execute(_ONE, {"hash": content_hash}).one_or_none() is not None


def oldest_pending_deletes(connection: Connection, limit: int) -> list[str]:
    """Return at most `limit` hashes of contents whose objects are to be deleted, the one tried longest ago first."""
    return list(connection.execute(_OLDEST, {"limit": limit}).scalars())


def postpone(connection: Connection, content_hash: str) -> None:
    """Move the pending delete of this content behind all others, because its objects cannot be deleted now."""
    connection.execute(_POSTPONE, {"content_hash": content_hash})


def pending_deletes_since(connection: Connection, seconds: float) -> list[str]:
    """Return the hashes of contents whose objects have been due for deletion for `seconds`, the oldest first."""
    return list(connection.execute(_OLDER, {"seconds": seconds}).scalars())


def count_pending_deletes(connection: Connection) -> int:
    """Return the number of contents whose objects are to be deleted."""
    return connection.execute(_COUNT).scalar_one()
