"""One line on stderr for every request, and an id that joins the line, a traceback and the client's response.

Each line describes an Exchange. Metrics observe exchanges, too, so they count the same numbers.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, request
from pythonjsonlogger.json import JsonFormatter

from reaction_board.http import reverse_proxy

logger = logging.getLogger("reaction_board")

BODILESS = {204, 304}  # statuses


@dataclass
class Exchange:
    """A request and its response. Text from the client is quoted, so that a request cannot forge a line."""

    request_id: str
    method: str
    path: str
    route: str | None  # a template such as `/api/v1/images/{image_id}`; None if no route has the path
    started: float  # by time.perf_counter()
    status: int = 0
    bytes_in: int = 0  # bytes read of the request body
    bytes_out: int = 0  # bytes of the response body
    milliseconds: float = 0  # until the last byte was sent

    def line(self) -> str:
        """Return the exchange as a line for people."""
        return f"{self.method} {self.path} {self.status} {self.milliseconds:.1f}ms {self.request_id}"

    def fault(self, error: BaseException) -> None:
        """Log a fault with its cause."""
        named = {"request_id": self.request_id, "method": self.method, "path": self.path}
        logger.error("%(method)s %(path)s failed, request %(request_id)s", named, exc_info=error, extra=named)


Observer = Callable[[Exchange], None]  # called when the last byte of an answer is sent


def formatter(log_format: str) -> logging.Formatter:
    """Return what writes a record as `plain` text or as one object of JSON."""
    if log_format == "json":
        return JsonFormatter("%(levelname)s %(message)s", rename_fields={"levelname": "level"}, timestamp="time")
    return logging.Formatter("%(asctime)s %(levelname)s %(message)s")


def init_app(app: Flask) -> None:
    """Log every request of the application."""
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(formatter(app.config["LOG_FORMAT"]))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    observers: list[Observer] = [_log]
    app.extensions["exchange_observers"] = observers

    # Flask would log a fault a second time, with the path as the client wrote it.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # it has no setting

    @app.before_request
    def begin() -> None:
        rule = request.url_rule
        route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) if rule else None
        started = time.perf_counter()
        g.exchange = Exchange(reverse_proxy.request_id(), quote(request.method), quote(request.path), route, started)

    @app.after_request
    def end(response: Response) -> Response:
        exchange: Exchange = g.exchange
        exchange.status = response.status_code
        response.headers["X-Request-ID"] = exchange.request_id
        _count_bytes(response, exchange)

        # The clock stops when the last byte is sent, so the time includes the whole response.
        @response.call_on_close
        def finish() -> None:
            exchange.milliseconds = (time.perf_counter() - exchange.started) * 1000
            for observe in observers:
                observe(exchange)

        return response


def observe(app: Flask, observer: Observer) -> None:
    """Call `observer` with every exchange, after its last byte was sent."""
    app.extensions["exchange_observers"].append(observer)


def _count_bytes(response: Response, exchange: Exchange) -> None:
    if response.is_streamed:
        body = response.response
        response.response = _watched(body, exchange)
        response.direct_passthrough = False  # otherwise the server would bypass _watched
        if hasattr(body, "close"):  # a generator that never started does not close its source
            response.call_on_close(body.close)
    elif request.method != "HEAD" and response.status_code not in BODILESS:
        exchange.bytes_out = response.calculate_content_length() or 0


def _log(exchange: Exchange) -> None:
    fields = vars(exchange) | {"milliseconds": round(exchange.milliseconds, 1)}
    del fields["started"]
    logger.info(exchange.line(), extra=fields)


def _watched(chunks: Iterable[Any], exchange: Exchange) -> Iterator[Any]:
    """Yield the chunks of a body, and log an error that ends it. The server then closes the connection."""
    try:
        for chunk in chunks:
            exchange.bytes_out += len(chunk)
            yield chunk
    except Exception as error:
        exchange.fault(error)
        raise


def log_fault(error: BaseException) -> None:
    """Log a fault of the board, the database or the store, with its cause and the request's id."""
    exchange: Exchange = g.exchange
    exchange.fault(error)
