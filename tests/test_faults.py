"""Faults of the store and the database: the right answer in bounded time, and recovery without help."""

import contextlib
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from flask import Flask
from sqlalchemy import make_url

from reaction_board.local.postgres import postgres
from reaction_board.storage import S3Storage
from tests.board import Objects, RemoteBoard, assert_error
from tests.check import check
from tests.concurrency import together
from tests.databases import migrate
from tests.pictures import padded, picture
from tests.proxy import Proxy, in_between
from tests.servers import PATIENCE, Gunicorn, eventually

pytestmark = pytest.mark.slow

TIMEOUT = 1  # seconds, of both settings
BOUND = 30  # seconds: three attempts at the store take about seven, with a pause before each; without a bound, minutes
MIB = 1024 * 1024
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "2"))

XML_ERROR = (
    "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: 63\r\nConnection: close\r\n\r\n"
    "<Error><Code>SlowDown</Code><Message>secret-host</Message></Error>"
)


class Faulty(RemoteBoard):
    """A board under gunicorn, whose database and store are behind proxies."""

    def __init__(self, server: Gunicorn, database: Proxy, store: Proxy) -> None:
        super().__init__(server.url, BOUND)
        self.server, self.database, self.store = server, database, store

    def works(self) -> bool:
        """Return whether the whole board works."""
        response = self.upload()
        return response.status_code == 201 and self.file(response.json()).status_code == 200


@pytest.fixture(scope="session")
def session_faulty(environment: dict[str, str]) -> Iterator[Faulty]:
    with in_between(environment) as (database, store, variables):
        bounded = {**os.environ, **variables, "DATABASE_TIMEOUT": str(TIMEOUT), "S3_TIMEOUT": str(TIMEOUT)}
        with Gunicorn.running(bounded) as server:
            yield Faulty(server, database, store)


@pytest.fixture
def faulty(app: Flask, session_faulty: Faulty) -> Iterator[Faulty]:
    workers = {worker.pid for worker in session_faulty.server.process.children()}
    yield session_faulty
    # After every fault, the board works again by itself, no worker was lost, and database and bucket agree.
    assert eventually(session_faulty.works)
    assert {worker.pid for worker in session_faulty.server.process.children()} == workers
    assert [finding for finding in check(app, "--deep")[1] if finding["kind"] != "object without record"] == []


