"""Connections of psycopg: their parameters, their session settings, and poolers such as PgBouncer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import Params, PQGen, Query
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

# Parameters of libpq. The URL can override these and set any other.
PARAMETERS = {
    "client_encoding": "utf8",
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,  # seconds
    "tcp_user_timeout": 15_000,  # milliseconds
}
# Settings of the server. `options` in the URL adds others, or overrides these.
#
# Every statement is planned for its own values: a generic plan is up to a hundred times slower for a rare tag. Queries
# are short, so parallel workers and compilation cost more than they save.
SETTINGS = {
    "plan_cache_mode": "force_custom_plan",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "idle_in_transaction_session_timeout": "5min",  # longer than the slowest upload to the store
}
GRACE_SECONDS = 2  # added to the server's time limit, so that the server can report which statement was too slow

# Applies settings to the session or, if the server's process is not the expected one, to the transaction.
_APPLY = """
    SELECT pg_backend_pid(), count(set_config(name, value, pg_backend_pid() <> %(pid)s))
    FROM unnest(%(names)s::text[], %(values)s::text[]) AS setting (name, value)
"""


class UnusableDatabase(psycopg.OperationalError):
    """The board cannot work with this database or this URL until an operator changes it."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up after `answer_seconds`, even if the server hangs silently."""

    answer_seconds: int | None = None  # None: no limit
    settings: dict[str, str]

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer. Raises OperationalError if it takes too long, and closes the connection."""
        try:
            return super().wait(gen, interval, timeout or self.answer_seconds)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # the next answer could be the late one
                self.close()
            raise

    def apply_settings(self) -> psycopg.Cursor[Any]:
        """Apply the settings to the session or, through a pooler, to the transaction.

        The result has one row, with the process id of the server.
        """
        values = {"names": [*self.settings], "values": [*self.settings.values()], "pid": self.info.backend_pid}
        return psycopg.Cursor(self).execute(_APPLY, values)


class _PooledCursor(psycopg.Cursor[Any]):
    """A cursor through a pooler, which may use another session of the server for each transaction.

    So the settings are sent with the first statement of a transaction, in the same round trip, and end with the
    transaction.
    """

    def execute(self, query: Query, params: Params | None = None, **options: Any) -> "_PooledCursor":
        with self._settings_applied():
            super().execute(query, params, **options)  # type: ignore[arg-type]  # as above
        return self

    def executemany(self, *args: Any, **options: Any) -> None:
        with self._settings_applied():
            super().executemany(*args, **options)

    @contextmanager
    def _settings_applied(self) -> Iterator[None]:
        connection: BoundedConnection = self.connection  # type: ignore[assignment]  # its only class
        # Without a time limit, a statement outside transactions is sent alone, as CREATE INDEX CONCURRENTLY requires.
        is_alone = connection.autocommit and connection.answer_seconds is None
        if is_alone or connection.info.transaction_status != TransactionStatus.IDLE:
            yield
            return
        with connection.pipeline():
            connection.apply_settings()
            yield


def open_connection(parameters: dict[str, Any], timeout: int, **settings: str) -> BoundedConnection:
    """Return a connection in autocommit mode, with psycopg's and libpq's `parameters`, and `settings` of the server.

    `timeout` limits every answer, in seconds; 0 sets no limit. A pooler is recognised by the server's process id,
    because a pooler invents the one that it tells its client.
    Raises UnusableDatabase, and OperationalError if the database cannot be reached.
    """
    # If the URL repeats a parameter, the last value counts, as with libpq.
    given = {name: value[-1] if isinstance(value, tuple) else value for name, value in parameters.items()}
    parameters = {**PARAMETERS, **given}
    theirs, parameters["options"] = split_options(parameters.get("options", ""))
    context, threshold = parameters.pop("context", None), parameters.pop("prepare_threshold", None)
    with _unusable_if_wrong():
        connection = BoundedConnection.connect(make_conninfo(**parameters), autocommit=True, context=context)
    try:
        _require_utf8(connection)
        if timeout:
            connection.answer_seconds = timeout + GRACE_SECONDS
            settings["statement_timeout"] = f"{timeout}s"
        connection.settings = {**SETTINGS, **settings, **theirs}
        with _unusable_if_wrong():
            ((process, _),) = connection.apply_settings()
            if process != connection.info.backend_pid:
                connection.cursor_factory = _PooledCursor
                connection.prepare_threshold = None  # older poolers lose prepared statements
            if threshold is not None:
                connection.prepare_threshold = None if threshold == "none" else int(threshold)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_utf8(connection: BoundedConnection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):  # None: the pooler does not report it
        raise UnusableDatabase(f"The encoding of the database is {encoding}; it must be UTF8.")


@contextmanager
def _unusable_if_wrong() -> Iterator[None]:
    """Raise UnusableDatabase for an unknown parameter or setting, or one with an invalid value."""
    try:
        yield
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.errors.CantChangeRuntimeParam, ValueError) as error:
        raise UnusableDatabase(str(error).splitlines()[0]) from error


_SETTING = re.compile(r"(?<!\S)(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)", re.DOTALL)


def split_options(options: str) -> tuple[dict[str, str], str]:
    r"""Return the settings in libpq's parameter `options`, by name, and the rest of the parameter.

    A setting is `-c name=value` or `--name=value`, with `\` before a space or a backslash in the value.
    """
    settings = {
        name.lower().replace("-", "_"): re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        for name, value in _SETTING.findall(options)
    }
    return settings, _SETTING.sub("", options).strip()
