"""The board as production runs it: behind nginx, which sends files and caches them by their hash."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import requests
from flask import Flask
from sqlalchemy import Engine, update

from reaction_board.database.tables import images
from tests.board import RemoteBoard, assert_error, raw
from tests.pictures import padded
from tests.proxy import Proxy, in_between
from tests.rfc_9110 import RANGES, SIZE, assert_answer, hold_to_the_rfc
from tests.servers import PATIENCE, Gunicorn, Nginx, eventually, needs_nginx
from tests.walks import hold_to_the_longest_search

pytestmark = [pytest.mark.slow, needs_nginx]


MIB = 1024 * 1024


class Front(RemoteBoard):
    """A board behind nginx, whose store is behind a proxy."""

    def __init__(self, nginx: Nginx, gunicorn: Gunicorn, store: Proxy) -> None:
        super().__init__(nginx.url)
        self.nginx, self.gunicorn, self.store = nginx, gunicorn, store
        self.direct = RemoteBoard(gunicorn.url)
        self.origin = nginx.url.removesuffix("/api/v1")

    def reads(self) -> int:
        """The number of reads of the store so far."""
        return self.store.requests.count(b"GET")


@pytest.fixture(scope="module")
def session_front(environment: dict[str, str]) -> Iterator[Front]:
    more = {"S3_TIMEOUT": "1", "CORS_ORIGINS": "https://one.example,https://two.example"}
    with (
        in_between(environment) as (_, store, variables),
        Gunicorn.running({**os.environ, **variables, **more}) as gunicorn,
        Nginx.running(gunicorn.socket) as nginx,
    ):
        yield Front(nginx, gunicorn, store)


@pytest.fixture
def front(app: Flask, session_front: Front) -> Front:
    return session_front


CONTRACT_HEADERS = [
    "Content-Type",
    "Content-Length",
    "ETag",
    "Last-Modified",
    "Cache-Control",
    "Content-Disposition",
    "X-Content-Type-Options",
    "Content-Security-Policy",
    "Accept-Ranges",
    "Content-Range",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Vary",
]


def headers_of(response: requests.Response) -> list[tuple[str, str]]:
    """Return the headers that the API documents, including repeated ones."""
    lines = response.raw.headers.items()
    return sorted((name.title(), value) for name, value in lines if name.title() in map(str.title, CONTRACT_HEADERS))


def test_the_first_and_every_later_download_are_as_the_application_gives_them(front: Front) -> None:
    image = front.added(padded(3 * MIB), filename="Wörk.png")
    origin = {"Origin": "https://one.example"}
    direct = front.direct.file(image, **origin)
    for _ in range(3):
        response = front.file(image, **origin)
        assert response.status_code == 200
        assert response.content == direct.content
        assert headers_of(response) == headers_of(direct)
    assert len(headers_of(direct)) == 12


def test_conditions_and_ranges_are_judged_as_the_rfc_has_it(front: Front) -> None:
    hold_to_the_rfc(front, padded(SIZE))


@pytest.mark.parametrize("wanted", ["bytes=10-19", "bytes=-100000"])
def test_a_range_of_a_file_that_is_not_kept_is_judged_so_too(front: Front, wanted: str) -> None:
    data = padded(SIZE)
    assert_answer(front, front.added(data), data, {"Range": wanted}, RANGES.get(wanted, (10, 19)))


def test_a_file_that_is_kept_needs_no_store(front: Front) -> None:
    data = padded(5000)
    image = front.added(data)
    assert front.file(image).content == data
    before = front.reads()
    front.store.refuses = True
    try:
        for fields in ({}, {"Range": "bytes=0-99"}, {"If-None-Match": f'"{image["hash"]}"'}):
            assert front.file(image, **fields).status_code in (200, 206, 304)
        assert front.request("HEAD", f"/images/{image['id']}/file").status_code == 200
    finally:
        front.store.refuses = False
    assert front.reads() == before


def test_thumbnails_are_kept_as_files_are_and_beside_them(front: Front) -> None:
    image = front.added(filename="Wörk.png")
    direct = front.direct.file(image, "thumbnail")
    whole = front.file(image)
    for what, expected in (("thumbnail", direct), ("file", whole)) * 2:
        reads = front.reads()
        response = front.file(image, what)
        assert (response.status_code, response.content) == (200, expected.content)
        assert headers_of(response) == headers_of(expected)
    assert front.reads() == reads
    part = front.file(image, "thumbnail", Range="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"RIFF")


def test_a_direct_link_is_sent_from_the_same_kept_bytes(front: Front) -> None:
    data = padded(5000)
    image = front.added(data)
    assert front.file(image).content == data
    reads = front.reads()
    for headers, expected in (({}, data), ({"Range": "bytes=10-19"}, data[10:20])):
        direct = requests.get(f"{front.origin}/i/{image['id']}.png", headers=headers, timeout=PATIENCE)
        assert direct.content == expected
        assert headers_of(direct) == headers_of(front.file(image, **headers))
    assert front.reads() == reads


def test_304_and_head_keep_nothing(front: Front) -> None:
    image = front.added(padded(MIB))
    before, reads = front.nginx.kept_bytes(), front.reads()
    assert front.file(image, If_None_Match=f'"{image["hash"]}"').status_code == 304
    assert front.request("HEAD", f"/images/{image['id']}/file").status_code == 200
    assert (front.nginx.kept_bytes(), front.reads()) == (before, reads)


def test_a_deleted_image_is_gone_at_once_and_its_bytes_may_come_back_under_another_name(
    front: Front, engine: Engine
) -> None:
    data = padded(5000)
    image = front.added(data, filename="first.png")
    image["id"] = "016f5e66-e800-7000-8000-000000000000"  # in another second than the next one
    with engine.begin() as connection:
        connection.execute(update(images).values(id=image["id"]))
    assert front.file(image).status_code == 200
    assert front.delete(image["id"]).status_code == 204
    assert_error(front.file(image), 404, "image_not_found")
    again = front.added(data, filename="second.png")
    reads = front.reads()
    response = front.file(again)
    assert response.content == data
    assert "second.png" in response.headers["Content-Disposition"]
    assert front.reads() == reads
    assert headers_of(response) == headers_of(front.direct.file(again))


def test_each_origin_gets_its_own_headers_through_nginx(front: Front) -> None:
    image = front.added()
    for origin in ("https://one.example", "https://two.example", "https://one.example", "https://other.example"):
        direct, response = front.direct.file(image, Origin=origin), front.file(image, Origin=origin)
        assert headers_of(response) == headers_of(direct)


def test_many_requests_for_a_file_at_once_cause_one_read(front: Front) -> None:
    data = padded(20 * MIB)
    image = front.added(data)
    reads = front.reads()
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: front.file(image).content == data, range(30)))
    assert answers == [True] * 30
    assert front.reads() == reads + 1


def test_a_file_that_the_store_breaks_off_is_not_kept(front: Front) -> None:
    data = padded(3 * MIB)
    image = front.added(data)
    front.store.cut_after = MIB
    try:
        # Until the first bytes are sent, an error can still be answered.
        with contextlib.suppress(requests.exceptions.ChunkedEncodingError):
            assert_error(front.file(image), 500, "storage_error")
    finally:
        front.store.cut_after = None
    assert front.file(image).content == data


def test_an_error_of_the_store_is_passed_on_and_not_cached(front: Front) -> None:
    data = padded(5000)
    image = front.added(data)
    front.store.refuses = True
    try:
        response, direct = front.file(image), front.direct.file(image)
    finally:
        front.store.refuses = False
    assert_error(response, 500, "storage_error")
    assert headers_of(response) == headers_of(direct)
    assert front.file(image).content == data


def test_the_folder_of_kept_files_has_a_bound(front: Front) -> None:
    with Nginx.running(front.gunicorn.socket, {"max_size=10g": "max_size=4m"}) as nginx:
        bounded = Front(nginx, front.gunicorn, front.store)
        for _ in range(12):
            assert bounded.file(bounded.added(padded(MIB))).status_code == 200
        assert nginx.kept_bytes() > 4 * MIB
        nginx.process.send_signal(signal.SIGHUP)  # nginx looks every ten seconds, and when it reads its configuration
        assert eventually(lambda: nginx.kept_bytes() <= 4 * MIB)
        assert nginx.kept_bytes() > 0


def test_a_client_cannot_play_the_proxy(front: Front) -> None:
    image = front.added()
    path = f"/kept-files/{image['hash']}/{image['id']}"
    assert_error(requests.get(front.origin + path, timeout=PATIENCE), 404, "not_found")
    forged = {"X-Sendfile-Type": "X-Accel-Redirect", "X-Request-ID": "forged"}
    response = front.file(image, **forged)
    assert len(response.content) == image["size_bytes"]
    assert "X-Accel-Redirect" not in response.headers
    assert response.headers["X-Request-ID"] != "forged"


def test_one_id_joins_the_answer_and_the_lines_of_a_request(front: Front) -> None:
    image = front.added()
    response = front.file(image)
    request_id = response.headers["X-Request-ID"]
    assert response.raw.headers.getlist("X-Request-ID") == [request_id]
    assert eventually(lambda: front.gunicorn.log().count(f"/images/{image['id']}/file 200") == 2)
    assert front.gunicorn.log().count(request_id) == 2  # the decision, and the read for nginx


def test_the_longest_search_gets_through(front: Front) -> None:
    hold_to_the_longest_search(front)


def test_a_header_that_nginx_takes_and_the_application_does_not_is_answered_in_the_envelope(front: Front) -> None:
    response = front.get("/health", headers={"A": 20_000 * "a"})
    assert_error(response, 431, "request_header_fields_too_large")


def line_of(front: Front, response: requests.Response) -> str:
    """Return nginx's own line of a request, or nothing."""
    lines = front.nginx.access_log().splitlines()
    return next((line for line in lines if line.endswith(response.headers["X-Request-ID"])), "")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),  # without Host
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: " + 50_000 * b"a" + b"\r\n\r\n", 400, "bad_request"),
        (b"GET /" + 50_000 * b"a" + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414, "uri_too_long"),
        (b"TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405, "method_not_allowed"),
        (b"PATCH / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000\r\n\r\n", 413, "payload_too_large"),
        (
            b"POST /api/v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 400000000\r\n\r\n",
            413,
            "payload_too_large",
        ),
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", 505, "http_version_not_supported"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: magic\r\n\r\n", 501, "not_implemented"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_request"),
    ],
)
def test_errors_of_nginx_have_the_envelope(front: Front, request_: bytes, status: int, code: str) -> None:
    response = raw(front.url, request_)
    assert_error(response, status, code)
    assert len(response.headers["X-Request-ID"]) == 32
    assert eventually(lambda: f" {status} " in line_of(front, response))


