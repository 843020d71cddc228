"""`flask --app wsgi check`: whether database and bucket agree."""

import hashlib
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.board import Board, Objects
from tests.check import check, kinds
from tests.pictures import picture

pytestmark = pytest.mark.both_stores


@pytest.fixture
def images(board: Board) -> list[dict[str, Any]]:
    return [board.added(tags=tags) for tags in ("a,b", "b,c", "", "c")]


def test_a_consistent_board_has_no_findings(app: Flask, images: list[dict[str, Any]]) -> None:
    for options in ([], ["--deep"], ["--repair"], ["--deep", "--repair"]):
        assert check(app, *options) == (0, [])


@pytest.mark.parametrize("options", [[], ["--deep"], ["--repair"]])
def test_the_command_says_that_all_is_well(app: Flask, board: Board, options: list[str]) -> None:
    for said in ("0 images", "1 image", "2 images"):
        result = app.test_cli_runner().invoke(args=["check", *options])
        assert (result.exit_code, result.stdout) == (0, f"{said} checked: no problems.\n")
        board.added()


def test_an_empty_board_is_consistent(app: Flask) -> None:
    assert check(app, "--deep") == (0, [])


def test_a_record_without_an_object_is_reported_and_never_deleted(
    app: Flask, board: Board, objects: Objects, images: list[dict[str, Any]]
) -> None:
    objects.delete(images[1]["hash"])
    for options in ([], ["--deep"], ["--repair"]):
        status, findings = check(app, *options)
        assert status == 1
        assert kinds(findings) == [("record without object", images[1]["id"], False)]
    assert board.search()["total"] == 4


def test_an_object_without_a_record_is_reported_and_deleted_by_repair(
    app: Flask, objects: Objects, images: list[dict[str, Any]]
) -> None:
    orphan = hashlib.sha256(b"orphan").hexdigest()
    objects.put(orphan, b"orphan")
    for options in ([], ["--deep"]):
        status, findings = check(app, *options)
        assert (status, kinds(findings)) == (1, [("object without record", orphan, False)])
    assert objects.keys() >= {orphan}
    assert kinds(check(app, "--repair", "--force")[1]) == [("object without record", orphan, True)]
    assert objects.keys() == {image["hash"] for image in images}
    assert check(app) == (0, [])


def test_objects_of_others_are_reported_and_never_deleted(
    app: Flask, objects: Objects, images: list[dict[str, Any]]
) -> None:
    objects.put("backup.sql", b"SELECT 1")
    status, findings = check(app, "--repair")
    assert (status, kinds(findings)) == (1, [("foreign object", "backup.sql", False)])
    assert objects.keys() >= {"backup.sql"}


def test_repair_looks_again_before_it_deletes(
    app: Flask, board: Board, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The listing of the bucket is stale: when the object is checked, a record names it.
    image = board.added()
    monkeypatch.setattr("reaction_board.database.queries.records.all_records", lambda connection: iter(()))
    assert check(app, "--repair", "--force") == (0, [])
    assert check(app) == (0, [])
    assert objects.keys() == {image["hash"]}


def test_damaged_bytes_are_found(app: Flask, objects: Objects, images: list[dict[str, Any]]) -> None:
    short, other = sorted(images, key=lambda image: str(image["hash"]))[:2]
    objects.put(short["hash"], b"short")
    objects.put(other["hash"], bytes(other["size_bytes"]))
    assert kinds(check(app)[1]) == [("damaged object", short["hash"], False)]
    assert kinds(check(app, "--deep")[1]) == [
        ("damaged object", short["hash"], False),
        ("damaged object", other["hash"], False),
    ]


def test_wrong_counts_are_reported_and_corrected_by_repair(
    app: Flask, board: Board, engine: Engine, images: list[dict[str, Any]]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE tags SET image_count = 7 WHERE name = 'b'"))
        connection.execute(text("UPDATE totals SET images = 9, tags = 1"))
    expected = [("wrong tag count", "b"), ("wrong total", "images"), ("wrong total", "tags")]
    assert kinds(check(app)[1]) == [(*finding, False) for finding in expected]
    assert [finding[:2] for finding in kinds(check(app, "--repair")[1])] == expected
    assert check(app) == (0, [])
    assert board.tag_counts() == {"a": 1, "b": 2, "c": 2}
    assert board.search()["total"] == 4


def test_tag_names_that_differ_from_the_lists_are_reported(
    app: Flask, engine: Engine, images: list[dict[str, Any]]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE images SET tags = '{a}' WHERE tags = '{a,b}'"))
    status, findings = check(app)
    assert (status, kinds(findings)) == (1, [("wrong tag names", images[0]["id"], False)])


def test_findings_can_be_printed_as_text(app: Flask, board: Board, objects: Objects) -> None:
    image = board.added(data=picture())
    objects.delete(image["hash"])
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.stdout == f"record without object: {image['id']}: no object {image['hash']}\n"


def test_an_unavailable_store_is_neither_clean_nor_a_finding(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.added()
    monkeypatch.setattr(app.extensions["storage"], "_bucket", "there-is-no-such-bucket")
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code == 2
    assert "could not be checked" in result.stderr
