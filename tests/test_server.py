"""The application under gunicorn, for behaviour that needs real sockets."""

import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask

from tests.board import RemoteBoard, assert_error
from tests.pictures import padded, picture
from tests.proxy import in_between
from tests.servers import PATIENCE, Gunicorn, eventually
from tests.walks import hold_to_the_longest_search

MIB = 1024 * 1024


@pytest.mark.slow
def test_an_upload_and_a_download_of_the_largest_file_are_streamed(http: requests.Session, gunicorn: Gunicorn) -> None:
    board = RemoteBoard(gunicorn.url)
    board.upload(padded(3 * MIB))  # allocates everything that is allocated only once
    idle = gunicorn.memory()
    files = [padded(50 * MIB) for _ in range(4)]
    peaks = []

    def watched(response: requests.Response) -> int:
        peaks.append(gunicorn.memory())
        size = sum(map(len, response.iter_content(MIB)))
        peaks.append(gunicorn.memory())
        return size

    with ThreadPoolExecutor(len(files)) as pool:
        uploads = list(pool.map(board.upload, files))
        assert [response.status_code for response in uploads] == [201] * 4, [response.text for response in uploads]
        images = [response.json() for response in uploads]
        peaks.append(gunicorn.memory())
        urls = [f"{gunicorn.url}/images/{image['id']}/file" for image in images]
        assert (
            list(pool.map(lambda url: watched(requests.get(url, stream=True, timeout=PATIENCE)), urls))
            == [50 * MIB] * 4
        )
    # Four files in memory would be 200 MiB.
    assert max(peaks) - idle < 60 * MIB


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_client_can_read_why_its_large_file_is_refused(
    http: requests.Session, gunicorn: Gunicorn, chunked: bool
) -> None:
    boundary, data = "b", bytes(80 * MIB)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
    body = head + data + f"\r\n--{boundary}--\r\n".encode()
    response = http.post(
        f"{gunicorn.url}/images",
        data=(body[at : at + MIB] for at in range(0, len(body), MIB)) if chunked else body,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        timeout=PATIENCE,
    )
    assert_error(response, 422, "file_too_large")
    assert http.get(f"{gunicorn.url}/health", timeout=PATIENCE).status_code == 200


def test_an_upload_may_be_chunked(http: requests.Session, gunicorn: Gunicorn) -> None:
    data = picture()
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + data + b"\r\n--b--\r\n"
    response = http.post(
        f"{gunicorn.url}/images",
        data=iter([body[:100], body[100:]]),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=PATIENCE,
    )
    assert response.status_code == 201
    file = http.get(f"{gunicorn.url}/images/{response.json()['id']}/file", timeout=PATIENCE)
    assert file.content == data


def test_the_longest_search_gets_through(gunicorn: Gunicorn) -> None:
    hold_to_the_longest_search(RemoteBoard(gunicorn.url))


@pytest.mark.both_stores
@pytest.mark.slow
def test_an_error_in_the_middle_of_a_download_breaks_the_connection(
    app: Flask, environment: dict[str, str], http: requests.Session
) -> None:
    with in_between(environment) as (_, proxy, variables), Gunicorn.running({**os.environ, **variables}) as server:
        board = RemoteBoard(server.url)
        image = board.added(padded(5 * MIB))
        proxy.cut_after = MIB
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead|Connection broken"):
            board.file(image)
        assert "StorageError" in server.log()
        assert re.search(rf"/images/{image['id']}/file failed, request [0-9a-f]{{32}}\n", server.log())
        proxy.cut_after = None
        assert len(board.file(image).content) == 5 * MIB


def test_every_request_is_one_line_with_the_id_that_the_client_got(http: requests.Session, gunicorn: Gunicorn) -> None:
    response = http.get(f"{gunicorn.url}/tags?q=secret", timeout=PATIENCE)
    request_id = response.headers["X-Request-ID"]
    assert eventually(lambda: request_id in gunicorn.log())
    lines = [line for line in gunicorn.log().splitlines() if request_id in line]
    assert len(lines) == 1
    assert re.search(rf" INFO GET /api/v1/tags 200 \d+\.\dms {request_id}$", lines[0])


def test_requests_for_static_files_are_logged_like_others(http: requests.Session, gunicorn: Gunicorn) -> None:
    response = http.get(gunicorn.url.replace("/api/v1", "/static/swagger-ui/LICENSE"), timeout=PATIENCE)
    assert response.status_code == 200
    assert eventually(lambda: response.headers["X-Request-ID"] in gunicorn.log())


def test_a_request_cannot_forge_a_line(http: requests.Session, gunicorn: Gunicorn) -> None:
    response = http.get(f"{gunicorn.url}/x%0A2026-01-01 INFO forged", timeout=PATIENCE)
    assert eventually(lambda: response.headers["X-Request-ID"] in gunicorn.log())
    assert "/api/v1/x%0A2026-01-01%20INFO%20forged 404" in gunicorn.log()


@pytest.mark.slow
def test_sigterm_lets_a_running_request_finish(app: Flask, environment: dict[str, str], http: requests.Session) -> None:
    with Gunicorn.running({**os.environ, **environment}) as server:
        image = RemoteBoard(server.url).added(padded(20 * MIB))
        with requests.get(f"{server.url}/images/{image['id']}/file", stream=True, timeout=PATIENCE) as response:
            chunks = response.iter_content(64 * 1024)
            received = len(next(chunks))
            server.process.send_signal(signal.SIGTERM)
            received += sum(map(len, chunks))
        assert received == 20 * MIB
        assert server.process.wait(PATIENCE) == 0


def test_a_client_that_goes_away_is_no_fault(http: requests.Session, gunicorn: Gunicorn) -> None:
    image = RemoteBoard(gunicorn.url).added(padded(20 * MIB))
    url = urlsplit(gunicorn.url)
    for _ in range(5):
        with socket.create_connection((url.hostname, url.port)) as connection:
            connection.sendall(f"GET {url.path}/images/{image['id']}/file HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            connection.recv(1000)
    assert eventually(lambda: gunicorn.log().count(f"/images/{image['id']}/file 200") == 5)
    assert f"/images/{image['id']}/file failed" not in gunicorn.log()
