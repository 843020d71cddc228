"""Migrates a database, as `make migrate` does."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError


class MigrationError(Exception):
    """The database is unreachable, or is not the database of a board."""


def upgrade() -> None:
    """Migrate the database at `DATABASE_URL` to the newest version. Raises MigrationError."""
    config = Config()
    config.set_main_option("script_location", "reaction_board.database:migrations")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        raise MigrationError(str(error.orig)) from error
