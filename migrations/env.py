"""What Alembic runs: the migrations, against `DATABASE_URL`."""

from alembic import context

from reaction_board import settings
from reaction_board.db import make_engine
from reaction_board.tables import metadata

database_url = settings.load(only=["DATABASE_URL"])["DATABASE_URL"]

with make_engine(database_url, pool_size=1).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
