"""The board through PgBouncer in transaction mode: each transaction may have another session of the server."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from reaction_board.database.connections import SETTINGS
from reaction_board.database.engine import make_engine
from tests.board import Board, assert_error
from tests.check import check
from tests.concurrency import together
from tests.databases import database, migrate
from tests.pictures import picture
from tests.servers import ROOT, eventually, needs_pgbouncer, pgbouncer

pytestmark = [pytest.mark.slow, needs_pgbouncer]

CLIENTS = 8
SESSIONS = 4  # of PgBouncer with the server: fewer than clients, so the clients take turns
TIMEOUT = 1  # seconds, DATABASE_TIMEOUT


@pytest.fixture(scope="module")
def pooled_url(database_url: str, server_folder: Path) -> Iterator[str]:
    """The database of `board` through PgBouncer."""
    with pgbouncer(database_url, server_folder, SESSIONS) as url:
        yield url


@pytest.fixture
def pooled(pooled_url: str, another: Callable[..., Flask]) -> Flask:
    """The application through PgBouncer, on an empty board."""
    return another(DATABASE_URL=pooled_url, DATABASE_POOL_SIZE=CLIENTS, DATABASE_TIMEOUT=TIMEOUT)


def test_all_requests_work_whatever_session_they_get(pooled: Flask) -> None:
    def use(number: int) -> None:
        board = Board(pooled.test_client())
        for turn in range(7):  # more than it takes until psycopg would prepare a statement
            image = board.added(tags=f"all,turn-{turn}")
            assert board.replace_tags(image["id"], ["all", "replaced"]).status_code == 200
            assert board.change_tags([image["id"]], add=[f"client-{number}"]).status_code == 200
            assert image["id"] in [found["id"] for found in board.search(tags=f"client-{number}")["items"]]
            assert board.tag_counts()[f"client-{number}"] == 1
            assert board.get(f"/images/{image['id']}/thumbnail").status_code == 200
            assert board.delete(image["id"]).status_code == 204

    together(*(partial(use, number) for number in range(CLIENTS)))
    assert Board(pooled.test_client()).search()["total"] == 0
    assert check(pooled, "--deep") == (0, [])


def test_locks_exclude_others_in_every_session(pooled: Flask) -> None:
    data = picture("png", 300, 300)
    answers = together(*[lambda: Board(pooled.test_client()).upload(data)] * CLIENTS)
    assert sorted(answer.status_code for answer in answers) == [200] * (CLIENTS - 1) + [201]


ACTS: dict[str, Callable[[Board], TestResponse]] = {
    "a reader": lambda board: board.get("/images"),
    "a writer": lambda board: board.upload(),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_statement_that_waits_ends_on_the_server(
    pooled: Flask, database_url: str, act: Callable[[Board], TestResponse]
) -> None:
    board = Board(pooled.test_client())
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(database_url) as blocking, psycopg.connect(database_url, autocommit=True) as observer:
        blocking.execute("LOCK TABLE images")
        assert_error(act(board), 503, "service_unavailable")
        assert observer.execute(waiting).rowcount == 0
    assert board.search()["total"] == 0


def test_without_a_free_session_the_board_is_unavailable_in_bounded_time(pooled: Flask, pooled_url: str) -> None:
    board = Board(pooled.test_client())
    board.search()
    with contextlib.ExitStack() as stack:
        for _ in range(SESSIONS):
            stack.enter_context(psycopg.connect(pooled_url)).execute("SELECT 1")
        start = time.monotonic()
        assert_error(board.get("/images"), 503, "service_unavailable")
        assert time.monotonic() - start < TIMEOUT + 5
        assert board.get("/health").status_code == 200
    assert eventually(lambda: board.get("/images").status_code == 200)


def test_the_settings_of_the_url_count_in_every_transaction(pooled_url: str) -> None:
    names = ["statement_timeout", "search_path", "jit"]
    engine = make_engine(f"{pooled_url}?options=-c%20statement_timeout%3D7s%20--search_path%3Da,\\%20b", 1, 30)
    for _ in range(3):
        with engine.connect() as connection:
            shown = connection.execute(select(*map(func.current_setting, names))).one()
            assert tuple(shown) == ("7s", "a, b", "off")
    engine.dispose()


HELD = """
    SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND datname = current_database()
"""
# A migration of a new release that creates an index while the old release uses the table.
LATER = """
from alembic import op

revision, down_revision = "later", "{head}"

def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("later", "images", ["filename"], postgresql_concurrently=True)
"""


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The configuration of Alembic with one more migration."""
    shutil.copytree(ROOT / "reaction_board/database/migrations", tmp_path / "migrations")
    head = ScriptDirectory(str(tmp_path / "migrations")).get_current_head()
    (tmp_path / "migrations" / "versions" / "later.py").write_text(LATER.format(head=head))
    configuration = tmp_path / "alembic.ini"
    configuration.write_text(f"[alembic]\nscript_location = {tmp_path}/migrations")
    return configuration


def test_migrations_take_turns_and_leave_nothing_in_a_session(
    database_server: str, server_folder: Path, later: Path
) -> None:
    with (
        database(database_server, "migrated-pooled", copy_of="template0") as url,
        pgbouncer(url, server_folder, SESSIONS) as pooled_url,
    ):
        together(*[lambda: migrate(pooled_url, "upgrade", "head", configuration=later)] * 2)
        assert_no_traces(pooled_url)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 'later'::regclass").rowcount == 1
            assert connection.execute(HELD).rowcount == 0


def test_requests_leave_nothing_in_a_session(pooled: Flask, pooled_url: str) -> None:
    board = Board(pooled.test_client())
    together(*[board.added] * SESSIONS)
    assert_no_traces(pooled_url)


def assert_no_traces(pooled_url: str) -> None:
    """Compare the settings of all sessions of a pooler with those of a new session."""
    names = [*SETTINGS, "statement_timeout", "lock_timeout"]
    changed = "SELECT name, setting FROM pg_settings WHERE name = ANY (%s) AND setting <> reset_val"
    with contextlib.ExitStack() as stack:
        for _ in range(SESSIONS):  # in concurrent transactions, so that each has a different session
            connection = stack.enter_context(psycopg.connect(pooled_url, prepare_threshold=None))
            assert connection.execute(changed, [names]).fetchall() == []
