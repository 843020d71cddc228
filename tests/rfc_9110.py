"""The answers that RFC 9110 requires for requests for bytes. The application and nginx must both pass these cases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from werkzeug.http import http_date
from werkzeug.test import TestResponse

from tests.board import Board, RemoteBoard, assert_error, image_of

SIZE = 5000  # bytes of the file that the cases are about

WHOLE, UNSATISFIABLE = 200, 416
# The first and the last byte of the answer, or its status. The board may ignore what is not one range (14.2), and does.
RANGES: dict[str, tuple[int, int] | int] = {
    "bytes=0-0": (0, 0),
    "bytes=0-99": (0, 99),
    "bytes=4999-4999": (4999, 4999),
    "bytes=100-": (100, 4999),
    "bytes=0-": (0, 4999),
    "bytes=4990-100000": (4990, 4999),
    "bytes=0-99999999999999999999": (0, 4999),
    "bytes=00-01": (0, 1),
    "BYTES=5-9": (5, 9),
    "bytes=-1": (4999, 4999),
    "bytes=-100": (4900, 4999),
    "bytes=-5000": (0, 4999),
    "bytes=-5001": (0, 4999),
    "bytes=-100000": (0, 4999),
    "bytes=-99999999999999999999": (0, 4999),
    "bytes=5000-": UNSATISFIABLE,
    "bytes=5000-5001": UNSATISFIABLE,
    "bytes=99999999999999999999-": UNSATISFIABLE,
    "bytes=-0": UNSATISFIABLE,
    "bytes=5-4": WHOLE,
    "bytes=6000-5999": WHOLE,
    "bytes=0-1,5-6": WHOLE,
    "bytes=0-1,6000-": WHOLE,
    "bytes=0-1,": WHOLE,
    "bytes=": WHOLE,
    "bytes": WHOLE,
    "bytes=1": WHOLE,
    "bytes=a-b": WHOLE,
    "bytes=--1": WHOLE,
    "bytes = 0-1": WHOLE,
    "bytes= 0-1": WHOLE,
    "bytes=0 - 1": WHOLE,
    "bytes=٣-٤": WHOLE,
    "items=0-1": WHOLE,
}


def conditions(image: dict[str, Any]) -> list[tuple[dict[str, str], int]]:
    """Return header fields of requests for the bytes of an image, and the status of the answer (13.1, 13.2.2)."""
    etag, other, part = f'"{image["hash"]}"', '"other"', {"Range": "bytes=10-19"}
    moment = datetime.fromisoformat(image["created_at"])
    same, before, after = (http_date(moment + timedelta(seconds=by)) for by in (0, -1, 1))
    tomorrow = moment + timedelta(days=1)
    old_formats = [tomorrow.strftime("%A, %d-%b-%y %H:%M:%S GMT"), tomorrow.strftime("%a %b %e %H:%M:%S %Y")]
    no_dates = ["tomorrow", after.replace("GMT", "+0200"), f"{after}, {after}"]
    return [
        ({"If-None-Match": etag}, 304),
        ({"If-None-Match": f"W/{etag}"}, 304),
        ({"If-None-Match": f"{other}, {etag}"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": other}, 200),
        ({"If-None-Match": etag, **part}, 304),
        ({"If-None-Match": other, **part}, 206),
        ({"If-Match": etag}, 200),
        ({"If-Match": f"{other}, {etag}"}, 200),
        ({"If-Match": "*", **part}, 206),
        ({"If-Match": other}, 412),
        ({"If-Match": f"W/{etag}"}, 412),  # compared strongly
        ({"If-Match": other, "If-None-Match": etag}, 412),
        ({"If-Match": other, **part}, 412),
        ({"If-Match": etag, "If-None-Match": etag}, 304),
        ({"If-Modified-Since": same}, 304),
        ({"If-Modified-Since": after}, 304),
        ({"If-Modified-Since": after, **part}, 304),
        ({"If-Modified-Since": before}, 200),
        ({"If-Modified-Since": before, **part}, 206),
        *(({"If-Modified-Since": date}, 304) for date in old_formats),
        *(({"If-Modified-Since": date}, 200) for date in no_dates),
        ({"If-Modified-Since": after, "If-None-Match": other}, 200),  # If-None-Match comes first
        ({"If-Modified-Since": before, "If-None-Match": etag}, 304),
        ({"If-Modified-Since": after, "If-Match": etag}, 304),
        ({"If-Unmodified-Since": same}, 200),
        ({"If-Unmodified-Since": after, **part}, 206),
        ({"If-Unmodified-Since": before}, 412),
        ({"If-Unmodified-Since": before, **part}, 412),
        ({"If-Unmodified-Since": "yesterday"}, 200),
        ({"If-Unmodified-Since": before, "If-Match": etag}, 200),  # If-Match comes first
        ({"If-Unmodified-Since": same, "If-Modified-Since": same}, 304),
        ({"If-Range": etag}, 200),
        ({"If-Range": etag, **part}, 206),
        ({"If-Range": other, **part}, 200),
        ({"If-Range": f"W/{etag}", **part}, 200),
        ({"If-Range": "*", **part}, 200),
        ({"If-Range": same, **part}, 206),
        ({"If-Range": before, **part}, 200),
        ({"If-Range": after, **part}, 200),  # 13.1.5: the exact date
        ({"If-Range": "tomorrow", **part}, 200),
        ({"If-Range": other, "Range": "bytes=5000-"}, 200),
        ({"If-Range": etag, "Range": "bytes=5000-"}, 416),
    ]  # fmt: skip


def hold_to_the_rfc(board: Board | RemoteBoard, data: bytes) -> None:
    """Upload `SIZE` bytes, and check the answers for all cases above."""
    image = image_of(board.upload(data))
    for wanted, expected in RANGES.items():
        assert_answer(board, image, data, {"Range": wanted}, expected)
    for fields, status in conditions(image):
        assert_answer(board, image, data, fields, (10, 19) if status == 206 else status)


def assert_answer(
    board: Board | RemoteBoard,
    image: dict[str, Any],
    data: bytes,
    fields: dict[str, str],
    expected: tuple[int, int] | int,
) -> None:
    """Assert the status of an answer, or the first and last byte of its range."""
    response = board.file(image, **{name: value.encode().decode("latin-1") for name, value in fields.items()})
    status, first, last = (206, *expected) if isinstance(expected, tuple) else (expected, 0, len(data) - 1)
    assert response.status_code == status, fields
    headers = response.headers
    content_range = {206: f"bytes {first}-{last}/{len(data)}", 416: f"bytes */{len(data)}"}.get(status)
    assert headers.get("Content-Range") == content_range, fields
    if status >= 400:
        assert_error(response, status, {412: "precondition_failed", 416: "range_not_satisfiable"}[status])
        return
    assert headers["ETag"] == f'"{image["hash"]}"', fields
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable", fields
    body = b"" if status == 304 else data[first : last + 1]
    assert body_of(response) == body, fields
    if body:
        assert headers["Content-Length"] == str(len(body)), fields
        assert headers["Last-Modified"] == http_date(datetime.fromisoformat(image["created_at"]).astimezone(UTC)), (
            fields
        )


def body_of(response: TestResponse | requests.Response) -> bytes:
    return response.data if isinstance(response, TestResponse) else response.content
