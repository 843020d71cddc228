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
    asked = {threads.submit(within, ask): name for name, ask in PARTS.items()}
    answered, late = wait(asked, SECONDS)
    for answer in late:
        answer.cancel()  # if it still waits for a thread, nobody waits for it any more
    if late:
        names = ", ".join(sorted(asked[answer] for answer in late))
        raise ServiceUnavailable from TimeoutError(f"no answer within {SECONDS} seconds: {names}")
    for answer in answered:
        if error := answer.exception():
            raise ServiceUnavailable from error


def _ask_database() -> None:
    with db.connect() as connection:
        queries.probe(connection)


def _ask_bucket() -> None:
    storage.current().probe()


PARTS = {"database": _ask_database, "object store": _ask_bucket}
