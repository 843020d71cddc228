"""Interrupted deletes: the image is gone at once, and its bytes are deleted later."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from reaction_board.errors import StorageError
from reaction_board.service import consistency, pending_deletes
from reaction_board.storage import MARKER
from tests.board import Board, Objects, assert_error, ids
from tests.check import check, kinds
from tests.concurrency import Counted
from tests.pictures import picture
from tests.servers import Gunicorn, eventually

# Deletes an image as a worker does, and is killed before or after a step.
KILLED = """if True:
    import os, sys
    from uuid import UUID
    from reaction_board import create_app
    from reaction_board.database import queries
    from reaction_board.database.engine import begin
    from reaction_board.service import images
    from reaction_board.storage import S3Storage
    module, name, when = {
        "queries": queries.pending_deletes, "images": queries.images, "store": S3Storage
    }[sys.argv[2]], sys.argv[3], sys.argv[4]
    step = getattr(module, name)
    def killed(*arguments, **options):
        if when == "after":
            step(*arguments, **options)
        os.kill(os.getpid(), 9)
    setattr(module, name, killed)
    with create_app().app_context():
        images.delete_image(UUID(sys.argv[1]))
"""
# Before and after the record is gone for everyone.
BEFORE = [
    ("images", "delete_image", "before"),
    ("images", "delete_image", "after"),
    ("queries", "add_pending_delete", "after"),
]
AFTER = [
    ("queries", "oldest_pending_deletes", "before"),
    ("queries", "remove_pending_delete", "before"),
    ("store", "delete", "before"),
    ("store", "delete", "after"),
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `check` report pending deletes at once."""
    monkeypatch.setattr(consistency, "PENDING_SECONDS", 0)


