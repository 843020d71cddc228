"""Bring a database up to date, as `make migrate` does."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

ROOT = Path(__file__).parents[2]  # of the checkout: setup.cfg and the migrations are not in the package


class MigrationError(Exception):
    """The database cannot be reached, or is not one of this board."""


def upgrade() -> None:
    """Bring the database at `DATABASE_URL` up to date. Raises MigrationError."""
    config = Config(ROOT / "setup.cfg")
    config.set_main_option("script_location", str(ROOT / "migrations"))  # whatever the current folder is
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        raise MigrationError(str(error.orig)) from error
