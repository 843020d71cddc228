"""The parameters in DATABASE_URL, and databases that the board cannot use."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, make_url, select

from reaction_board.database.engine import make_engine, require_usable
from reaction_board.local.processes import free_port
from tests.databases import database
from tests.servers import PYTHON, ROOT


@contextlib.contextmanager
def connected(url: str, **query: str) -> Iterator[psycopg.Connection[Any]]:
    """Yield the board's connection to a database whose URL has these parameters."""
    engine = make_engine(with_query(url, **query), pool_size=1, timeout=30)
    try:
        with engine.connect() as connection:
            yield connection.connection.driver_connection  # type: ignore[misc]  # SQLAlchemy does not know whose it is
    finally:
        engine.dispose()


def with_query(url: str, **query: str) -> str:
    return make_url(url).update_query_dict(query).render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("", {"statement_timeout": "30s", "jit": "off"}),
        ("-c statement_timeout=1234ms", {"statement_timeout": "1234ms", "jit": "off"}),
        ("-cjit=on -c  work_mem=8MB", {"jit": "on", "work_mem": "8MB", "plan_cache_mode": "force_custom_plan"}),
        ("--search-path=board,public --JIT=on", {"search_path": "board,public", "jit": "on"}),
        (r"-c application_name=a\ b\\c", {"application_name": r"a b\c"}),
        ("-c jit=on -c jit=off -e", {"jit": "off", "datestyle": "ISO, DMY"}),  # -e: European dates
    ],
)
def test_options_in_the_url_are_merged_with_those_of_the_board(
    database_url: str, options: str, settings: dict[str, str]
) -> None:
    with connected(database_url, options=options) as connection:
        for name, value in settings.items():
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            assert row == (value,), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connect_timeout", "20"),
        ("keepalives_idle", "7"),
        ("tcp_user_timeout", "1000"),
        ("application_name", "mine"),
        ("target_session_attrs", "read-write"),
    ],
)
def test_parameters_of_libpq_in_the_url_replace_those_of_the_board(database_url: str, name: str, value: str) -> None:
    with connected(database_url, **{name: value}) as connection:
        assert connection.info.get_parameters()[name] == value


def test_of_a_repeated_parameter_the_last_one_counts(database_url: str) -> None:
    repeated = "connect_timeout=2&options=-cjit%3Don&connect_timeout=3&options=-cwork_mem%3D8MB"
    with connected(f"{database_url}?{repeated}") as connection:
        assert connection.info.get_parameters()["connect_timeout"] == "3"
        assert connection.execute("SHOW jit").fetchone() == ("off",)


@pytest.mark.parametrize(("threshold", "prepared"), [("1", 1), ("2", 0), ("none", 0)])
def test_the_url_says_when_statements_are_prepared(database_url: str, threshold: str, prepared: int) -> None:
    with connected(database_url, prepare_threshold=threshold) as connection:
        connection.execute("SELECT 1")
        connection.execute("SELECT 1")
        assert connection.execute("SELECT FROM pg_prepared_statements", prepare=False).rowcount == prepared


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no_such_parameter", "1"),
        ("row_factory", "dict_row"),  # an object of psycopg, not text
        ("connect_timeout", "soon"),
        ("prepare_threshold", "often"),
        ("options", "-c no_such_setting=1"),
        ("options", "-c work_mem=lots"),
        ("options", "-c log_disconnections=on"),
    ],
)
def test_a_wrong_parameter_stops_the_start_with_one_line(database_url: str, name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=r"^reaction-board: DATABASE_URL: [^\n]+$"):
        require_usable(with_query(database_url, **{name: value}))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
def test_a_database_with_another_encoding_stops_the_start_with_one_line(database_server: str, encoding: str) -> None:
    message = f"reaction-board: DATABASE_URL: The encoding of the database is {encoding}; it must be UTF8."
    with database(database_server, "foreign", copy_of="template0", encoding=encoding) as url:
        with pytest.raises(SystemExit) as stopped:
            require_usable(url)
        assert str(stopped.value) == message


@pytest.mark.slow
@pytest.mark.parametrize("command", [["gunicorn", "wsgi:app"], ["alembic", "-c", "setup.cfg", "upgrade", "head"]])
def test_the_server_and_the_migrations_do_not_start_with_such_a_database(
    database_server: str, environment: dict[str, str], command: list[str]
) -> None:
    with database(database_server, "foreign", copy_of="template0", encoding="SQL_ASCII") as url:
        done = subprocess.run(
            [*PYTHON, *command],
            cwd=ROOT,
            env={**os.environ, **environment, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("The encoding of the database is SQL_ASCII; it must be UTF8.")
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached_yet_does_not_stop_the_start() -> None:
    require_usable(f"postgresql://board@127.0.0.1:{free_port()}/board")


def test_text_is_sent_as_utf8_whatever_the_environment_says(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    engine = make_engine(database_url, pool_size=1, timeout=30)
    with engine.connect() as connection:
        assert connection.execute(select(func.length("日本 🐈"))).scalar_one() == 4
    engine.dispose()
