"""A store and a database that fail in every way: the right answer in bounded time, and recovery by itself."""

import contextlib
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
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
from tests.board import Objects, assert_error
from tests.pictures import padded, picture
from tests.proxy import Proxy, in_between
from tests.servers import Gunicorn, eventually, migrate
from tests.test_check import check

TIMEOUT = 1  # seconds, of both settings
BOUND = 12  # seconds: three attempts at the store, each with a pause before
MIB = 1024 * 1024
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "6"))

XML_ERROR = (
    "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: 63\r\nConnection: close\r\n\r\n"
    "<Error><Code>SlowDown</Code><Message>secret-host</Message></Error>"
)


class Faulty:
    """A board under gunicorn, whose database and store are behind proxies."""

    def __init__(self, server: Gunicorn, database: Proxy, store: Proxy) -> None:
        self.server, self.database, self.store = server, database, store
        self.url = server.url

    def upload(self, data: bytes | None = None, tags: str = "cat") -> requests.Response:
        files = {"file": ("a.png", picture() if data is None else data)}
        return requests.post(f"{self.url}/images", files=files, data={"tags": tags}, timeout=BOUND)

    def added(self, data: bytes | None = None) -> dict[str, Any]:
        response = self.upload(data)
        assert response.status_code == 201, response.text
        image: dict[str, Any] = response.json()
        return image

    def file(self, image: dict[str, Any]) -> requests.Response:
        return requests.get(f"{self.url}/images/{image['id']}/file", timeout=BOUND)

    def delete(self, image: dict[str, Any]) -> requests.Response:
        return requests.delete(f"{self.url}/images/{image['id']}", timeout=BOUND)

    def works(self) -> bool:
        """Say whether everything does, after a fault."""
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
    # Whatever happened: it works again by itself, no worker was lost, and database and bucket agree.
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


def at_once(*asks: Callable[[], requests.Response]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(asks)) as pool:
        return [answer.result() for answer in [pool.submit(ask) for ask in asks]]


STORE_FAULTS: dict[str, dict[str, Any]] = {
    "refuses connections": {"refuses": True},
    "answers 500": {"answer": XML_ERROR.format(status="500 Internal Server Error").encode()},
    "answers 503": {"answer": XML_ERROR.format(status="503 Slow Down").encode()},
    "hangs": {"hangs": True},
}


@pytest.mark.parametrize("how", STORE_FAULTS.values(), ids=STORE_FAULTS)
def test_a_failing_store_is_a_storage_error_in_bounded_time(faulty: Faulty, how: dict[str, Any]) -> None:
    image = faulty.added()
    with fault(faulty.store, **how):
        for response in at_once(lambda: faulty.file(image), faulty.upload, lambda: faulty.delete(image)):
            assert_error(response, 500, "storage_error")
        # What needs no store goes on meanwhile.
        listed = requests.get(f"{faulty.url}/images", timeout=BOUND).json()
        assert [image["id"] for image in listed["items"]] == [image["id"]]
    # A store that hung may do later what it was asked, as a delete; the image is there, to be deleted again.
    assert faulty.file(image).status_code in ((200, 500) if "hangs" in how else (200,))
    assert faulty.delete(image).status_code == 204


def test_an_upload_that_the_store_cuts_off_leaves_no_record_and_can_be_repeated(faulty: Faulty) -> None:
    data = padded(3 * MIB)
    with fault(faulty.store, cut_requests_after=MIB):
        assert_error(faulty.upload(data), 500, "storage_error")
    assert requests.get(f"{faulty.url}/images", timeout=BOUND).json()["total"] == 0
    assert requests.get(f"{faulty.url}/tags", timeout=BOUND).json()["total"] == 0
    image = faulty.added(data)
    assert faulty.file(image).content == data


def test_a_lost_object_is_a_storage_error_and_its_image_can_be_deleted(faulty: Faulty, objects: Objects) -> None:
    image = faulty.added()
    objects.delete(image["hash"])
    assert_error(faulty.file(image), 500, "storage_error")
    assert faulty.delete(image).status_code == 204


DATABASE_FAULTS: dict[str, dict[str, Any]] = {
    "refuses connections": {"refuses": True},
    "hangs": {"hangs": True},
}


