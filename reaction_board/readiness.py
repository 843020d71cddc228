"""Whether the parts that the board needs answer: the database and the bucket, asked side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from flask import Flask, current_app

from reaction_board import db, queries, storage
from reaction_board.errors import ServiceUnavailable

SECONDS = 3  # that a part may take


def init_app(app: Flask) -> None:
    """Give the application threads to ask with: a part that hangs does so longer than the answer may take."""
    app.extensions["readiness"] = ThreadPoolExecutor(2, thread_name_prefix="readiness")


def assert_ready() -> None:
    """Raise ServiceUnavailable if a part fails or takes too long; its cause tells which."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def within(ask: Callable[[], None]) -> None:
        with app.app_context():
            ask()

    threads: ThreadPoolExecutor = app.extensions["readiness"]
    asked = {name: threads.submit(within, ask) for name, ask in PARTS.items()}
    wait(asked.values(), SECONDS)
    for name, answer in asked.items():
        if not answer.done():
            answer.cancel()  # if it waits for a thread, nobody waits for it any more
            raise ServiceUnavailable from TimeoutError(f"the {name} took longer than {SECONDS} seconds")
        if error := answer.exception():
            raise ServiceUnavailable from error


def _ask_database() -> None:
    with db.connect() as connection:
        queries.probe(connection)


def _ask_bucket() -> None:
    storage.current().probe()


PARTS = {"database": _ask_database, "object store": _ask_bucket}
