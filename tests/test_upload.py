"""POST /images."""

import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from tests import hostile_pictures as hostile
from tests.board import API, Board, Objects, assert_error, form_file, ids, image_of
from tests.pictures import IMAGES, MIME_TYPES, animation, padded, picture, turned_jpeg


def assert_nothing_left(board: Board, objects: Objects) -> None:
    assert board.search()["total"] == 0
    assert board.tags()["total"] == 0
    assert objects.keys() == set()


def test_a_new_image_is_answered_with_its_record_and_its_place(board: Board) -> None:
    data = (IMAGES / "cat.jpg").read_bytes()
    before = time.time()
    response = board.upload(data, tags="staring,cat", filename="cat.jpg", declared="image/jpeg")
    image = image_of(response)
    sha256 = hashlib.sha256(data).hexdigest()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/images/{image['id']}"
    moment = datetime.strptime(image["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
    assert before - 0.001 <= moment <= time.time()
    assert image == {
        "id": image["id"],
        "hash": sha256,
        "filename": "cat.jpg",
        "mime_type": "image/jpeg",
        "size_bytes": len(data),
        "width": 451,
        "height": 300,
        "storage_key": sha256,
        "created_at": image["created_at"],
        "tags": ["cat", "staring"],
        "duplicate": False,
    }


@pytest.mark.both_stores
def test_an_uploaded_image_can_be_fetched_where_location_says(board: Board, client: FlaskClient) -> None:
    response = board.upload(tags="cat")
    image = image_of(response)
    del image["duplicate"]
    assert client.get(response.headers["Location"]).get_json() == image


@pytest.mark.both_stores
def test_the_bytes_are_stored_under_their_hash(board: Board, objects: Objects) -> None:
    data = picture()
    board.added(data=data)
    assert objects.keys() == {hashlib.sha256(data).hexdigest()}


def test_the_id_is_a_uuid7_whose_timestamp_is_created_at(board: Board) -> None:
    image = board.added()
    identifier = UUID(image["id"])
    assert identifier.version == 7
    milliseconds = identifier.int >> 80
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert image["created_at"] == moment


def test_ids_increase_within_a_process(board: Board) -> None:
    uploaded = [board.added()["id"] for _ in range(20)]
    assert uploaded == sorted(uploaded)


@pytest.mark.parametrize("kind", MIME_TYPES)
@pytest.mark.both_stores
def test_all_four_types_are_accepted(board: Board, kind: str) -> None:
    image = board.added(data=picture(kind, 31, 17), declared=MIME_TYPES[kind])
    assert (image["mime_type"], image["width"], image["height"]) == (MIME_TYPES[kind], 31, 17)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_has_the_size_of_its_frame(board: Board, kind: str) -> None:
    image = board.added(data=animation(kind, frames=5, width=24, height=16))
    assert (image["width"], image["height"]) == (24, 16)


@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 20)), (3, (40, 20)), (6, (20, 40)), (8, (20, 40))])
def test_width_and_height_are_as_displayed(board: Board, orientation: int, size: tuple[int, int]) -> None:
    image = board.added(data=turned_jpeg(40, 20, orientation))
    assert (image["width"], image["height"]) == size


def test_a_multi_picture_jpeg_is_a_jpeg(board: Board) -> None:
    # As phones write them: an MPF marker in the first picture, the second one behind it.
    first, second = picture("jpg"), picture("jpg")
    marker = b"\xff\xe2" + (6 + 8).to_bytes(2) + b"MPF\0" + b"II*\0\x08\0\0\0"
    image = board.added(data=first[:2] + marker + first[2:] + second)
    assert image["mime_type"] == "image/jpeg"


@pytest.mark.parametrize(
    "declared",
    [
        *("image/png", "image/jpeg", "IMAGE/PNG", "image/jpg", "image/pjpeg", "image/x-png", "image/apng"),
        *("", "application/octet-stream", "binary/octet-stream", "image/*", "*/*"),
    ],
)
def test_the_bytes_decide_the_type_whatever_accepted_type_is_declared(board: Board, declared: str) -> None:
    assert board.added(data=picture("gif"), declared=declared)["mime_type"] == "image/gif"


