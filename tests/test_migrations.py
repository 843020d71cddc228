"""The migrations make the tables that the application knows, and can be taken back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from tests.servers import migrate


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    url = make_url(database_url)
    with create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE migrations"))
        yield url.set(database="migrations").render_as_string(hide_password=False)
        connection.execute(text("DROP DATABASE migrations WITH (FORCE)"))
        connection.invalidate()


def test_migrations_go_up_agree_with_the_tables_and_come_down(empty_database: str) -> None:
    engine = create_engine(make_url(empty_database).set(drivername="postgresql+psycopg"))
    for _ in range(2):
        migrate(empty_database, "upgrade", "head")
        assert "No new upgrade operations detected" in migrate(empty_database, "check")
        assert set(inspect(engine).get_table_names()) > {"images", "tags", "image_tags", "totals"}
        migrate(empty_database, "downgrade", "base")
        assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_migration_that_has_to_wait_for_a_table_lets_others_use_it(empty_database: str) -> None:
    migrate(empty_database, "upgrade", "head")
    patient = {"options": "-c statement_timeout=3s"}
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(empty_database) as busy,
        psycopg.connect(empty_database, autocommit=True, **patient) as other,  # type: ignore[arg-type]
    ):
        busy.execute("SELECT FROM images")  # as an upload does, until the store has its bytes
        migration = pool.submit(migrate, empty_database, "downgrade", "base")
        until = time.monotonic() + 6
        while time.monotonic() < until:
            other.execute("SELECT FROM images")
            time.sleep(0.05)
        assert not migration.done()
        busy.commit()
        migration.result()