def delete_and_be_killed(image: dict[str, Any], where: tuple[str, str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, image["id"], *where], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("where", BEFORE, ids=" ".join)
def test_a_delete_that_is_killed_before_its_commit_has_not_happened(
    app: Flask, board: Board, where: tuple[str, str, str]
) -> None:
    data = picture()
    image = board.added(data=data, tags="cat")
    delete_and_be_killed(image, where)
    assert board.file(image).data == data
    assert board.search(tags="cat")["total"] == 1
    assert check(app, "--deep") == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("where", AFTER, ids=" ".join)
def test_a_delete_that_is_killed_after_its_commit_is_finished_by_the_next_upload(
    app: Flask, board: Board, objects: Objects, where: tuple[str, str, str]
) -> None:
    image = board.added(tags="cat")
    board.get(f"/images/{image['id']}/thumbnail")
    delete_and_be_killed(image, where)
    assert_error(board.file(image), 404, "image_not_found")
    assert board.search(tags="cat")["total"] == 0
    assert kinds(check(app)[1]) == [("pending delete", image["hash"], False)]
    other = board.added()
    assert objects.keys() == {other["hash"]}
    assert check(app, "--deep") == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("where", AFTER, ids=" ".join)
def test_the_same_bytes_can_be_uploaded_again_meanwhile(
    app: Flask, board: Board, objects: Objects, where: tuple[str, str, str]
) -> None:
    data = picture()
    image = board.added(data=data)
    board.get(f"/images/{image['id']}/thumbnail")
    delete_and_be_killed(image, where)
    again = board.added(data=data)
    assert again["id"] != image["id"]
    assert board.file(again).data == data
    assert objects.keys() == {again["hash"]}
    assert board.get(f"/images/{again['id']}/thumbnail").status_code == 200
    assert check(app, "--deep") == (0, [])


class FailingStore:
    """A store that fails only for deletes, of all objects or some."""

    def __init__(self, store: Any, *keys: str) -> None:
        self._store, self._keys = store, keys

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def delete(self, key: str) -> None:
        if not self._keys or key in self._keys:
            raise StorageError from OSError("the store is down")
        self._store.delete(key)


@pytest.fixture
def unfinished(app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Images that were deleted while the store failed."""
    images = [board.added() for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setitem(app.extensions, "storage", FailingStore(app.extensions["storage"]))
        for image in images:
            assert board.delete(image["id"]).status_code == 204
            assert_error(board.get(f"/images/{image['id']}"), 404, "image_not_found")
    return images


@pytest.mark.both_stores
def test_a_store_that_fails_does_not_fail_the_delete(
    app: Flask, board: Board, objects: Objects, unfinished: list[dict[str, Any]]
) -> None:
    assert objects.keys() == {image["hash"] for image in unfinished}
    assert check(app)[0] == 1
    image = board.added()
    board.delete(image["id"])
    assert objects.keys() == set()
    assert check(app) == (0, [])


def test_many_deletes_do_not_wait_for_a_store_that_fails_each_time(
    app: Flask, board: Board, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ids([board.added() for _ in range(5)])
    with monkeypatch.context() as patch:
        store = FailingStore(app.extensions["storage"])
        attempts = Counted(store.delete)
        patch.setattr(store, "delete", attempts)
        patch.setitem(app.extensions, "storage", store)
        assert board.delete_many(images).get_json() == {"deleted": images, "missing": []}
        assert attempts.calls == pending_deletes.MAX_FAILURES
    assert board.search()["total"] == 0
    board.added()
    assert len(objects.keys()) == 1
    assert check(app) == (0, [])


def test_many_deletes_do_not_wait_for_a_slow_store(
    app: Flask, board: Board, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ids([board.added() for _ in range(5)])
    with monkeypatch.context() as patch:
        patch.setattr(pending_deletes, "MAX_SECONDS", 0)
        assert board.delete_many(images).get_json() == {"deleted": images, "missing": []}
        assert len(objects.keys()) == 4
    board.added()
    assert len(objects.keys()) == 1
    assert check(app) == (0, [])


def test_a_request_finishes_a_limited_number_of_old_deletes(
    board: Board, objects: Objects, unfinished: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_deletes, "MAX_AT_ONCE", 2)
    image = board.added()
    assert objects.keys() == {unfinished[2]["hash"], image["hash"]}


def test_an_object_that_cannot_be_deleted_does_not_hold_up_others(
    app: Flask, board: Board, objects: Objects, unfinished: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    retained = unfinished[0]["hash"]
    monkeypatch.setitem(app.extensions, "storage", FailingStore(app.extensions["storage"], retained))
    monkeypatch.setattr(pending_deletes, "MAX_AT_ONCE", 1)
    for _ in range(3):
        image = board.added()
        assert board.delete(image["id"]).status_code == 204
        assert image["hash"] not in objects.keys()  # noqa: SIM118 - it is no mapping
    assert objects.keys() == {retained}
    status, findings = check(app, "--repair")
    assert (status, kinds(findings)) == (1, [("pending delete", retained, False)])


def test_repair_finishes_deletes(app: Flask, objects: Objects, unfinished: list[dict[str, Any]]) -> None:
    status, findings = check(app, "--repair")
    assert status == 1
    assert kinds(findings) == [("pending delete", image["hash"], True) for image in unfinished]
    assert objects.keys() == set()
    assert check(app) == (0, [])


@pytest.mark.slow
def test_a_worker_that_starts_finishes_deletes(
    app: Flask, environment: dict[str, str], objects: Objects, unfinished: list[dict[str, Any]]
) -> None:
    with Gunicorn.running(environment):
        assert eventually(lambda: objects.keys() == set())


@pytest.mark.both_stores
def test_a_duplicate_whose_bytes_are_lost_is_stored_again(board: Board, objects: Objects, app: Flask) -> None:
    data = picture()
    image = board.added(data=data, tags="cat", filename="first.png")
    for lose in (objects.delete, partial(objects.put, data=b"short")):
        lose(image["hash"])
        response = board.upload(data=data, tags="dog", filename="second.png")
        assert (response.status_code, response.get_json()) == (200, {**image, "duplicate": True})
        assert board.file(image).data == data
    assert check(app, "--deep") == (0, [])


@pytest.mark.both_stores
class TestBuckets:
    """The marker of a bucket, which says whose it is."""

    def test_the_first_upload_claims_it(self, app: Flask, board: Board, objects: Objects) -> None:
        objects.delete(MARKER)
        app.extensions.pop("bucket_claimed", None)
        board.added()
        assert check(app, "--repair") == (0, [])

    def test_a_board_stores_and_deletes_nothing_in_the_bucket_of_another(
        self, another: Callable[..., Flask], board: Board, objects: Objects
    ) -> None:
        data = picture()
        image = board.added(data=data)
        ours = objects.client.get_object(Bucket=objects.bucket, Key=MARKER)["Body"].read()
        objects.put(MARKER, b"01234567-89ab-cdef-0123-456789abcdef")
        try:
            stranger = Board(another().test_client())
            assert_error(stranger.upload(), 500, "storage_error")
            assert stranger.delete(image["id"]).status_code == 204
        finally:
            objects.put(MARKER, ours)
        assert objects.keys() == {image["hash"]}

    @pytest.fixture
    def orphan(self, app: Flask, board: Board, objects: Objects) -> str:
        for _ in range(11):
            board.added()
        image = board.added()
        data = board.file(image).data
        board.delete(image["id"])
        objects.put(image["hash"], data)
        return str(image["hash"])

    @pytest.mark.parametrize("marker", [None, b"01234567-89ab-cdef-0123-456789abcdef"], ids=["none", "another board's"])
    def test_repair_deletes_nothing_in_a_bucket_that_is_not_the_boards(
        self, app: Flask, board: Board, objects: Objects, orphan: str, marker: bytes | None
    ) -> None:
        ours = objects.client.get_object(Bucket=objects.bucket, Key=MARKER)["Body"].read()
        objects.delete(MARKER)
        if marker:
            objects.put(MARKER, marker)
        try:
            result = app.test_cli_runner().invoke(args=["check", "--repair", "--force"])
        finally:
            objects.put(MARKER, ours)
        assert result.exit_code == 2
        assert "belongs to" in result.stderr
        assert orphan in objects.keys()  # noqa: SIM118 - it is no mapping

    def test_repair_asks_for_force_if_it_would_delete_more_than_a_tenth(
        self, app: Flask, board: Board, objects: Objects, orphan: str
    ) -> None:
        assert kinds(check(app)[1]) == [("object without record", orphan, False)]
        for image in board.search()["items"][:3]:
            objects.delete(image["hash"])
            board.delete(image["id"])
        result = app.test_cli_runner().invoke(args=["check", "--repair"])
        assert result.exit_code == 2
        assert "--force" in result.stderr
        assert orphan in objects.keys()  # noqa: SIM118 - it is no mapping
        assert kinds(check(app, "--repair", "--force")[1]) == [("object without record", orphan, True)]
        assert check(app) == (0, [])
