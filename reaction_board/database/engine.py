"""The pool of connections to the database, and the two ways to use one: `connect` to read, `begin` to write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection as Connection  # re-exported
from sqlalchemy import Engine, create_engine, event, make_url, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reaction_board.database.connections import UnusableDatabase, open_connection
from reaction_board.database.tables import totals
from reaction_board.errors import ServiceUnavailable

START_SECONDS = 5  # the start waits for an answer of the database


def make_engine(database_url: str, pool_size: int, timeout: int, **settings: str) -> Engine:
    """Return an engine for `postgresql://…` with at most `pool_size` connections, which are opened on demand.

    Every statement is its own transaction; `transactional` returns an engine for longer transactions. `timeout` limits
    every answer, in seconds; 0 sets no limit, for migrations. `settings` are additional settings of the server.
    """
    engine = create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        # This is the default, because setting it for each of the many short reads would take longer than the read.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=pool_size,
        max_overflow=0,
        # Seconds. Statements are short, so if no connection becomes free in this time, the database hangs. Threads that
        # waited longer could not answer other requests.
        pool_timeout=0.3,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, args: Any, parameters: Any) -> Any:
        return open_connection(parameters, timeout, **settings)

    return engine


def transactional(engine: Engine) -> Engine:
    """Return an engine with the same connections, on which `begin()` starts a transaction and commits it at the end."""
    return engine.execution_options(isolation_level="READ COMMITTED")


def require_usable(database_url: str) -> None:
    """End the process (SystemExit) with one line if the board can never work with this database.

    An unreachable database does not end the process, because it may be reachable later.
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
    """Add the engines to the application."""
    config = app.config
    engine = make_engine(config["DATABASE_URL"], config["DATABASE_POOL_SIZE"], config["DATABASE_TIMEOUT"])
    app.extensions["engine"], app.extensions["transactional_engine"] = engine, transactional(engine)


@contextmanager
def connect() -> Iterator[Connection]:
    """Yield a connection for reading, on which every statement is its own transaction.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    engine: Engine = current_app.extensions["engine"]
    with _reachable(), engine.connect() as connection:
        yield connection


@contextmanager
def begin() -> Iterator[Connection]:
    """Yield a connection in a transaction. It is committed at the end, or rolled back after an exception.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    engine: Engine = current_app.extensions["transactional_engine"]
    with _reachable(), engine.begin() as connection:
        yield connection


def probe() -> None:
    """Send a cheap query that only a migrated database can answer.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    with connect() as connection:
        connection.execute(select(totals.c.only_row))


def observe(app: Flask, count: Callable[[int], object]) -> None:
    """Call `count` with 1 whenever a connection is taken from the pool, and with -1 when it is returned."""
    event.listen(app.extensions["engine"], "checkout", lambda *_: count(1))
    event.listen(app.extensions["engine"], "checkin", lambda *_: count(-1))


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise ServiceUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated:  # for example by the server's time limit for a transaction
            raise ServiceUnavailable from error
        raise