@pytest.mark.parametrize("declared", ["text/html", "image/svg+xml", "image/tiff", "video/mp4"])
def test_another_declared_type_is_refused(board: Board, objects: Objects, declared: str) -> None:
    assert_error(board.upload(declared=declared, tags="new"), 422, "invalid_mime_type", about=declared)
    assert_nothing_left(board, objects)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        picture("tiff"),
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>",
        b"%PDF-1.4",
        picture("png")[:20],
        b"P6 1 1 255 abc",
        picture("gif").replace(b"GIF89a", b"GIF88a"),
        hostile.gif_that_says(0, 0),
        hostile.gif_that_says(0, 5),
    ],
    ids=[
        "nothing",
        "text",
        "tiff",
        "svg",
        "pdf",
        "truncated header",
        "ppm",
        "GIF of another version",
        "GIF of no size",
        "GIF of no width",
    ],
)
@pytest.mark.both_stores
def test_what_is_not_one_of_the_four_is_refused(board: Board, objects: Objects, data: bytes) -> None:
    assert_error(board.upload(data, tags="new"), 422, "invalid_mime_type")
    assert_nothing_left(board, objects)


def test_the_largest_file_is_accepted(board: Board, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_UPLOAD_BYTES", 5000)
    assert board.added(data=padded(5000))["size_bytes"] == 5000


def test_one_byte_more_is_too_large(
    board: Board, app: Flask, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_UPLOAD_BYTES", 5000)
    assert_error(board.upload(padded(5001), tags="new"), 422, "file_too_large", about="0.005 MB")
    assert_nothing_left(board, objects)


@pytest.mark.slow
def test_fifty_mebibytes_are_the_default_bound(board: Board) -> None:
    assert board.added(data=padded(52_428_800))["size_bytes"] == 52_428_800
    assert_error(board.upload(padded(52_428_801)), 422, "file_too_large")


def test_a_picture_of_too_many_pixels_is_too_large(board: Board, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_PIXELS", 1200)
    assert board.added(data=picture(width=40, height=30))
    assert_error(board.upload(picture(width=41, height=30)), 422, "file_too_large", about="0.0012 megapixels")


@pytest.mark.both_stores
def test_the_same_bytes_are_answered_with_the_record_unchanged(board: Board, objects: Objects) -> None:
    data = picture()
    first = board.added(data=data, tags="cat", filename="first.png")
    response = board.upload(data, tags="dog", filename="second.png")
    assert response.status_code == 200
    assert "Location" not in response.headers
    assert image_of(response) == {**first, "duplicate": True}
    assert board.tag_counts() == {"cat": 1}
    assert board.search()["total"] == 1
    assert len(objects.keys()) == 1


@pytest.mark.both_stores
def test_the_same_bytes_at_once_give_one_new_image(app: Flask, objects: Objects) -> None:
    data = picture()
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda _: Board(app.test_client()).upload(data, tags="cat"), range(6)))
    assert sorted(response.status_code for response in responses) == [200] * 5 + [201]
    assert len(set(ids(map(image_of, responses)))) == 1
    assert len(objects.keys()) == 1
    assert Board(app.test_client()).tag_counts() == {"cat": 1}


@pytest.mark.parametrize(
    ("given", "tags"),
    [
        (None, []),
        ("", []),
        (" , ,", []),
        ("cat", ["cat"]),
        (" Cat ,FUNNY", ["cat", "funny"]),
        ("b,a,,b,B", ["a", "b"]),
        ("a-b,a_b,0", ["0", "a-b", "a_b"]),
        ("x" * 64, ["x" * 64]),
    ],
)
def test_tags_are_trimmed_lower_cased_sorted_and_distinct(board: Board, given: str | None, tags: list[str]) -> None:
    assert board.added(tags=given)["tags"] == tags


@pytest.mark.parametrize("tags", ["x" * 65, "two words", "cat,ünï", "a!", "cat\n,b c", "ａ", "\0"])
def test_an_invalid_tag_leaves_nothing_behind(board: Board, objects: Objects, tags: str) -> None:
    assert_error(board.upload(tags=tags), 422, "invalid_tag")
    assert_nothing_left(board, objects)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cat.jpg", "cat.jpg"),
        ("/etc/passwd", "passwd"),
        ("C:\\\\Users\\\\me\\\\cat.jpg", "cat.jpg"),  # as a form escapes it
        ("../../cat.jpg", "cat.jpg"),
        ("猫の写真.png", "猫の写真.png"),
        ("a\tb\x7fc.png", "abc.png"),
        ("cat\u202egpj.exe", "catgpj.exe"),
        ("..", "image.png"),
        ("   ", "image.png"),
        ("photos/", "image.png"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("x" * 300, "x" * 255),
    ],
)
def test_the_filename_is_a_clean_base_name(board: Board, given: str, kept: str) -> None:
    assert board.added(filename=given)["filename"] == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        # As browsers and curl send them: only quotes are escaped.
        (rb"C:\Users\me\my pic.png", "my pic.png"),
        (rb"\\server\share\my pic.png", "my pic.png"),
        (rb"a\b %22q%22.png", 'b "q".png'),
        (rb"..\..\new.png", "new.png"),
        (b"a\\b.png\\", "image.png"),  # ends in a separator, as a folder does
        # As curl before 7.81 sends them.
        (rb"a\\b \"q\".png", 'b "q".png'),
        # In the encodings of Windows: Western, Japanese (with a second byte of a backslash), Cyrillic.
        (b"caf\xe9.png", "caf\ufffd.png"),
        (b"\x95\x5c.png", "\ufffd.png"),
        (b"\xea\xee\xf2.png", "\ufffd\ufffd\ufffd.png"),
        ("👨\u200d👩\u200d👧.png".encode(), "👨\u200d👩\u200d👧.png"),
        ("🏴\U000e0067\U000e0062\U000e007f.png".encode(), "🏴\U000e0067\U000e0062\U000e007f.png"),
        ("می\u200cخواهم.png".encode(), "می\u200cخواهم.png"),
        ("a\u2067b\u061c\u2028c.png".encode(), "abc.png"),
    ],
)
def test_a_filename_is_read_as_clients_send_it(board: Board, sent: bytes, kept: str) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + sent + b'"\r\n\r\n'
    body = head + picture() + b"\r\n--b--\r\n"
    response = board.client.post(f"{API}/images", data=body, content_type="multipart/form-data; boundary=b")
    assert (response.status_code, image_of(response).get("filename")) == (201, kept)


