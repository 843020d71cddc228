"""The databases of the tests: copying one that has the tables, emptying it, and migrating it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, make_url

from tests.servers import PATIENCE, PYTHON, ROOT

TEMPLATE = "migrated"


@contextlib.contextmanager
def database(server_url: str, name: str, copy_of: str = TEMPLATE, encoding: str = "UTF8") -> Iterator[str]:
    """Create a database on the server of another one. Yield its URL, and drop it in the end.

    It is a copy of an unused database: the one with the board's tables, or the empty `template0`. Only a copy of
    `template0` can have another encoding.
    """
    create = SQL("CREATE DATABASE {} TEMPLATE {} ENCODING {}")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(create.format(Identifier(name), Identifier(copy_of), encoding))
        try:
            yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def empty(engine: Engine) -> None:
    """Delete all images and tags. For a few rows, this takes a tenth of the time of a TRUNCATE."""
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "DELETE FROM bitmaps; DELETE FROM image_tags; DELETE FROM images; DELETE FROM tags;"
            " DELETE FROM pending_deletes; UPDATE totals SET images = 0, tags = 0, next_position = 0"
        )


def migrate(database_url: str, *command: str, configuration: str | Path = "setup.cfg") -> str:
    """Run Alembic as `make migrate` does, or with other migrations. Return its output."""
    done = subprocess.run(
        [*PYTHON, "alembic", "-c", configuration, *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
