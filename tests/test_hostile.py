"""Hostile and odd input: it causes no 500, forges nothing, leaves nothing behind and takes no memory."""

import io
import logging
import re
import struct
import subprocess
import sys
import zlib

import pytest
import pyvips
import requests
from flask import Flask
from flask.testing import FlaskClient

from tests.board import API, Board, Objects, assert_error, form_file, raw
from tests.pictures import animation, picture
from tests.servers import PATIENCE, Gunicorn


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG that declares a size, but has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def cmyk_jpeg() -> bytes:
    image = pyvips.Image.black(20, 10, bands=4).cast("uchar").copy(interpretation="cmyk")
    data: bytes = image.jpegsave_buffer()
    return data


ODD_BUT_GOOD = {
    "progressive JPEG": picture("jpg", 64, 64, interlace=True),
    "CMYK JPEG": cmyk_jpeg(),
    "grey PNG with transparency": (pyvips.Image.black(8, 8, bands=2).cast("uchar")).pngsave_buffer(),
    "interlaced PNG": picture("png", 64, 64, interlace=True),
    "16 bit PNG": pyvips.Image.black(8, 8, bands=3).cast("ushort").pngsave_buffer(),
    "animated WebP": animation("webp"),
    "lossless WebP": picture("webp", lossless=True),
    "JPEG without its second half": picture("jpg", 400, 400, Q=100)[:2000],
    "GIF that is a script, too": picture("gif") + b"<script>alert(1)</script>",
    "PNG with a zip behind it": picture("png") + b"PK\x03\x04",
}


@pytest.mark.parametrize("data", ODD_BUT_GOOD.values(), ids=ODD_BUT_GOOD)
def test_odd_pictures_are_accepted(board: Board, data: bytes) -> None:
    image = board.added(data=data)
    response = board.file(image)
    assert response.data == data
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