def test_a_client_can_read_why_its_large_file_is_refused(front: Front) -> None:
    for size_bytes in (50 * MIB + 1, 80 * MIB):
        assert_error(front.upload(bytes(size_bytes)), 422, "file_too_large")
    assert front.added(padded(50 * MIB))["size_bytes"] == 50 * MIB


def test_without_the_application_it_is_a_bad_gateway_and_a_hung_one_a_timeout(
    app: Flask, environment: dict[str, str]
) -> None:
    hasty = {"proxy_read_timeout 120s": "proxy_read_timeout 1s"}
    with Gunicorn.running({**os.environ, **environment}) as gunicorn, Nginx.running(gunicorn.socket, hasty) as nginx:
        processes = [gunicorn.process, *gunicorn.process.children()]
        for process in processes:
            process.suspend()
        try:
            hung = requests.get(f"{nginx.url}/images", timeout=PATIENCE)
        finally:
            for process in processes:
                process.resume()
        assert_error(hung, 504, "gateway_timeout")
        assert hung.headers["Retry-After"]
        gunicorn.process.terminate()
        gunicorn.process.wait(PATIENCE)
        files = {"file": ("a.png", bytes(5 * MIB))}
        for method, form in (("GET", None), ("POST", files)):
            down = requests.request(method, f"{nginx.url}/images", files=form, timeout=PATIENCE)
            assert_error(down, 502, "bad_gateway")
            assert down.headers["Retry-After"]


