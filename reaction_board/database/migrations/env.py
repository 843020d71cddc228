"""Alembic's entry point. It migrates the database at `DATABASE_URL` while the previous release may be running."""

import contextlib
import time

from alembic import context
from psycopg.errors import LockNotAvailable
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from reaction_board import settings
from reaction_board.database.engine import make_engine, require_usable, transactional
from reaction_board.database.tables import metadata

database_url = settings.load(only=["DATABASE_URL"])["DATABASE_URL"]

LOCK = 0x626F617264  # any number that no other lock uses
LOCK_TIMEOUT = "2s"  # a change of a table waits for the transactions that use the table, and blocks later ones
ATTEMPTS = 30

require_usable(database_url)
engine = make_engine(database_url, pool_size=2, timeout=0, lock_timeout=LOCK_TIMEOUT)
with contextlib.ExitStack() as stack:
    stack.callback(engine.dispose)
    # A separate transaction holds the lock until all migrations are done. Through a pooler, a session could not.
    lock = stack.enter_context(transactional(engine).begin())
    lock.execute(select(func.set_config("idle_in_transaction_session_timeout", "0", True)))
    # If two processes migrate at once, the second one waits, and then has nothing to do. CREATE INDEX CONCURRENTLY
    # waits for every snapshot, so this transaction must not have one, neither while it waits nor later. A query with
    # parameters would leave one.
    while not lock.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({LOCK})").scalar_one():
        time.sleep(0.5)
    connection = stack.enter_context(transactional(engine).connect())
    context.configure(
        connection=connection, target_metadata=metadata, compare_server_default=True, transaction_per_migration=True
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with context.begin_transaction():
                context.run_migrations()
            break
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable) or attempt == ATTEMPTS:
                raise
            time.sleep(1)  # lets the blocked transactions finish
