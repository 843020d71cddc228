"""Checks whether the database and the bucket answer. Both checks run at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from flask import Flask, current_app

from reaction_board import storage
from reaction_board.database import engine
from reaction_board.errors import ServiceUnavailable

SECONDS = 3  # the longest time for an answer


class Probe:
    """A check of one service. Only one thread runs it at a time, and concurrent requests share the result.

    A service may hang for longer than a client waits. Then only this one thread hangs with it.
    """

    def __init__(self, app: Flask, probe: Callable[[], None]) -> None:
        self._app, self._probe = app, probe
        self._thread, self._lock = ThreadPoolExecutor(1, thread_name_prefix="readiness"), threading.Lock()
        self._answer: Future[None] | None = None

    def answer(self) -> Future[None]:
        """Return the future result of the check."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = self._thread.submit(self._run)
            return self._answer

    def _run(self) -> None:
        with self._app.app_context():
            self._probe()


def init_app(app: Flask) -> None:
    """Add the probes to the application."""
    app.extensions["readiness"] = {
        "database": Probe(app, engine.probe),
        "object store": Probe(app, lambda: storage.current().probe()),
    }


def assert_ready() -> None:
    """Raise ServiceUnavailable if a probe fails or takes too long. The cause names it."""
    probes: dict[str, Probe] = current_app.extensions["readiness"]
    answers = {probe.answer(): name for name, probe in probes.items()}
    done, late = wait(answers, SECONDS)
    if late:
        names = ", ".join(sorted(answers[answer] for answer in late))
        raise ServiceUnavailable from TimeoutError(f"no answer within {SECONDS} seconds: {names}")
    for answer in done:
        if error := answer.exception():
            raise ServiceUnavailable from error
