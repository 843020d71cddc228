"""The migrations make the tables that the application knows, and can be taken back."""

from collections.abc import Iterator

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
