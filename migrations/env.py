"""What Alembic runs: the migrations, against `DATABASE_URL`."""

from alembic import context
from sqlalchemy import func, select

from reaction_board import settings
from reaction_board.db import make_engine, transactional
from reaction_board.tables import metadata

database_url = settings.load(only=["DATABASE_URL"])["DATABASE_URL"]

LOCK = 0x626F617264  # any number, as long as nobody else has it

with transactional(make_engine(database_url, pool_size=1, timeout=0)).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))  # of two at once, one waits and finds it done
        context.run_migrations()
