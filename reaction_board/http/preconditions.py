"""Conditional requests and ranges for files that never change, by RFC 9110 (sections 13 and 14).

Werkzeug's own implementation differs from the RFC. It refuses a suffix range that is longer than the file, ignores
If-Unmodified-Since, ignores If-Modified-Since beside If-Match, and accepts an inexact date in If-Range.
"""

import re
from datetime import datetime

from flask import request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_date, quote_etag

from reaction_board.errors import PreconditionFailed

# Section 5.6.7: the format that clients must send, and the two obsolete ones that servers must accept.
_DATE = (
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
    r"|[A-Z][a-z]+day, [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2} [0-9:]{8} GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [0-9 ][0-9] [0-9:]{8} [0-9]{4}"
)
_RANGE = re.compile(
    r"bytes=(?:([0-9]{1,99})-([0-9]{0,99})|-([0-9]{1,99}))", re.IGNORECASE
)  # int() limits the digits, too


def is_not_modified(etag: str, last_modified: datetime) -> bool:
    """Say whether the client already has the file, by the request's conditions in the order of section 13.2.2.

    `last_modified` is in UTC, in whole seconds. Raises PreconditionFailed.
    """
    if "If-Match" in request.headers:
        if etag not in request.if_match:
            raise PreconditionFailed
    elif (unmodified_since := _date("If-Unmodified-Since")) and last_modified > unmodified_since:
        raise PreconditionFailed
    if "If-None-Match" in request.headers:
        return request.if_none_match.contains_weak(etag)
    modified_since = _date("If-Modified-Since")
    return modified_since is not None and last_modified <= modified_since


def requested_range(etag: str, last_modified: datetime, size_bytes: int) -> slice | None:
    """Return the range of bytes that the request asks for, or None for the whole file.

    A malformed range is ignored, and so are several ranges (14.2) and a range whose If-Range does not match (13.1.5).
    Raises RequestedRangeNotSatisfiable, with the `Content-Range` of the response, if the range lies outside the file.
    """
    ranges = _RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or not ranges or not _is_for_these_bytes(etag, last_modified):
        return None
    first, last, suffix = ranges.groups()
    if suffix:
        start, stop = max(0, size_bytes - int(suffix)), size_bytes
    else:
        start, stop = int(first), min(int(last or size_bytes) + 1, size_bytes)
        if last and int(last) < start:
            return None
    if start >= size_bytes:
        raise RequestedRangeNotSatisfiable(size_bytes)
    return slice(start, stop)


def _is_for_these_bytes(etag: str, last_modified: datetime) -> bool:
    """Say whether the request's If-Range, if there is one, matches the file. A weak ETag never matches."""
    return request.headers.get("If-Range") in (None, quote_etag(etag)) or _date("If-Range") == last_modified


def _date(field: str) -> datetime | None:
    """Return the date in a header of the request. A value that is not a date counts as missing (13.1.3, 13.1.4)."""
    value = request.headers.get(field, "")
    return parse_date(value) if re.fullmatch(_DATE, value) else None