@contextlib.contextmanager
def fault(proxy: Proxy, **how: Any) -> Iterator[None]:
    before = {name: getattr(proxy, name) for name in how}
    for name, value in how.items():
        setattr(proxy, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(proxy, name, value)


STORE_FAULTS: dict[str, dict[str, Any]] = {
    "refuses connections": {"refuses": True},
    "answers 500": {"answer": XML_ERROR.format(status="500 Internal Server Error").encode()},
    "answers 503": {"answer": XML_ERROR.format(status="503 Slow Down").encode()},
    "hangs": {"hangs": True},
}


@pytest.mark.both_stores
@pytest.mark.parametrize("how", STORE_FAULTS.values(), ids=STORE_FAULTS)
def test_a_failing_store_is_a_storage_error_in_bounded_time(faulty: Faulty, how: dict[str, Any]) -> None:
    image = faulty.added()
    with fault(faulty.store, **how):
        for response in together(lambda: faulty.file(image), faulty.upload):
            assert_error(response, 500, "storage_error")
        # Requests that need no store still succeed, including deletes.
        listed = faulty.get("/images").json()
        assert [image["id"] for image in listed["items"]] == [image["id"]]
        assert faulty.delete(image["id"]).status_code == 204
        assert faulty.total() == 0
    assert_error(faulty.file(image), 404, "image_not_found")


def test_a_store_that_closes_before_the_first_byte_is_a_storage_error(faulty: Faulty) -> None:
    image = faulty.added()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {image['size_bytes']}\r\n\r\n"
    with fault(faulty.store, answer=head.encode()):
        assert_error(faulty.file(image), 500, "storage_error")
    assert eventually(lambda: f"/images/{image['id']}/file 500" in faulty.server.log())
    assert "IncompleteReadError" in faulty.server.log()


def test_a_hung_store_leaves_threads_for_others(faulty: Faulty) -> None:
    images, same = [faulty.added() for _ in range(24)], picture()
    acts = [
        *(partial(faulty.get, f"/images/{image['id']}/thumbnail") for image in images),
        *(partial(faulty.file, images[0]) for _ in range(40)),
        *(partial(faulty.upload, same) for _ in range(30)),
    ]
    with fault(faulty.store, hangs=True), ThreadPoolExecutor(len(acts)) as pool:
        answers = [pool.submit(act) for act in acts]
        while not all(answer.done() for answer in answers):
            assert requests.get(f"{faulty.url}/health", timeout=5).status_code == 200
            assert faulty.get("/images?limit=1").status_code == 200
        assert {answer.result().status_code for answer in answers} <= {500, 503}
        assert 503 in {answer.result().status_code for answer in answers}


@pytest.mark.both_stores
def test_an_upload_that_the_store_cuts_off_leaves_no_record_and_can_be_repeated(faulty: Faulty) -> None:
    data = padded(3 * MIB)
    with fault(faulty.store, cut_requests_after=MIB):
        assert_error(faulty.upload(data), 500, "storage_error")
    assert faulty.total() == 0
    assert faulty.get("/tags").json()["total"] == 0
    image = faulty.added(data)
    assert faulty.file(image).content == data


@pytest.mark.both_stores
def test_a_lost_object_is_a_storage_error_and_its_image_can_be_deleted(faulty: Faulty, objects: Objects) -> None:
    image = faulty.added()
    objects.delete(image["hash"])
    assert_error(faulty.file(image), 500, "storage_error")
    assert faulty.delete(image["id"]).status_code == 204


DATABASE_FAULTS: dict[str, dict[str, Any]] = {
    "refuses connections": {"refuses": True},
    "hangs": {"hangs": True},
}


@pytest.mark.parametrize("how", DATABASE_FAULTS.values(), ids=DATABASE_FAULTS)
def test_a_failing_database_is_unavailable_in_bounded_time(faulty: Faulty, how: dict[str, Any]) -> None:
    image = faulty.added()
    with fault(faulty.database, **how):
        for response in together(
            lambda: faulty.get("/images"),
            lambda: faulty.file(image),
            faulty.upload,
            lambda: faulty.delete(image["id"]),
        ):
            assert_error(response, 503, "service_unavailable")
            assert response.headers["Retry-After"]
        assert faulty.get("/health").status_code == 200
    assert eventually(lambda: faulty.file(image).status_code == 200)


def test_a_database_that_ends_all_connections_is_found_again(faulty: Faulty, database_url: str) -> None:
    image = faulty.added()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'proxied'")
    answers = [faulty.file(image) for _ in range(20)]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert answers[-1].status_code == 200


def test_a_database_that_restarts_is_found_again(environment: dict[str, str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="board-restart-"))
    with contextlib.ExitStack() as servers:
        first = servers.enter_context(contextlib.ExitStack())
        _, url = first.enter_context(postgres(folder, "secret"))
        migrate(url, "upgrade", "head")
        proxy = servers.enter_context(Proxy.running(make_url(url).port or 0))
        through = make_url(url).set(port=proxy.port).render_as_string(hide_password=False)
        S3Storage("of-another-board", "us-east-1", timeout=20).create_bucket()
        variables = {**environment, "DATABASE_URL": through, "S3_BUCKET_NAME": "of-another-board"}
        server = servers.enter_context(Gunicorn.running({**os.environ, **variables}))
        board = Faulty(server, proxy, proxy)
        image = board.added()
        first.close()
        assert_error(board.file(image), 503, "service_unavailable")
        _, url = servers.enter_context(postgres(folder, "secret"))
        proxy.target_port = make_url(url).port or 0
        # Each worker still has connections to the old server. A failing request makes it open new ones.
        assert eventually(lambda: board.file(image).status_code == 200)
        assert eventually(lambda: board.delete(image["id"]).status_code == 204)
    shutil.rmtree(folder)


def test_a_database_without_free_connections_is_unavailable(faulty: Faulty, database_url: str) -> None:
    with contextlib.ExitStack() as stack:
        faulty.database.refuses = True  # which breaks the connections that the workers keep
        faulty.get("/images")
        with contextlib.suppress(psycopg.OperationalError):
            for _ in range(120):
                stack.enter_context(psycopg.connect(database_url))
        faulty.database.refuses = False
        assert eventually(lambda: faulty.get("/images").json().get("code") == "service_unavailable")
    assert eventually(lambda: faulty.get("/images").status_code == 200)


@pytest.mark.both_stores
@pytest.mark.soak
def test_killed_workers_lose_nothing_that_was_acknowledged(
    app: Flask, environment: dict[str, str], objects: Objects
) -> None:
    acknowledged: dict[str, bytes] = {}
    deleted: set[str] = set()
    kills = 0
    with Gunicorn.running({**os.environ, **environment}) as server:
        board = RemoteBoard(server.url, BOUND)
        end = time.monotonic() + SOAK_SECONDS
        last = end + PATIENCE

        def goes_on() -> bool:
            """Return whether to continue: on a busy machine, until something could have been lost."""
            now = time.monotonic()
            return now < end or (now < last and (kills < 3 or len(acknowledged) <= 5))

        def client(number: int) -> None:
            chance = random.Random(number)
            mine: list[str] = []
            while goes_on():
                data = picture("png", 200, 200)
                with contextlib.suppress(requests.RequestException):
                    response = board.upload(data, tags="a,b")
                    if response.status_code == 201:
                        acknowledged[response.json()["id"]] = data
                        mine.append(response.json()["id"])
                if mine and chance.random() < 0.4:
                    image_id = mine.pop()
                    data = acknowledged.pop(image_id)  # from now on, only an answer says whether it is still there
                    with contextlib.suppress(requests.RequestException):
                        answer = board.delete(image_id)
                        assert answer.status_code in (204, 404), answer.text
                        deleted.add(image_id)

        def has_done(number: int) -> bool:
            return len(acknowledged) + len(deleted) >= number or not goes_on()

        def kill() -> None:
            nonlocal kills
            while goes_on():
                # On a busy machine, starting a worker may take longer than the work that it does before it is killed.
                before = len(acknowledged) + len(deleted)
                time.sleep(0.7)  # otherwise the main process would do nothing but start workers
                eventually(partial(has_done, before + 4))
                with contextlib.suppress(IndexError, ProcessLookupError):
                    os.kill(server.process.children()[0].pid, signal.SIGKILL)
                    kills += 1

        killer = threading.Thread(target=kill)
        killer.start()
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(client, range(6)))
        killer.join()
        assert eventually(lambda: board.get("/health").status_code == 200)
        assert kills >= 3
        assert len(acknowledged) > 5
        for image_id, data in acknowledged.items():
            assert board.file({"id": image_id}).content == data
        for image_id in deleted:
            assert board.get(f"/images/{image_id}").status_code == 404
    # A kill may leave an object without a record, or one whose delete is pending.
    left_behind = {finding["kind"] for finding in check(app)[1]}
    assert left_behind <= {"object without record", "pending delete"}
    check(app, "--repair", "--force")
    assert check(app, "--deep") == (0, [])
