"""The envelope of every error, the auth provider, and the health of the service."""

import inspect
import re
from collections.abc import Callable, Iterator

import gunicorn.workers.base
import pytest
import sqlalchemy.exc
from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.exceptions import default_exceptions

from reaction_board import errors
from reaction_board.database import queries
from reaction_board.database.engine import make_engine
from reaction_board.errors import BoardError, StorageError
from reaction_board.http import auth
from reaction_board.local.processes import free_port
from tests.board import API, Board, Objects, assert_error
from tests.pictures import picture
from tests.proxy import Proxy, in_between


@pytest.fixture
def through_proxy(
    another: Callable[..., Flask], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Board, Proxy]]:
    """An empty board, and the proxy before its store."""
    with in_between(environment) as (_, store, variables):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", variables["AWS_ENDPOINT_URL_S3"])
        yield Board(another().test_client()), store


def test_health_is_ok(client: FlaskClient) -> None:
    response = client.get(f"{API}/health")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/i", "/api", "/api/v1", "/api/v1/", "/api/v1/images/", "/nope", "/%00"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_route_is_not_found(client: FlaskClient, path: str, method: str) -> None:
    assert_error(client.open(path, method=method), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/images", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/images/01890000-0000-7000-8000-000000000000", {"GET", "HEAD", "OPTIONS", "DELETE"}),
        ("/images/01890000-0000-7000-8000-000000000000/file", {"GET", "HEAD", "OPTIONS"}),
        ("/images/01890000-0000-7000-8000-000000000000/tags", {"OPTIONS", "PATCH"}),
        ("/tags", {"GET", "HEAD", "OPTIONS"}),
        ("/health", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_another_method_is_answered_with_those_allowed(client: FlaskClient, path: str, allowed: set[str]) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
        if method not in allowed:
            response = client.open(f"{API}{path}", method=method)
            assert_error(response, 405, "method_not_allowed")
            assert set(response.headers["Allow"].split(", ")) == allowed


def test_every_status_of_werkzeug_has_a_code_that_python_does_not_choose() -> None:
    codes = {status: errors.code_of(status) for status in default_exceptions}
    assert len(set(codes.values())) == len(codes)
    assert (codes[414], codes[500]) == ("uri_too_long", "internal_error")
    assert {codes[status] for status in (413, 416, 422)} == {  # Python 3.13 renamed these
        *("payload_too_large", "range_not_satisfiable", "unprocessable_content")
    }


def test_every_status_of_gunicorn_has_a_code() -> None:
    # gunicorn has no list of them. It assigns each where it answers a request that never reaches the application.
    statuses = {int(status) for status in re.findall(r"status_int = (\d{3})", inspect.getsource(gunicorn.workers.base))}
    assert statuses >= {400, 403, 414, 431, 500}
    assert all(errors.code_of(status) for status in statuses)


def test_an_internal_error_reveals_nothing_and_is_logged_with_its_cause(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def put(*args: object) -> None:
        raise RuntimeError("secret of /etc")

    monkeypatch.setattr(app.extensions["storage"], "put", put)
    response = board.upload()
    assert_error(response, 500, "internal_error")
    assert "RuntimeError: secret of /etc" in caplog.text
    assert len(caplog.records) == 1
    assert "Traceback" in caplog.text
    assert response.headers["X-Request-ID"] in caplog.text
    assert board.search()["total"] == 0


def test_a_failing_store_is_a_storage_error_and_logged_with_its_cause(
    app: Flask, board: Board, objects: Objects, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    image = board.added()

    def fail(*args: object) -> None:
        raise StorageError from OSError("the disk of the store is full")

    monkeypatch.setattr(app.extensions["storage"], "put", fail)
    monkeypatch.setattr(app.extensions["storage"], "get", fail)
    assert_error(board.upload(tags="new"), 500, "storage_error")
    assert_error(board.file(image), 500, "storage_error")
    assert "the disk of the store is full" in caplog.text
    assert board.search()["total"] == 1
    assert board.tags()["total"] == 0


@pytest.mark.both_stores
def test_a_store_that_refuses_connections_is_a_storage_error(
    another: Callable[..., Flask], board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = board.added()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    board = Board(another().test_client())
    assert_error(board.file(image), 500, "storage_error")
    assert_error(board.upload(tags="new"), 500, "storage_error")
    assert board.search()["total"] == 1
    assert board.delete(image["id"]).status_code == 204
    assert board.search()["total"] == 0
    assert board.tags()["total"] == 0


BROKEN_ANSWERS = {
    "closes before the first byte": (b"Content-Length: {0}\r\n\r\n", "IncompleteReadError"),
    "closes after a byte": (b"Content-Length: {0}\r\n\r\nx", "IncompleteReadError"),
    "gives no length": (b"\r\n", "has None bytes instead of"),
    "breaks off in chunks": (b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", "has None bytes instead of"),
    "gives a length that is no number": (b"Content-Length: many\r\n\r\n", "ValueError"),
}


@pytest.mark.parametrize(("answer", "cause"), BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
def test_a_store_that_answers_200_and_has_no_bytes_is_a_storage_error_and_logged_as_what_it_is(
    through_proxy: tuple[Board, Proxy], caplog: pytest.LogCaptureFixture, answer: bytes, cause: str
) -> None:
    board, store = through_proxy
    image = board.added()
    for fields, size in (({}, image["size_bytes"]), ({"Range": "bytes=0-9"}, 10)):
        caplog.clear()
        store.answer = b"HTTP/1.1 200 OK\r\n" + answer.replace(b"{0}", b"%d" % size)
        assert_error(board.file(image, **fields), 500, "storage_error")
        assert cause in caplog.text


@pytest.mark.parametrize(
    ("body", "is_missing"),
    [
        (b"<Error><Code>NoSuchKey</Code></Error>", True),
        (b"<Error><Code>NoSuchVersion</Code></Error>", True),
        (b"<Error><Code>ObjectNotFound</Code></Error>", True),
        (b'{"error": "not found"}', True),
        (b"", True),
        (b"<Error><Code>NoSuchBucket</Code></Error>", False),
    ],
)
def test_any_404_of_the_store_is_a_missing_object_unless_the_bucket_is_missing(
    through_proxy: tuple[Board, Proxy], body: bytes, is_missing: bool
) -> None:
    board, store = through_proxy
    path = f"/images/{board.added()['id']}/thumbnail"
    assert board.get(path).status_code == 200
    store.answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert_error(board.get(path), 500, "storage_error")
    store.answer, before = None, store.requests.count(b"PUT")
    assert board.get(path).status_code == 200
    assert store.requests.count(b"PUT") - before == is_missing  # a missing thumbnail is made again


def test_without_a_database_everything_but_health_is_unavailable(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = board.added()
    nowhere = make_engine(f"postgresql://board:secret@127.0.0.1:{free_port()}/postgres", pool_size=1, timeout=30)
    for name in ("engine", "transactional_engine"):
        monkeypatch.setitem(app.extensions, name, nowhere)
    for response in (
        board.get("/images"),
        board.get("/tags"),
        board.get(f"/images/{image['id']}"),
        board.file(image),
        board.upload(picture()),
        board.replace_tags(image["id"], ["a"]),
        board.delete(image["id"]),
    ):
        assert_error(response, 503, "service_unavailable")
        assert int(response.headers["Retry-After"]) > 0
    assert board.get("/health").status_code == 200


def test_the_provider_decides_before_anything_else(another: Callable[..., Flask]) -> None:
    class Closed(BoardError):
        status, code, detail = 401, "closed", "Closed."

    class Guard:
        def authorize(self, request: Request) -> None:
            if self.needs_token(request.method, request.endpoint):
                raise Closed

        def needs_token(self, method: str, endpoint: str | None) -> bool:
            return method != "GET"

    guarded = another()
    auth.init_app(guarded, Guard())
    board = Board(guarded.test_client())
    assert_error(board.upload(), 401, "closed")
    assert board.search()["total"] == 0


def test_version_1_lets_everyone_through(board: Board) -> None:
    assert board.upload().status_code == 201


def test_a_failed_constraint_is_an_internal_error(board: Board, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def violating(*args: object) -> None:
        raise sqlalchemy.exc.IntegrityError("INSERT INTO images", {}, Exception("duplicate key"))

    monkeypatch.setattr(queries.images, "add_image", violating)
    assert_error(board.upload(), 500, "internal_error")


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = {
        name: (int(status), code)
        for name, status, code in re.findall(r"(?m)^ +[├└]── (\w+) +(\d{3})  (\w+)$", errors.__doc__ or "")
    }
    classes = [each for each in BoardError.__subclasses__() if each.__module__ == errors.__name__]
    assert drawn == {each.__name__: (each.status, each.code) for each in classes}
    assert list(drawn) == [each.__name__ for each in classes]  # in the same order
    assert {each.__base__ for each in classes} == {BoardError}
    assert all(each.__subclasses__() == [] for each in classes)
