"""The real parts that the tests use: a PostgreSQL server, S3 servers, the application and gunicorn."""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from reaction_board import create_app, settings
from reaction_board.database import migration
from reaction_board.local.postgres import postgres
from reaction_board.media import fingerprint
from reaction_board.storage import S3Storage
from tests.board import Board, Objects
from tests.databases import TEMPLATE, database, empty
from tests.servers import Gunicorn
from tests.stores import STORES, store

NOT_DURABLE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
MORE_WORKERS_THAN_CORES = 1  # because many tests wait for a timeout or for a program to start


def pytest_configure() -> None:
    """Let an interruption end the programs under test. A script starts `make test &` with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    return (os.cpu_count() or 1) + MORE_WORKERS_THAN_CORES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with the mark `both_stores` on both S3 servers, and all others on the first one."""
    chosen = any(mark.args[0] == "environment" for mark in metafunc.definition.iter_markers("parametrize"))
    if "environment" in metafunc.fixturenames and not chosen:
        both = metafunc.definition.get_closest_marker("both_stores")
        metafunc.parametrize("environment", STORES if both else STORES[:1], indirect=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark browser tests and load tests as slow. Group the tests by store, slow ones first.

    The benchmark takes longest by far, so it is the very first, and the other tests run beside it.

    Coverage is measured in one case of each test. Tracing takes half as much CPU time again as the test itself, and
    the other cases run the same lines.
    """
    traced = set()
    for item in items:
        if item.path.parent.name == "page" or item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.slow)
        name, _, _ = item.nodeid.partition("[")
        if name in traced:
            item.add_marker(pytest.mark.no_cover)
        traced.add(name)
    yield
    items.sort(
        key=lambda item: (
            item.path.stem != "test_benchmarks",
            f"[{STORES[1]}" not in item.name,
            item.get_closest_marker("slow") is None,
        )
    )


@pytest.fixture(scope="session", autouse=True)
def prompt_fingerprints() -> Iterator[None]:
    """In this process, uploads wait for their fingerprints, so that searches find new images at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "MAX_LATE", -1)
        yield


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    # Not pytest's own folder, which PostgreSQL may not enter, because it does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="board-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_server(server_folder: Path) -> Iterator[str]:
    """The URL of an empty database on a new PostgreSQL server."""
    with postgres(server_folder, "secret", NOT_DURABLE) as (_, url):
        yield url


@pytest.fixture(scope="session")
def database_url(database_server: str) -> Iterator[str]:
    """The database of `board`. Another one is never used, so that it can be copied."""
    with database(database_server, TEMPLATE, copy_of="template0") as template:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URL", template)
            migration.upgrade()
        with database(database_server, "board") as url:
            yield url


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest, database_url: str, server_folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables of a complete board."""
    with store(request.param, server_folder) as variables, pytest.MonkeyPatch.context() as patch:
        complete = {**variables, "DATABASE_URL": database_url, "S3_BUCKET_NAME": "test-images"}
        for name, value in complete.items():
            patch.setenv(name, value)
        boto3.setup_default_session()  # it remembers the credentials of the previous server
        S3Storage("test-images", "us-east-1", timeout=20).create_bucket()
        yield complete


@pytest.fixture(scope="session")
def session_app(environment: dict[str, str]) -> Iterator[Flask]:
    app = create_app(settings.load(environment))
    yield app
    app.extensions["engine"].dispose()


@pytest.fixture(scope="session")
def document(session_app: Flask) -> dict[str, Any]:
    """The API document."""
    response = session_app.test_client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.get_json()
    return found


@pytest.fixture
def app(session_app: Flask, objects: Objects) -> Iterator[Flask]:
    """The application on an empty board."""
    yield session_app
    empty(session_app.extensions["engine"])
    objects.delete_all()


@pytest.fixture
def another(app: Flask) -> Iterator[Callable[..., Flask]]:
    """A function that returns another application on the same empty board, with other settings."""
    with contextlib.ExitStack() as stack:

        def make(**changed: object) -> Flask:
            other = create_app({**app.config, "DATABASE_POOL_SIZE": 2, **changed})
            stack.callback(other.extensions["engine"].dispose)
            return other

        yield make


@pytest.fixture
def engine(app: Flask) -> Engine:
    engine: Engine = app.extensions["engine"]
    return engine


@pytest.fixture(scope="session")
def objects(environment: dict[str, str]) -> Objects:
    """The bucket, without the application."""
    return Objects(boto3.client("s3", region_name="us-east-1"), environment["S3_BUCKET_NAME"])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def board(client: FlaskClient) -> Board:
    """An empty board, for one test."""
    return Board(client)


@pytest.fixture(scope="module")
def shared_board(environment: dict[str, str]) -> Iterator[Board]:
    """A board for the tests of a module that only read: fill it in a fixture of the module.

    It has its own database and bucket, so that other tests of the module can write to `board`.
    """
    bucket = "shared-images"
    with database(environment["DATABASE_URL"], "shared") as url:
        app = create_app(settings.load({**environment, "DATABASE_URL": url, "S3_BUCKET_NAME": bucket}))
        app.extensions["storage"].create_bucket()
        yield Board(app.test_client())
        app.extensions["engine"].dispose()
    Objects(boto3.client("s3", region_name="us-east-1"), bucket).delete_all()


@pytest.fixture(scope="session")
def session_gunicorn(environment: dict[str, str]) -> Iterator[Gunicorn]:
    with Gunicorn.running({**os.environ, **environment}) as server:
        yield server


@pytest.fixture
def gunicorn(app: Flask, session_gunicorn: Gunicorn) -> Gunicorn:
    """The application as production runs it, on the same empty board."""
    return session_gunicorn


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
