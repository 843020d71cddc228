"""Metrics for Prometheus at `/metrics`, if `METRICS` is set. The proxy must not expose them to the public.

Under gunicorn, the workers count in files of a shared folder (gunicorn_conf.py), and the worker that answers adds them
up.
"""

import os
from collections.abc import Callable
from importlib.metadata import version

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from reaction_board import storage
from reaction_board.database import engine
from reaction_board.http import request_log
from reaction_board.http.request_log import Exchange

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)  # upper bounds of the buckets
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # a client could invent any number of others


def init_app(app: Flask) -> None:
    """Count the application's work and publish the metrics."""
    registry = CollectorRegistry()
    _build_info(registry)
    request_log.observe(app, _exchange_counter(registry))
    storage.observe(app, _store_counter(registry))
    engine.observe(app, _connection_counter(registry, app.config["DATABASE_POOL_SIZE"]))

    @app.get("/metrics")
    def metrics() -> Response:
        source = registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            source = CollectorRegistry()
            MultiProcessCollector(source)  # type: ignore[no-untyped-call]  # prometheus-client has no types there
        return Response(generate_latest(source), content_type=CONTENT_TYPE_LATEST)


def _build_info(registry: CollectorRegistry) -> None:
    info = Gauge(
        "reaction_board_build_info",
        "1, with the version of the release",
        ["version"],
        multiprocess_mode="livemax",
        registry=registry,
    )
    info.labels(version("reaction-board")).set(1)


def _exchange_counter(registry: CollectorRegistry) -> Callable[[Exchange], None]:
    requests = Histogram(
        "reaction_board_request_seconds",
        "Requests, until their last byte was sent; a file missing in the cache of nginx counts twice",
        ["method", "route", "status"],
        buckets=SECONDS,
        registry=registry,
    )
    received = Counter("reaction_board_received_bytes", "Bytes of request bodies", ["route"], registry=registry)
    sent = Counter(
        "reaction_board_sent_bytes",
        "Bytes of response bodies, without the files that nginx sends from its cache",
        ["route"],
        registry=registry,
    )
    duplicates = Counter(
        "reaction_board_duplicates", "Uploads of files that the board already had", registry=registry
    )  # fmt: skip

    def count(exchange: Exchange) -> None:
        method = exchange.method if exchange.method in METHODS else "other"
        route = exchange.route or "none"
        requests.labels(method, route, str(exchange.status)).observe(exchange.milliseconds / 1000)
        received.labels(route).inc(exchange.bytes_in)
        sent.labels(route).inc(exchange.bytes_out)
        if (method, route, exchange.status) == ("POST", "/api/v1/images", 200):
            duplicates.inc()

    return count


def _store_counter(registry: CollectorRegistry) -> storage.Observer:
    requests = Histogram(
        "reaction_board_store_seconds",
        "Requests to the object store, retries included, until it began to answer",
        ["operation"],
        buckets=SECONDS,
        registry=registry,
    )
    errors = Counter(
        "reaction_board_store_errors", "Requests to the object store that failed", ["operation"], registry=registry
    )
    for operation in storage.OPERATIONS:  # a rate needs a 0 before the first error
        errors.labels(operation)

    def count(operation: str, seconds: float | None, failed: bool) -> None:
        if seconds is not None:
            requests.labels(operation).observe(seconds)
        if failed:
            errors.labels(operation).inc()

    return count


def _connection_counter(registry: CollectorRegistry, pool_size: int) -> Callable[[int], None]:
    in_use = Gauge(
        "reaction_board_database_connections",
        "Database connections in use",
        multiprocess_mode="livesum",
        registry=registry,
    )
    most = Gauge(
        "reaction_board_database_connections_max",
        "Maximum number of database connections in use",
        multiprocess_mode="livesum",
        registry=registry,
    )
    most.set(pool_size)
    return in_use.inc
