"""The connections to the database, and the two ways to use them: `connect` to read, `begin` to write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection as Connection  # for those who pass one on
from sqlalchemy import Engine, create_engine, event, make_url, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reaction_board.database.connections import UnusableDatabase, open_connection
from reaction_board.database.tables import totals
from reaction_board.errors import ServiceUnavailable

START_SECONDS = 5  # that the start waits for an answer of the database


def make_engine(database_url: str, pool_size: int, timeout: int, **settings: str) -> Engine:
    """Return an engine for `postgresql://…` with at most `pool_size` connections, opened when they are needed.

    Every statement is a transaction of its own: `transactional` returns the engine for others. `timeout` bounds every
    answer, in seconds; 0 does not, for migrations. `settings` are further ones of the server.
    """
    engine = create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        # Not to be set and reset for each of the many short readers: that would take longer than their statement.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=pool_size,
        max_overflow=0,
        # Seconds. Statements are short: when none becomes free in that time, the database hangs, and each thread that
        # waited would be one less to say so.
        pool_timeout=0.3,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, args: Any, parameters: Any) -> Any:
        return open_connection(parameters, timeout, **settings)

    return engine


def transactional(engine: Engine) -> Engine:
    """Return an engine with the same connections, on which statements are in transactions: `begin()` commits them."""
    return engine.execution_options(isolation_level="READ COMMITTED")


def require_usable(database_url: str) -> None:
    """End the process (SystemExit) with one line if the board can never work with this database.

    One that cannot be reached now may be there later.
    """
    engine = make_engine(database_url, pool_size=1, timeout=START_SECONDS)
    try:
        engine.connect().close()
    except OperationalError as error:
        if isinstance(error.orig, UnusableDatabase):
            raise SystemExit(f"reaction-board: DATABASE_URL: {error.orig}") from None
    finally:
        engine.dispose()


def init_app(app: Flask) -> None:
    """Give the application its engine."""
    config = app.config
    engine = make_engine(config["DATABASE_URL"], config["DATABASE_POOL_SIZE"], config["DATABASE_TIMEOUT"])
    app.extensions["engine"], app.extensions["transactional_engine"] = engine, transactional(engine)


@contextmanager
def connect() -> Iterator[Connection]:
    """Yield a connection on which every statement is a transaction of its own: for reading.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    engine: Engine = current_app.extensions["engine"]
    with _reachable(), engine.connect() as connection:
        yield connection


@contextmanager
def begin() -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed at the end, or rolled back by an exception.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    engine: Engine = current_app.extensions["transactional_engine"]
    with _reachable(), engine.begin() as connection:
        yield connection


def probe() -> None:
    """Ask a question that costs nothing and that only a migrated database can answer.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    with connect() as connection:
        connection.execute(select(totals.c.only_row))


def observe(app: Flask, count: Callable[[int], object]) -> None:
    """Have `count` called with 1 whenever a connection is taken from the pool, and with -1 when it is given back."""
    event.listen(app.extensions["engine"], "checkout", lambda *_: count(1))
    event.listen(app.extensions["engine"], "checkin", lambda *_: count(-1))


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise ServiceUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated:  # as by the server's own time limit for a transaction
            raise ServiceUnavailable from error
        raise
