"""Answers with bytes that never change: whole, in part, or left to nginx to send."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import ContentRange
from werkzeug.http import dump_options_header

from reaction_board.http import preconditions, reverse_proxy
from reaction_board.media.filename import ascii_name, download_name

CACHE_CONTROL = "public, max-age=31536000, immutable"
POLICY = "default-src 'none'; sandbox"  # inert, should a browser open it as a document

# What the document says of these answers.
CACHE_HEADERS = {"ETag": "the quoted SHA-256 of the bytes", "Cache-Control": CACHE_CONTROL}
_BODY_HEADERS = {
    **CACHE_HEADERS,
    "Last-Modified": "when the image was created",
    "Content-Length": "bytes in the body",
    "Content-Disposition": "inline, with the filename",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
}
HEADERS = {200: _BODY_HEADERS, 206: {**_BODY_HEADERS, "Content-Range": "which bytes of how many"}}
CONDITIONS = {
    "If_None_Match": "an ETag that the client has: 304 if it is that of these bytes",
    "If_Match": "an ETag: 412 if it is not that of these bytes",
    "If_Modified_Since": "a date, without If-None-Match: 304 if the image is not newer",
    "If_Unmodified_Since": "a date, without If-Match: 412 if the image is newer",
    "Range": "one range of bytes: 206; several are answered with the whole",
    "If_Range": "an ETag, or a date as in Last-Modified: the range counts only if it is that of these bytes",
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
    """Return the answer with these bytes, as far as the request's conditions and range ask for them.

    `last_modified` is in UTC; its fraction of a second, which HTTP does not have, is dropped. Behind an nginx that can
    send files, the answer names `nginx_path`, if there is one, and opens nothing: see deploy/nginx.conf.
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
    """Say whether nginx, which judges the conditions and the range of the request once more, would answer as we do.

    Its judgement of If-Match and If-Unmodified-Since differs, and so does that of a range that is ignored here. It
    refuses numbers that do not fit in 64 bits.
    """
    headers = request.headers
    if "If-Match" in headers or "If-Unmodified-Since" in headers:
        return False
    return "Range" not in headers or (part is not None and not re.search("[0-9]{19}", headers["Range"]))


def _leave_to_nginx(response: Response, path: str) -> None:
    """Let nginx send the bytes, or the range of them that the client asks for: see deploy/nginx.conf.

    nginx caches files by their hash. It fetches a missing one from here, as a client that cannot send files.
    """
    response.headers["X-Accel-Redirect"] = path
    response.content_length = 0
    # nginx would pass these on beside the ones in its cache, and also with an error of the second request. The filename
    # may have changed since nginx cached the bytes, so it takes that header from this answer.
    response.headers["X-File-Disposition"] = response.headers.pop("Content-Disposition")
    del response.headers["Cache-Control"]
    if response.status_code == 200:
        del response.headers["Accept-Ranges"]


def _inline(filename: str) -> str:
    """Return the Content-Disposition of RFC 6266; a name beyond ASCII is given in both of its forms."""
    if filename.isascii():
        return dump_options_header("inline", {"filename": filename})
    both = {"filename": ascii_name(filename), "filename*": f"UTF-8''{quote(filename, safe='')}"}
    return dump_options_header("inline", both)