def test_json_is_compressed_and_pictures_are_not(front: Front) -> None:
    for _ in range(5):
        image = front.added()
    listed = front.get("/images")
    assert listed.headers["Content-Encoding"] == "gzip"
    assert listed.json()["total"] == 5
    assert "Content-Encoding" not in front.file(image).headers


def test_slow_uploads_cost_no_thread(front: Front) -> None:
    parts = urlsplit(front.url)
    head = (
        b"POST /api/v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )
    with contextlib.ExitStack() as slow:
        for _ in range(100):  # workers have 64 threads
            connection = slow.enter_context(socket.create_connection((parts.hostname, parts.port)))
            connection.sendall(head)
        assert front.get("/health").status_code == 200
        assert front.added()


@pytest.mark.parametrize("how", ["new workers", "a new main process"])
def test_a_reload_under_load_drops_no_request(app: Flask, environment: dict[str, str], how: str) -> None:
    with (
        Gunicorn.running({**os.environ, **environment}) as gunicorn,
        successors_of(gunicorn),
        Nginx.running(gunicorn.socket) as nginx,
    ):
        old = {worker.pid for worker in gunicorn.process.children()}
        stop = threading.Event()

        answers: list[int] = []

        def client(number: int) -> None:
            board = RemoteBoard(nginx.url)
            while not stop.is_set():
                image = board.added()
                asked = [
                    board.file(image),
                    board.replace_tags(image["id"], [f"t{number}"]),
                    board.get(f"/images?tags=t{number}"),
                    board.delete(image["id"]),
                    board.get("/health"),
                ]
                answers.extend(response.status_code for response in asked)

        def wait_for_answers(count: int) -> None:
            before = len(answers)
            assert eventually(lambda: len(answers) >= before + count or any(done.done() for done in clients))

        with ThreadPoolExecutor(3) as pool:
            clients = [pool.submit(client, number) for number in range(3)]
            try:
                wait_for_answers(50)
                migrate_as_the_readme_allows(environment["DATABASE_URL"])
                wait_for_answers(50)  # the old release goes on with the new tables
                replace(gunicorn, how)
                assert eventually(lambda: not old & set(psutil.pids()))
                wait_for_answers(50)
            finally:
                stop.set()
                undo_the_migration(environment["DATABASE_URL"])
            for done in clients:
                done.result()
        assert set(answers) == {200, 204}


@contextlib.contextmanager
def successors_of(gunicorn: Gunicorn) -> Iterator[None]:
    """Stop the main process that has taken over at the end, because nothing else does."""
    try:
        yield
    finally:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != gunicorn.process.pid and f"unix:{gunicorn.socket}" in process.cmdline():
                    process.terminate()
                    process.wait(PATIENCE)


def migrate_as_the_readme_allows(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE images ADD COLUMN later text")
        connection.execute("CREATE INDEX CONCURRENTLY ix_later ON images (later)")


def undo_the_migration(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE images DROP COLUMN IF EXISTS later")


def replace(gunicorn: Gunicorn, how: str) -> None:
    """Replace running workers, as docs/deploying.md says."""
    if how == "new workers":
        gunicorn.process.send_signal(signal.SIGHUP)
        return
    gunicorn.process.send_signal(signal.SIGUSR2)
    assert eventually(lambda: gunicorn.log().count("Booting worker") >= 4)
    gunicorn.process.send_signal(signal.SIGTERM)