HOSTILE = {
    "a million by a million pixels": (huge_png(1_000_000, 1_000_000), {"file_too_large", "invalid_mime_type"}),
    "just over 200 megapixels": (huge_png(20_001, 10_000), {"file_too_large"}),
    "no width": (huge_png(0, 10), {"invalid_mime_type"}),
    "PNG signature alone": (b"\x89PNG\r\n\x1a\n", {"invalid_mime_type"}),
    "JPEG marker alone": (b"\xff\xd8\xff", {"invalid_mime_type"}),
    "GIF header alone": (b"GIF89a", {"invalid_mime_type"}),
    "RIFF that is a sound": (b"RIFF\x24\0\0\0WAVEfmt ", {"invalid_mime_type"}),
    "WebP cut in its header": (picture("webp")[:16], {"invalid_mime_type"}),
    "HTML": (b"<!doctype html><script>alert(1)</script>", {"invalid_mime_type"}),
    "SVG": (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>', {"invalid_mime_type"}),
    "libvips' own format": (b"\xb6\xa6\xf2\x08" + bytes(100), {"invalid_mime_type"}),
    "TIFF": (picture("tif"), {"invalid_mime_type"}),
}  # fmt: skip


@pytest.mark.parametrize(("data", "codes"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_and_leave_nothing(
    board: Board, objects: Objects, data: bytes, codes: set[str]
) -> None:
    response = board.upload(data, tags="new")
    assert_error(response, 422, response.get_json()["code"])
    assert response.get_json()["code"] in codes
    assert (board.search()["total"], board.tags()["total"], objects.keys()) == (0, 0, set())


def test_a_picture_of_200_megapixels_takes_no_memory(environment: dict[str, str]) -> None:
    # In a separate process, because the system reports the peak memory of a process.
    script = """if True:
        import resource, sys
        from reaction_board.media.identify import identify
        from reaction_board.media.received_file import ReceivedFile
        def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        def receive(data):
            received = ReceivedFile(10**9)
            received.write(data)
            return received
        small, huge = (bytes.fromhex(text) for text in sys.stdin.read().split())
        identify(receive(small), "", 10**9)
        before = peak()
        known = identify(receive(huge), "", 10**9)
        assert known.width == 20000
        print(peak() - before)
    """
    files = f"{huge_png(10, 10).hex()} {huge_png(20_000, 10_000).hex()}"
    done = subprocess.run([sys.executable, "-c", script], input=files, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4096  # KiB


@pytest.mark.parametrize(
    "filename",
    [
        '"><script>.png',
        "a\0b.png",
        "\u202egnp.exe",
        "a;b=c.png",
        "%0d%0aX: y.png",
        "💥.png",
    ],
)
def test_no_filename_makes_a_header(board: Board, filename: str) -> None:
    image = board.added(filename=filename)
    response = board.file(image)
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    assert "X" not in response.headers
    assert re.fullmatch(r"inline; filename=[\x20-\x7e]+", response.headers["Content-Disposition"])


def test_more_tags_than_an_image_may_have_are_refused(board: Board, app: Flask, objects: Objects) -> None:
    many = [f"t{n}" for n in range(201)]
    image = board.added(tags=",".join(many[:200]))
    assert len(image["tags"]) == 200
    assert_error(board.upload(tags=",".join(many)), 422, "validation_error", about="tags: ")
    assert_error(board.replace_tags(image["id"], many), 422, "validation_error", about="tags: ")
    assert_error(board.get("/images", query_string={"tags": ",".join(many)}), 422, "validation_error", about="tags: ")
    assert board.search(tags=",".join(many[:200]))["total"] == 1
    assert len(objects.keys()) == 1


def test_more_parts_than_a_form_may_have_are_refused(board: Board) -> None:
    form = {"file": form_file(picture()), **{f"part{n}": "x" for n in range(50)}}
    assert_error(board.post_form(form), 413, "payload_too_large")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT"])
@pytest.mark.parametrize(
    "path", ["/images", "/images/x", "/images/x/file", "/images/x/tags", "/tags", "/health", "/openapi.json", "/docs"]
)
def test_no_method_on_any_route_is_an_internal_error(client: FlaskClient, method: str, path: str) -> None:
    for body, content_type in ((b"", None), (b"\xff\0", "application/json"), (b"\xff\0", "multipart/form-data")):
        response = client.open(f"{API}{path}", method=method, data=body, content_type=content_type)
        assert response.status_code < 500
        if response.status_code >= 400 and method != "HEAD":
            assert_error(response, response.status_code, response.get_json()["code"])


HEAD = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (b"nonsense\r\n\r\n", {400}),
        (b"GET /api/v1/health HTTP/9.9\r\n\r\n", {400, 505}),
        (b"GET /" + b"a" * 50_000 + b" HTTP/1.1\r\n\r\n", {414}),
        (HEAD + b"Bad Name: x\r\n\r\n", {400}),
        (HEAD + b"X: " + b"a" * 20_000 + b"\r\n\r\n", {400, 431}),
        (HEAD + b"".join(b"X%d: y\r\n" % n for n in range(300)) + b"\r\n", {400, 431}),
        (HEAD + b"Content-Length: x\r\n\r\n", {400}),
        (HEAD + b"Content-Length: -1\r\n\r\n", {400}),
        (HEAD + b"Transfer-Encoding: magic\r\n\r\n", {400, 501}),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", {400}),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", {400}),
        (POST + b"Content-Length: 500\r\n\r\n--b\r\n", {400}),
    ],
)
def test_what_is_not_even_a_request_is_answered_in_the_envelope(
    gunicorn: Gunicorn, request_: bytes, statuses: set[int]
) -> None:
    response = raw(gunicorn.url, request_)
    assert response.status_code in statuses
    assert_error(response, response.status_code, response.json()["code"])


def test_pipelined_requests_are_answered_in_turn(gunicorn: Gunicorn) -> None:
    response = raw(gunicorn.url, HEAD + b"\r\n" + HEAD + b"Connection: close\r\n\r\n")
    assert response.status_code == 200
    assert response.content.count(b'{"status":"ok"}') == 2


def test_a_fault_cannot_be_made_to_forge_a_line(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "engine", None)
    lines = io.StringIO()
    monkeypatch.setattr(logging.getLogger("reaction_board").handlers[0], "stream", lines)
    assert_error(client.get(f"{API}/images/x%0AFORGED"), 500, "internal_error")
    assert "/api/v1/images/x%0AFORGED failed" in lines.getvalue()
    assert "\nFORGED" not in lines.getvalue()


def test_no_name_id_or_header_forges_a_line_of_the_log(http: requests.Session, gunicorn: Gunicorn) -> None:
    forged = "2026-01-01 INFO forged"
    files = {"file": (f"a\n{forged}.png", picture())}
    http.post(f"{gunicorn.url}/images", files=files, headers={"X-Request-ID": forged}, timeout=PATIENCE)
    http.get(f"{gunicorn.url}/images/%0a{forged}", timeout=PATIENCE)
    http.get(f"{gunicorn.url}/images?tags=%0a{forged}", timeout=PATIENCE)
    http.get(f"{gunicorn.url}/images", headers={"User-Agent": forged}, timeout=PATIENCE)
    assert not [line for line in gunicorn.log().splitlines() if line.startswith("2026-01-01")]
