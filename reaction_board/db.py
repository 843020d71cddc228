"""The database engine of the application, and the two ways to use it: `connect` to read, `begin` to write."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reaction_board.errors import ServiceUnavailable

# Plans are made for the values at hand: a generic plan is up to a hundred times slower for a rare tag. Queries are
# short, so parallel workers and compilation cost more than they bring. The last two bound every wait.
SERVER_OPTIONS = {
    "plan_cache_mode": "force_custom_plan",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "5min",  # longer than the slowest upload to the store
}


def make_engine(database_url: str, pool_size: int) -> Engine:
    """Return an engine for `postgresql://…` with at most `pool_size` connections, opened when they are needed."""
    return create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,  # seconds
        pool_use_lifo=True,
        connect_args={
            "connect_timeout": 5,  # seconds
            "options": " ".join(f"-c {name}={value}" for name, value in SERVER_OPTIONS.items()),
            "keepalives_idle": 10,  # seconds
            "tcp_user_timeout": 15_000,  # milliseconds
        },
    )


def init_app(app: Flask) -> None:
    """Give the application its engine."""
    app.extensions["engine"] = make_engine(app.config["DATABASE_URL"], app.config["DATABASE_POOL_SIZE"])


@contextmanager
def connect() -> Iterator[Connection]:
    """Yield a connection on which every statement is a transaction of its own: for reading.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    with _reachable(), _engine().connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def begin() -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed at the end, or rolled back by an exception.

    Raises ServiceUnavailable if the database cannot be reached.
    """
    with _reachable(), _engine().begin() as connection:
        yield connection


def _engine() -> Engine:
    engine: Engine = current_app.extensions["engine"]
    return engine


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise ServiceUnavailable from error
