"""One line on stderr for every request, and an id that joins the line, a traceback and the client's answer."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from flask import Flask, Response, g, request

logger = logging.getLogger("reaction_board")


def init_app(app: Flask) -> None:
    """Log every request of the application."""
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False

    # Flask's own line of a fault would be a second one, with the path as the client wrote it.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]

    @app.before_request
    def begin() -> None:
        g.request_id = uuid4().hex
        g.started = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        line, started = _Line(), g.started
        if response.is_streamed:
            body = response.response
            response.response = _watched(body, line)
            if hasattr(body, "close"):  # a generator that was never begun does not close what it iterates
                response.call_on_close(body.close)

        # When the last byte is sent, so that the time is that of the whole answer.
        @response.call_on_close
        def log() -> None:
            milliseconds = (time.perf_counter() - started) * 1000
            logger.info("%s %d %.1fms %s", line.request, response.status_code, milliseconds, line.request_id)

        return response


class _Line:
    """What a line says of the request, kept beyond its end. It is quoted: a request cannot forge a line."""

    def __init__(self) -> None:
        self.request = f"{quote(request.method)} {quote(request.path)}"
        self.request_id = g.request_id

    def fault(self, error: BaseException) -> None:
        logger.error("%s failed, request %s", self.request, self.request_id, exc_info=error)


def _watched(chunks: Iterable[Any], line: _Line) -> Iterator[Any]:
    """Pass on the chunks of a body and log the error that ends it. The server then breaks the connection."""
    try:
        yield from chunks
    except Exception as error:
        line.fault(error)
        raise


def log_fault(error: BaseException) -> None:
    """Log a fault of ours, of the database or of the store, with its cause and the request's id."""
    _Line().fault(error)
