"""The migrations create the tables of the application, and can be reverted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import inspect, make_url

from reaction_board.database import queries
from reaction_board.database.engine import make_engine
from reaction_board.database.queries.search import Search
from reaction_board.database.tables import metadata
from reaction_board.media.identify import Media
from tests.databases import database, migrate
from tests.servers import PATIENCE, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def empty_database(database_server: str) -> Iterator[str]:
    with database(database_server, "migrations", copy_of="template0") as url:
        yield url


def test_migrations_go_up_agree_with_the_tables_and_come_down_whatever_is_in_them(empty_database: str) -> None:
    engine = make_engine(empty_database, pool_size=1, timeout=30)
    for _ in range(2):
        migrate(empty_database, "upgrade", "head")
        with engine.begin() as connection:
            for number in range(3):
                media = Media(f"{number:064x}", 100, "image/png", 40, 30, 1)
                queries.images.add_image(connection, media, "a.png", ["cat", f"t{number}"])
            page = queries.search.find_images(connection, Search(["cat"]), limit=2)
            assert (page.total, [image["tags"] for image in page.images]) == (3, [["cat", "t2"], ["cat", "t1"]])
        assert "No new upgrade operations detected" in migrate(empty_database, "check")
        assert set(inspect(engine).get_table_names()) > {"images", "tags", "image_tags", "totals"}
        migrate(empty_database, "downgrade", "base")
        assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"


def definitions(database_url: str) -> list[tuple[str, str, str]]:
    """Return table, name and definition of every constraint and index, but of Alembic's own table."""
    with psycopg.connect(database_url) as connection:
        rows = [*connection.execute(CONSTRAINTS), *connection.execute(INDEXES)]
    return [row for row in rows if row[0] != "alembic_version"]


def test_migrations_make_the_constraints_and_indexes_of_the_tables(empty_database: str, database_server: str) -> None:
    # Alembic's own comparison leaves out CHECK constraints, and what an index includes and which rows it has.
    migrate(empty_database, "upgrade", "head")
    with database(database_server, "tables", copy_of="template0") as url:
        engine = make_engine(url, pool_size=1, timeout=30)
        metadata.create_all(engine)
        engine.dispose()
        expected = definitions(url)
    assert {kind for _, _, definition in expected for kind in ("CHECK", "INCLUDE", "WHERE") if kind in definition} == {
        *("CHECK", "INCLUDE", "WHERE")
    }
    assert definitions(empty_database) == expected


WAITING = "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = %s)"


def test_a_migration_that_has_to_wait_for_a_table_lets_others_use_it(empty_database: str, database_server: str) -> None:
    migrate(empty_database, "upgrade", "head")
    # A migration that waited for ever would keep others waiting for ever, too.
    bounded = {"options": f"-c statement_timeout={PATIENCE}s"}
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(empty_database) as busy,
        psycopg.connect(empty_database, autocommit=True, **bounded) as other,  # type: ignore[arg-type]
        psycopg.connect(database_server, autocommit=True) as observer,
    ):

        def is_waiting() -> bool:
            return observer.execute(WAITING, [make_url(empty_database).database]).rowcount > 0

        busy.execute("SELECT FROM images")  # as an upload does, until the store has its bytes
        migration = pool.submit(migrate, empty_database, "downgrade", "base")
        for _ in range(2):
            assert eventually(is_waiting)
            other.execute("SELECT FROM images")
            assert eventually(lambda: not is_waiting())
        assert not migration.done()
        busy.commit()
        migration.result()
