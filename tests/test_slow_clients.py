"""Clients that send half a request to gunicorn, without an nginx that would wait for the rest."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask

from tests.pictures import padded
from tests.servers import Gunicorn, eventually

pytestmark = pytest.mark.slow

GRACE = 2  # seconds, instead of 20
HEAD = b"POST /api/v1/images HTTP/1.1\r\nHost: localhost\r\n"
FORM = HEAD + b"Content-Type: multipart/form-data; boundary=b\r\n"
START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
STALLED = {
    "nothing of a head": b"P",
    "half a head": HEAD,
    "no byte of a body": FORM + b"Content-Length: 1000\r\n\r\n",
    "half a body": FORM + b"Content-Length: 1000\r\n\r\n" + START,
    "half a chunk": FORM + b"Transfer-Encoding: chunked\r\n\r\n100\r\n" + START,
    "no end of the chunks": FORM + b"Transfer-Encoding: chunked\r\n\r\n3\r\n--b\r\n",
    "half a body that nobody reads": b"GET" + HEAD[4:] + b"Content-Length: 1000\r\n\r\nx",
    "half a body for no route": HEAD.replace(b"images", b"none") + b"Content-Length: 1000\r\n\r\nx",
}
ANSWERED_AT_ONCE = {"half a body that nobody reads": 200, "half a body for no route": 404}


@pytest.fixture(scope="module")
def session_server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    folder = tmp_path_factory.mktemp("site")
    hasty = f"from reaction_board.http import slow_clients\nslow_clients.GRACE = {GRACE}\n"
    (folder / "sitecustomize.py").write_text(hasty)
    with Gunicorn.running({**os.environ, **environment, "PYTHONPATH": str(folder)}) as server:
        yield server


@pytest.fixture
def server(app: Flask, session_server: Gunicorn) -> Gunicorn:
    """gunicorn as production runs it, with shorter timeouts."""
    return session_server


def connect(server: Gunicorn) -> socket.socket:
    url = urlsplit(server.url)
    return socket.create_connection((url.hostname, url.port), timeout=30)


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """Return the status and body of everything that arrives until the connection is closed."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("sent", STALLED.values(), ids=STALLED)
def test_half_a_request_is_answered_in_time(server: Gunicorn, sent: bytes) -> None:
    started = time.monotonic()
    with connect(server) as connection:
        connection.sendall(sent)
        status, body = answer_of(connection)
    expected = next((ANSWERED_AT_ONCE[name] for name in ANSWERED_AT_ONCE if STALLED[name] == sent), 408)
    assert status == expected
    if status == 408:
        assert body["code"] == "request_timeout"
        assert set(body) == {"detail", "code"}
    assert time.monotonic() - started < GRACE + 7  # gunicorn waits up to 5 s for the rest of what it has answered


@pytest.mark.parametrize("sent", [STALLED["half a head"] + b"X: ", STALLED["half a body"], STALLED["half a chunk"]])
def test_a_byte_now_and_then_gains_no_time(server: Gunicorn, sent: bytes) -> None:
    started = time.monotonic()
    with connect(server) as connection:
        connection.sendall(sent)
        connection.settimeout(0.3)
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 20:
                with contextlib.suppress(TimeoutError):
                    assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
                    break
                connection.sendall(b"x")
    assert time.monotonic() - started < GRACE + 2


def test_stalled_clients_block_others_for_a_limited_time(server: Gunicorn) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(300):  # the workers have 64 threads
            connection = stack.enter_context(connect(server))
            connection.sendall(STALLED["half a body"] if number % 3 else STALLED["half a head"])
        waited = 300 / 64 * GRACE
        assert requests.get(f"{server.url}/health", timeout=waited + 10).status_code == 200
    assert eventually(lambda: requests.get(f"{server.url}/health", timeout=20).elapsed.total_seconds() < 0.5, 30)
    assert "Traceback" not in server.log()


def test_a_slow_and_steady_upload_gets_through(server: Gunicorn) -> None:
    data = padded(400_000)

    def pieces() -> Iterator[bytes]:
        yield START
        for at in range(0, len(data), 16_384):
            time.sleep(0.2)  # 80 KiB a second
            yield data[at : at + 16_384]
        yield b"\r\n--b--\r\n"

    started = time.monotonic()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = requests.post(f"{server.url}/images", data=pieces(), headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["size_bytes"]) == (201, len(data))
    assert time.monotonic() - started > 2 * GRACE


def test_a_connection_may_wait_between_requests(server: Gunicorn) -> None:
    with requests.Session() as session:
        for pause in (0, GRACE + 1, GRACE + 1):
            time.sleep(pause)
            assert session.get(f"{server.url}/health", timeout=5).status_code == 200
            assert session.delete(f"{server.url}/images/x", data=b"x" * 1000, timeout=5).status_code == 404


def test_the_second_request_of_a_connection_is_bound_too(server: Gunicorn) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b'{"status":"ok"}\n'):
            answer += connection.recv(1000)
        connection.sendall(STALLED["half a body"])
        assert answer_of(connection)[1]["code"] == "request_timeout"
