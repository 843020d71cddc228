"""The real parts that the tests go through: a PostgreSQL server, S3 servers, the application, gunicorn."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from moto.server import ThreadedMotoServer
from sqlalchemy import Engine, text

from reaction_board import create_app, settings
from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres
from reaction_board.storage import S3Storage
from tests.board import Board, Objects
from tests.servers import Gunicorn, migrate

NOT_DURABLE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    # Not pytest's own: PostgreSQL, which does not run as root, could not pass through it.
    folder = Path(tempfile.mkdtemp(prefix="board-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url(server_folder: Path) -> Iterator[str]:
    with postgres(server_folder, "secret", NOT_DURABLE) as (_, url):
        migrate(url, "upgrade", "head")
        yield url


@pytest.fixture(scope="session", params=["rclone", "moto"])
def environment(request: pytest.FixtureRequest, database_url: str, server_folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables of a complete board, on each of the two S3 servers."""
    if request.param == "rclone":
        with object_store(server_folder, "key-of-the-tests", "secret-of-the-tests") as (_, variables):
            yield from _environment(variables, database_url)
    else:
        moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        moto.start()
        host, port = moto.get_host_and_port()
        yield from _environment({**variables_of_moto(), "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}"}, database_url)
        moto.stop()


def variables_of_moto() -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


def _environment(variables: dict[str, str], database_url: str) -> Iterator[dict[str, str]]:
    complete = {**variables, "DATABASE_URL": database_url, "S3_BUCKET_NAME": "test-images"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in complete.items():
            patch.setenv(name, value)
        boto3.setup_default_session()  # it remembers the credentials of the server before
        S3Storage("test-images", "us-east-1", timeout=20).create_bucket()
        yield complete


@pytest.fixture(scope="session")
def session_app(environment: dict[str, str]) -> Iterator[Flask]:
    app = create_app(settings.load(environment))
    yield app
    app.extensions["engine"].dispose()


@pytest.fixture
def app(session_app: Flask, objects: Objects) -> Iterator[Flask]:
    """The application on an empty board."""
    yield session_app
    with session_app.extensions["engine"].begin() as connection:
        connection.execute(text("TRUNCATE images, image_tags, tags"))
        connection.execute(text("UPDATE totals SET images = 0, tags = 0"))
    objects.delete_all()


@pytest.fixture
def engine(app: Flask) -> Engine:
    engine: Engine = app.extensions["engine"]
    return engine


@pytest.fixture(scope="session")
def objects(environment: dict[str, str]) -> Objects:
    """What is in the bucket, seen without the application."""
    return Objects(boto3.client("s3", region_name="us-east-1"), environment["S3_BUCKET_NAME"])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def board(client: FlaskClient) -> Board:
    return Board(client)


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
