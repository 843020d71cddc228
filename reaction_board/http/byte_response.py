"""Answers with bytes that never change: whole, in part, or left to nginx to send."""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

from flask import Response, request
from werkzeug.http import dump_options_header

from reaction_board.errors import PreconditionFailed
from reaction_board.http import reverse_proxy
from reaction_board.storage import Blob

CACHE_CONTROL = "public, max-age=31536000, immutable"
POLICY = "default-src 'none'; sandbox"  # inert, should a browser open it as a document

# What the document says of these answers.
CACHE_HEADERS = {"ETag": "the quoted SHA-256 of the bytes", "Cache-Control": CACHE_CONTROL}
_BODY_HEADERS = {
    **CACHE_HEADERS,
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
    "Range": "one range of bytes: 206; several are answered with the whole",
    "If_Range": "an ETag: the range counts only if it is that of these bytes",
}


def send(
    open_blob: Callable[[slice | None], Blob],
    *,
    mime_type: str,
    etag: str,
    size_bytes: int,
    filename: str,
    nginx_path: str,
) -> Response:
    """Return the answer with these bytes, as far as the request's conditions and range ask for them.

    Behind an nginx that can send files, the answer names `nginx_path` and opens nothing: see deploy/nginx.conf.
    Raises PreconditionFailed and RangeNotSatisfiable.
    """
    response = Response(mimetype=mime_type)
    response.set_etag(etag)
    response.content_length = size_bytes
    response.accept_ranges = "bytes"
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Content-Disposition"] = _inline(filename)
    part = _make_conditional(response, size_bytes)
    if request.method == "GET" and response.status_code < 300:
        if reverse_proxy.sends_files() and _nginx_agrees():
            _leave_to_nginx(response, nginx_path)
        else:
            response.response = open_blob(part)
    return response


def _make_conditional(response: Response, size_bytes: int) -> slice | None:
    """Let the request's conditions change the response; return the range of bytes to send, None for all or none.

    A malformed range, or several, are ignored (RFC 9110, 14.2); one that lies outside is answered with 416.
    """
    response.make_conditional(request)
    if response.status_code == 412:
        raise PreconditionFailed
    if response.status_code != 200 or request.method != "GET" or not _asks_for_one_range():
        return None
    response.make_conditional(request, accept_ranges=True, complete_length=size_bytes)
    return slice(response.content_range.start, response.content_range.stop) if response.status_code == 206 else None


def _asks_for_one_range() -> bool:
    """Say whether the request asks for one well-formed range. Werkzeug takes more than RFC 9110 (14.1.2, 13.1.5)."""
    if request.headers.get("If-Range", "").startswith("W/"):  # a weak tag matches nothing
        return False
    well_formed = re.fullmatch(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", request.headers.get("Range", ""), re.IGNORECASE)
    return bool(well_formed and request.range)


def _nginx_agrees() -> bool:
    """Say whether nginx, which reads the request's conditions and range itself, would answer as we do."""
    headers = request.headers
    return "If-Unmodified-Since" not in headers and ("Range" not in headers or _asks_for_one_range())


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
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    return dump_options_header("inline", {"filename": plain, "filename*": f"UTF-8''{quote(filename, safe='')}"})
