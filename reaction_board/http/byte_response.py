"""Responses with a file that never changes: the whole file, a part of it, or a reference for nginx to send."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import ContentRange
from werkzeug.http import dump_options_header

from reaction_board.http import examples, preconditions, reverse_proxy
from reaction_board.media.filename import ascii_name, download_name

CACHE_CONTROL = "public, max-age=31536000, immutable"
POLICY = "default-src 'none'; sandbox"  # a browser that opens the file as a document runs nothing in it

# These responses in the API document. Each header has a description and an example.
CACHE_HEADERS = {
    "ETag": ("the quoted SHA-256 of the file", examples.FILE_ETAG),
    "Cache-Control": ("The file never changes.", CACHE_CONTROL),
}
_BODY_HEADERS = {
    **CACHE_HEADERS,
    "Last-Modified": ("when the image was created", examples.HTTP_DATE),
    "Content-Length": ("the size of the body in bytes", str(examples.SIZE_BYTES)),
    "Content-Disposition": ("the filename, for a client that saves the file", f"inline; filename={examples.FILENAME}"),
    "Content-Security-Policy": ("A browser that opens the file as a document runs nothing in it.", POLICY),
    "X-Content-Type-Options": ("The type is that of the bytes.", "nosniff"),
    "Accept-Ranges": ("Ranges are in bytes.", "bytes"),
}
_PART_HEADERS = {
    **_BODY_HEADERS,
    "Content-Length": ("the size of the part in bytes", "100"),
    "Content-Range": ("the part, and the size of the file, in bytes", f"bytes 0-99/{examples.SIZE_BYTES}"),
}
RESPONSES = {200: ("The file.", _BODY_HEADERS), 206: ("The part that `Range` names.", _PART_HEADERS)}
CONDITIONS = {
    "If_None_Match": ("the ETag of the client's copy: 304 if it is the ETag of this file", examples.FILE_ETAG),
    "If_Match": ("an ETag: 412 if it is not the ETag of this file", examples.FILE_ETAG),
    "If_Modified_Since": (
        "a date: 304 if the image is not newer; ignored beside If-None-Match",
        examples.HTTP_DATE,
    ),
    "If_Unmodified_Since": ("a date: 412 if the image is newer; ignored beside If-Match", examples.HTTP_DATE),
    "Range": (
        "one range of bytes: 206. Several ranges are ignored, and the response is the whole file",
        "bytes=0-99",
    ),
    "If_Range": (
        "an ETag, or a date as in Last-Modified: Range is ignored if it does not match this file",
        examples.FILE_ETAG,
    ),
}


def send(
    open_blob: Callable[[slice | None], Iterable[bytes]],
    *,
    mime_type: str,
    etag: str,
    last_modified: datetime,
    size_bytes: int,
    filename: str,
    nginx_path: str | None = None,
) -> Response:
    """Return the response with a file, or with the part that the request's conditions and range select.

    `last_modified` is in UTC. Its fraction of a second is dropped, because HTTP dates have none. Behind an nginx that
    can send files, the response names `nginx_path`, if there is one, and opens no file: see deploy/nginx.conf.
    Raises PreconditionFailed and RequestedRangeNotSatisfiable.
    """
    last_modified = last_modified.replace(microsecond=0)
    response = Response(mimetype=mime_type)
    response.set_etag(etag)
    response.last_modified = last_modified
    response.content_length = size_bytes
    response.accept_ranges = "bytes"
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Content-Disposition"] = _inline(download_name(filename, mime_type))
    if preconditions.is_not_modified(etag, last_modified):
        response.status_code = 304
        return response
    part = preconditions.requested_range(etag, last_modified, size_bytes)
    if part:
        response.status_code = 206
        response.content_length = part.stop - part.start
        response.content_range = ContentRange("bytes", part.start, part.stop, size_bytes)
    if request.method == "GET":
        if nginx_path and reverse_proxy.sends_files() and _nginx_agrees(part):
            _leave_to_nginx(response, nginx_path)
        else:
            response.response = open_blob(part)
    return response


def _nginx_agrees(part: slice | None) -> bool:
    """Say whether nginx would select the same bytes: it evaluates the request's conditions and range again.

    nginx evaluates If-Match and If-Unmodified-Since differently. It also honours some ranges that the board ignores,
    and refuses numbers that do not fit in 64 bits.
    """
    headers = request.headers
    if "If-Match" in headers or "If-Unmodified-Since" in headers:
        return False
    return "Range" not in headers or (part is not None and not re.search("[0-9]{19}", headers["Range"]))


def _leave_to_nginx(response: Response, path: str) -> None:
    """Let nginx send the file, or the range that the client asks for: see deploy/nginx.conf.

    nginx caches files by their hash. It fetches a missing file from the board with a request that does not offer to
    send files.
    """
    response.headers["X-Accel-Redirect"] = path
    response.content_length = 0
    # nginx would send these headers in addition to the cached ones, and also with an error of its second request. The
    # filename may differ from the cached one, so nginx takes that header from this response.
    response.headers["X-File-Disposition"] = response.headers.pop("Content-Disposition")
    del response.headers["Cache-Control"]
    if response.status_code == 200:
        del response.headers["Accept-Ranges"]


def _inline(filename: str) -> str:
    """Return the Content-Disposition of RFC 6266. A name that is not ASCII is written in both forms of the RFC."""
    if filename.isascii():
        return dump_options_header("inline", {"filename": filename})
    both = {"filename": ascii_name(filename), "filename*": f"UTF-8''{quote(filename, safe='')}"}
    return dump_options_header("inline", both)
