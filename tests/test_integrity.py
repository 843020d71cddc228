"""Bytes that are not those of the upload are never served."""

import os
from typing import Any

import pytest
import requests
from flask import Flask

from tests.board import Board, Objects, assert_error
from tests.pictures import padded, picture
from tests.servers import Gunicorn, Nginx, needs_nginx

MIB = 1024 * 1024


def spoiled(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.both_stores
def test_a_small_file_with_other_bytes_is_an_error(board: Board, objects: Objects) -> None:
    data = picture()
    image = board.added(data=data)
    objects.put(image["hash"], spoiled(data))
    assert_error(board.file(image), 500, "storage_error")
    objects.put(image["hash"], data)
    assert board.file(image).data == data


def test_a_thumbnail_with_other_bytes_is_an_error(board: Board, objects: Objects) -> None:
    image = board.added()
    small = board.get(f"/images/{image['id']}/thumbnail").data
    objects.put(f"thumbnails/{image['hash']}", spoiled(small))
    assert_error(board.get(f"/images/{image['id']}/thumbnail"), 500, "storage_error")


def test_no_thumbnail_is_made_of_other_bytes(board: Board, objects: Objects) -> None:
    data, other = picture(), picture()
    image = board.added(data=data)
    objects.put(image["hash"], other[: len(data)].ljust(len(data), b"\0"))
    assert_error(board.get(f"/images/{image['id']}/thumbnail"), 500, "storage_error")
    objects.put(image["hash"], data)
    assert board.get(f"/images/{image['id']}/thumbnail").status_code == 200


@pytest.fixture
def front(app: Flask, environment: dict[str, str]) -> Any:
    variables = {**os.environ, **environment, "METRICS": "true"}
    with Gunicorn.running(variables) as gunicorn, Nginx.running(gunicorn.socket) as nginx:
        yield gunicorn, nginx


@pytest.mark.slow
@needs_nginx
def test_a_large_file_with_other_bytes_breaks_off_before_its_end_and_is_kept_nowhere(
    front: tuple[Gunicorn, Nginx], board: Board, objects: Objects
) -> None:
    gunicorn, nginx = front
    data = padded(3 * MIB)
    image = board.added(data=data)
    path = f"/images/{image['id']}/file"
    objects.put(image["hash"], spoiled(data))
    for server in (gunicorn.url, nginx.url):
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(server + path, timeout=20)
    metrics = requests.get(gunicorn.url.replace("/api/v1", "/metrics"), timeout=20).text
    assert 'reaction_board_store_errors_total{operation="read"} 2.0' in metrics
    assert "instead of " + image["hash"] in gunicorn.log()
    objects.put(image["hash"], data)
    for _ in range(2):
        assert requests.get(nginx.url + path, timeout=20).content == data