@pytest.mark.parametrize("how", DATABASE_FAULTS.values(), ids=DATABASE_FAULTS)
def test_a_failing_database_is_unavailable_in_bounded_time(faulty: Faulty, how: dict[str, Any]) -> None:
    image = faulty.added()
    with fault(faulty.database, **how):
        for response in at_once(
            lambda: requests.get(f"{faulty.url}/images", timeout=BOUND),
            lambda: faulty.file(image),
            faulty.upload,
            lambda: faulty.delete(image),
        ):
            assert_error(response, 503, "service_unavailable")
            assert response.headers["Retry-After"]
        assert requests.get(f"{faulty.url}/health", timeout=2).status_code == 200
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
        server = servers.enter_context(Gunicorn.running({**os.environ, **environment, "DATABASE_URL": through}))
        board = Faulty(server, proxy, proxy)
        image = board.added()
        first.close()
        assert_error(board.file(image), 503, "service_unavailable")
        _, url = servers.enter_context(postgres(folder, "secret"))
        proxy.target_port = make_url(url).port or 0
        # Each worker has connections to the old one, and learns of it by one request.
        assert eventually(lambda: board.file(image).status_code == 200)
        assert eventually(lambda: board.delete(image).status_code == 204)
    shutil.rmtree(folder)


def test_a_database_without_free_connections_is_unavailable(faulty: Faulty, database_url: str) -> None:
    with contextlib.ExitStack() as stack:
        faulty.database.refuses = True  # breaks the connections that the workers keep
        requests.get(f"{faulty.url}/images", timeout=BOUND)
        with contextlib.suppress(psycopg.OperationalError):
            for _ in range(120):
                stack.enter_context(psycopg.connect(database_url))
        faulty.database.refuses = False
        assert eventually(
            lambda: requests.get(f"{faulty.url}/images", timeout=BOUND).json().get("code") == "service_unavailable"
        )
    assert eventually(lambda: requests.get(f"{faulty.url}/images", timeout=BOUND).status_code == 200)


def test_killed_workers_lose_nothing_that_was_acknowledged(
    app: Flask, environment: dict[str, str], objects: Objects
) -> None:
    acknowledged: dict[str, bytes] = {}
    deleted: set[str] = set()
    with Gunicorn.running({**os.environ, **environment}) as server:
        end = time.monotonic() + SOAK_SECONDS

        def client(number: int) -> None:
            chance = random.Random(number)
            mine: list[str] = []
            while time.monotonic() < end:
                data = picture("png", 200, 200)
                with contextlib.suppress(requests.RequestException):
                    response = requests.post(
                        f"{server.url}/images", files={"file": ("a.png", data)}, data={"tags": "a,b"}, timeout=BOUND
                    )
                    if response.status_code == 201:
                        acknowledged[response.json()["id"]] = data
                        mine.append(response.json()["id"])
                if mine and chance.random() < 0.4:
                    image_id = mine.pop()
                    data = acknowledged.pop(image_id)  # whether it is there now is known by an answer only
                    with contextlib.suppress(requests.RequestException):
                        answer = requests.delete(f"{server.url}/images/{image_id}", timeout=BOUND)
                        assert answer.status_code in (204, 404), answer.text
                        deleted.add(image_id)

        def has_done(number: int) -> bool:
            return len(acknowledged) + len(deleted) >= number

        def kill() -> None:
            while time.monotonic() < end:
                # A busy machine may take longer for a new worker than for what it is to do until the next kill.
                before = len(acknowledged) + len(deleted)
                time.sleep(0.7)
                eventually(partial(has_done, before + 4), seconds=3)
                with contextlib.suppress(IndexError, ProcessLookupError):
                    os.kill(server.process.children()[0].pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(client, range(6)))
        killer.join()
        assert eventually(lambda: requests.get(f"{server.url}/health", timeout=5).status_code == 200)
        assert len(acknowledged) > 5
        for image_id, data in acknowledged.items():
            assert requests.get(f"{server.url}/images/{image_id}/file", timeout=BOUND).content == data
        for image_id in deleted:
            assert requests.get(f"{server.url}/images/{image_id}", timeout=BOUND).status_code == 404
    # What a kill can leave is an object that no record names yet, or a record whose delete was not answered.
    lost = [finding for finding in check(app)[1] if finding["kind"] == "record without object"]
    assert {finding["subject"] for finding in lost} & (acknowledged.keys() | deleted) == set()
    check(app, "--repair")
    assert [finding for finding in check(app, "--deep")[1] if finding["kind"] != "record without object"] == []
