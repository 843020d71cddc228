"""Races: the guarantees hold for concurrent requests in any order."""

import hashlib
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from reaction_board.service import consistency
from reaction_board.service.consistency import Finding
from tests.board import Board, Objects, RemoteBoard, ids, image_of
from tests.check import check
from tests.concurrency import together
from tests.pictures import picture
from tests.servers import PATIENCE, Gunicorn

CLIENTS = 16
# `make soak` hammers for longer.
SECONDS = float(os.environ.get("SOAK_SECONDS", "3"))


@pytest.fixture
def at_once(app: Flask) -> Iterator[Callable[..., list[Any]]]:
    """A function that runs an action for several clients at the same moment, and returns their answers."""
    with ThreadPoolExecutor(CLIENTS) as pool:

        def run(act: Callable[[Board, int], Any], clients: int = CLIENTS) -> list[Any]:
            return list(pool.map(lambda n: act(Board(app.test_client()), n), range(clients)))

        yield run


@pytest.mark.both_stores
def test_the_same_new_file_from_16_clients_is_stored_once(
    app: Flask, at_once: Callable[..., list[Any]], objects: Objects
) -> None:
    for _ in range(3):
        data = picture("png", 300, 300)
        responses = at_once(lambda board, n, data=data: board.upload(data, tags="cat"))
        assert sorted(response.status_code for response in responses) == [200] * 15 + [201]
        assert len(set(ids(map(image_of, responses)))) == 1
    assert len(objects.keys()) == 3
    assert check(app, "--deep") == (0, [])


def test_the_same_new_file_is_stored_once_by_several_workers(gunicorn: Gunicorn, objects: Objects) -> None:
    board = RemoteBoard(gunicorn.url)
    for _ in range(3):
        data = picture("png", 300, 300)
        answers = together(*[lambda data=data: board.upload(data)] * CLIENTS)
        assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(objects.keys()) == 3


def test_the_same_new_tags_in_different_orders_do_not_deadlock(
    app: Flask, at_once: Callable[..., list[Any]], board: Board
) -> None:
    names = [f"tag-{n}" for n in range(12)]

    def upload(board: Board, n: int) -> int:
        shuffled = random.Random(n).sample(names, len(names))
        return board.upload(tags=",".join(shuffled)).status_code

    assert at_once(upload) == [201] * CLIENTS
    assert board.tag_counts() == dict.fromkeys(names, CLIENTS)
    assert check(app) == (0, [])


def test_replacing_tags_from_8_clients_leaves_one_of_the_sets(
    app: Flask, at_once: Callable[..., list[Any]], board: Board
) -> None:
    image = board.added()
    sets = [sorted({f"own-{n}", f"pair-{n // 2}", "all"}) for n in range(8)]

    def replace(board: Board, n: int) -> set[int]:
        return {board.replace_tags(image["id"], sets[(n + step) % 8]).status_code for step in range(10)}

    assert at_once(replace, 8) == [{200}] * 8
    assert board.get(f"/images/{image['id']}").get_json()["tags"] in sets
    assert check(app) == (0, [])


@pytest.mark.both_stores
@pytest.mark.soak
def test_uploads_deletes_and_reads_of_the_same_bytes_lose_nothing(
    app: Flask, at_once: Callable[..., list[Any]], board: Board
) -> None:
    contents = [picture("png", 100, 100) for _ in range(3)]
    hashes = {hashlib.sha256(data).hexdigest(): data for data in contents}
    end = time.monotonic() + SECONDS
    seen: list[tuple[str, int]] = []
    must_be_seen = {("upload", 201), ("delete", 204), ("patch", 200), ("read", 200)}
    findings: list[Finding] = []

    def goes_on() -> bool:
        """Return whether to continue: on a busy machine, until everything has happened once."""
        now = time.monotonic()
        return now < end or (now < end + PATIENCE and not set(seen) >= must_be_seen)

    def hammer(board: Board, n: int) -> None:
        chance = random.Random(n)
        for step in itertools.count():
            if not goes_on():
                return
            if n == 3:  # one client runs the check, which must not delete objects that are being uploaded
                with app.app_context():
                    findings.extend(consistency.findings(repair=True, force=True))
                continue
            if n % 4 == 0:
                response = board.upload(chance.choice(contents), tags=f"t{step % 3},all")
                seen.append(("upload", response.status_code))
                continue
            found = board.search()["items"]
            if not found:
                continue
            image = chance.choice(found)
            if n % 4 == 1:
                seen.append(("delete", board.delete(image["id"]).status_code))
            elif n % 4 == 2:
                seen.append(("patch", board.replace_tags(image["id"], [f"t{step % 5}", "b"]).status_code))
            else:
                file = board.file(image)
                seen.append(("read", file.status_code))
                assert file.status_code == 404 or file.data == hashes[image["hash"]]

    at_once(hammer)
    allowed = {("upload", 200), ("upload", 201), ("delete", 204), ("delete", 404), ("patch", 200), ("patch", 404)}
    allowed |= {("read", 200), ("read", 404)}
    assert set(seen) <= allowed
    assert set(seen) >= must_be_seen
    assert findings == []
    for image in board.search()["items"]:
        assert board.file(image).data == hashes[image["hash"]]
    assert check(app, "--deep") == (0, [])


@pytest.mark.slow
def test_concurrent_changes_of_many_tags_do_not_lock_each_other_out(
    app: Flask, board: Board, at_once: Callable[..., list[Any]]
) -> None:
    images = [board.added(tags="a,b")["id"] for _ in range(20)]

    def act(client: Board, n: int) -> set[int]:
        chance = random.Random(n)
        statuses: set[int] = set()
        end = time.monotonic() + SECONDS
        while not statuses or time.monotonic() < end:
            some, names = chance.sample(images, 10), chance.sample("abcdefgh", 4)
            answers = [client.change_tags(some, add=names[:2], remove=names[2:]), client.replace_tags(some[0], names)]
            statuses |= {answer.status_code for answer in answers}
        return statuses

    assert at_once(act) == [{200}] * CLIENTS
    assert check(app) == (0, [])