def test_two_files_are_refused(board: Board, objects: Objects) -> None:
    response = board.post_form({"file": [form_file(picture()), form_file(picture())]})
    assert_error(response, 422, "validation_error", about="file")
    assert_nothing_left(board, objects)


@pytest.mark.parametrize("form", [{"tags": "cat"}, {"file": "not a file"}])
def test_a_form_without_a_file_is_refused(board: Board, form: dict[str, str]) -> None:
    assert_error(board.post_form(form), 422, "validation_error", about="file")


def test_an_unknown_form_field_is_refused(board: Board) -> None:
    form = {"file": form_file(picture()), "tag": "cat"}
    assert_error(board.post_form(form), 422, "validation_error", about="tag: ")


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "application/x-www-form-urlencoded", None])
def test_another_kind_of_body_is_unsupported(client: FlaskClient, content_type: str | None) -> None:
    response = client.post(f"{API}/images", data=picture(), content_type=content_type)
    assert_error(response, 415, "unsupported_media_type")


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", PART + b"x\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", PART + b"no end"),
        ("multipart/form-data; boundary=b", b"nothing of a form"),
        ("multipart/form-data; boundary=b", b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
    ],
    ids=["no boundary", "no end", "no part", "no disposition"],
)
def test_a_broken_form_is_a_bad_request(board: Board, objects: Objects, content_type: str, body: bytes) -> None:
    response = board.client.post(f"{API}/images", data=body, content_type=content_type)
    assert_error(response, 400, "bad_request")
    assert_nothing_left(board, objects)


def test_fields_beside_the_file_are_bounded(board: Board) -> None:
    form = {"file": form_file(picture()), "tags": "a," * 400_000}
    assert_error(board.post_form(form), 413, "payload_too_large")


@pytest.mark.parametrize(
    "change", ["hash = '\\x00'", "filename = ''", "mime_type = 'text/html'", "width = 0", "size_bytes = 0"]
)
def test_the_database_refuses_what_the_application_would_never_write(board: Board, engine: Engine, change: str) -> None:
    board.added()
    with engine.connect() as connection, pytest.raises(Exception, match=re.escape("violates check constraint")):
        connection.execute(text(f"UPDATE images SET {change}"))
