"""Whether the parts that the board needs answer: the database and the bucket, asked side by side."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from flask import Flask, current_app

from reaction_board import db, queries, storage
from reaction_board.errors import ServiceUnavailable

SECONDS = 3  # that a part may take


class Question:
    """A question to a part, which only one thread asks at a time: whoever asks meanwhile gets the same answer.

    A part that hangs does so for longer than a client may wait, and once is enough.
    """

    def __init__(self, app: Flask, ask: Callable[[], None]) -> None:
        self._app, self._ask = app, ask
        self._thread, self._lock = ThreadPoolExecutor(1, thread_name_prefix="readiness"), threading.Lock()
        self._answer: Future[None] | None = None

    def answer(self) -> Future[None]:
        """Return the answer to come."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = self._thread.submit(self._within)
            return self._answer

    def _within(self) -> None:
        with self._app.app_context():
            self._ask()


def init_app(app: Flask) -> None:
    """Give the application what asks its parts."""
    app.extensions["readiness"] = {
        "database": Question(app, _ask_database),
        "object store": Question(app, _ask_bucket),
    }


def assert_ready() -> None:
    """Raise ServiceUnavailable if a part fails or takes too long; its cause tells which."""
    questions: dict[str, Question] = current_app.extensions["readiness"]
    asked = {question.answer(): name for name, question in questions.items()}
    answered, late = wait(asked, SECONDS)
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
