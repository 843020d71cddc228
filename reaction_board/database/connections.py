"""The connections of psycopg: their parameters, the settings of their sessions, and poolers such as PgBouncer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import Params, PQGen, Query
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

# Of libpq. All of them, and any other, can be given in the URL.
PARAMETERS = {
    "client_encoding": "utf8",
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,  # seconds
    "tcp_user_timeout": 15_000,  # milliseconds
}
# Of the server. `options` in the URL adds others, or replaces these.
#
# Plans are made for the values at hand: a generic plan is up to a hundred times slower for a rare tag. Queries are
# short, so parallel workers and compilation cost more than they bring.
SETTINGS = {
    "plan_cache_mode": "force_custom_plan",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "idle_in_transaction_session_timeout": "5min",  # longer than the slowest upload to the store
}
GRACE_SECONDS = 2  # that a client waits longer than the server may take, so that the server can say what was too slow

# Settings of the session; if the process is not the expected one, of the transaction.
_APPLY = """
    SELECT pg_backend_pid(), count(set_config(name, value, pg_backend_pid() <> %(pid)s))
    FROM unnest(%(names)s::text[], %(values)s::text[]) AS setting (name, value)
"""


class UnusableDatabase(psycopg.OperationalError):
    """The board cannot work with this database, or not by this URL, until someone changes it."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up after `answer_seconds`, even if the server hangs silently."""

    answer_seconds: int | None = None  # None: wait for as long as it takes
    settings: dict[str, str]

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer. Raises OperationalError if it takes too long, and closes the connection."""
        try:
            return super().wait(gen, interval, timeout or self.answer_seconds)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # the answer may still come: it is lost
                self.close()
            raise

    def apply_settings(self) -> psycopg.Cursor[Any]:
        """Apply the settings to the session, or to the transaction if a pooler is in between.

        The result has a row with the number of the server's process.
        """
        values = {"names": [*self.settings], "values": [*self.settings.values()], "pid": self.info.backend_pid}
        return psycopg.Cursor(self).execute(_APPLY, values)


class _PooledCursor(psycopg.Cursor[Any]):
    """A cursor through a pooler, which may use another session of the server for each transaction.

    So the settings go with the first statement of a transaction, in the same round trip, and end with it.
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
        connection: BoundedConnection = self.connection  # type: ignore[assignment]
        # Without a bound, a statement outside transactions is alone: as CREATE INDEX CONCURRENTLY has to be.
        is_alone = connection.autocommit and connection.answer_seconds is None
        if is_alone or connection.info.transaction_status != TransactionStatus.IDLE:
            yield
            return
        with connection.pipeline():
            connection.apply_settings()
            yield


def open_connection(parameters: dict[str, Any], timeout: int, **settings: str) -> BoundedConnection:
    """Return a connection in autocommit mode, with psycopg's and libpq's `parameters`, and `settings` of the server.

    `timeout` bounds every answer, in seconds; 0 does not. A pooler is recognised by the number of the process that
    answers: a pooler has made up the one that it gave to its client.
    Raises UnusableDatabase, and OperationalError if the database cannot be reached.
    """
    # Of a parameter that the URL has more than once, the last one counts, as for libpq.
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
    if encoding not in ("UTF8", None):  # None: a pooler does not say
        raise UnusableDatabase(f"The encoding of the database is {encoding}; it must be UTF8.")


@contextmanager
def _unusable_if_wrong() -> Iterator[None]:
    """Raise UnusableDatabase for a parameter or a setting that does not exist, or has a wrong value."""
    try:
        yield
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.errors.CantChangeRuntimeParam, ValueError) as error:
        raise UnusableDatabase(str(error).splitlines()[0]) from error


_SETTING = re.compile(r"(?<!\S)(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)", re.DOTALL)


def split_options(options: str) -> tuple[dict[str, str], str]:
    r"""Return the settings in libpq's parameter `options`, by name, and the rest of it.

    They are written `-c name=value` or `--name=value`, with `\` before a space or a backslash in the value.
    """
    settings = {
        name.lower().replace("-", "_"): re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        for name, value in _SETTING.findall(options)
    }
    return settings, _SETTING.sub("", options).strip()
