"""The bytes of an image: whole, in part, or left to the proxy to send."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import quote
from uuid import UUID

from flask import Response, request
from werkzeug.http import dump_options_header

from reaction_board import board, db, media, proxy, queries
from reaction_board.errors import (
    ImageNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServiceUnavailable,
    StorageError,
)
from reaction_board.rest import Blueprint, View, string_header
from reaction_board.storage import Blob

blp = Blueprint("files", __name__, url_prefix="/api/v1/images", description="The bytes of the images")

FILE_HEADERS = {
    "ETag": string_header("the quoted SHA-256 of the bytes"),
    "Cache-Control": string_header("public, max-age=31536000, immutable"),
}
BODY_HEADERS = {
    **FILE_HEADERS,
    "Content-Length": string_header("bytes in the body"),
    "Content-Disposition": string_header("inline, with the filename"),
    "Content-Security-Policy": string_header("default-src 'none'; sandbox"),
    "X-Content-Type-Options": string_header("nosniff"),
    "Accept-Ranges": string_header("bytes"),
}
PART_HEADERS = {**BODY_HEADERS, "Content-Range": string_header("which bytes of how many")}


def document_bytes(mime_types: Iterable[str]) -> Callable[[View], View]:
    """Return the decorator that documents what a view answers: bytes of these types, or none to who has them."""

    def decorate(view: View) -> View:
        binary = {"type": "string", "format": "binary"}
        for mime_type in mime_types:
            for status, headers in ((200, BODY_HEADERS), (206, PART_HEADERS)):
                documented = blp.alt_response(
                    status, schema=binary, content_type=mime_type, headers=headers, success=True
                )
                view = documented(view)
        return blp.alt_response(304, description="The client has these bytes", headers=FILE_HEADERS, success=True)(view)

    return decorate


CONDITIONS = {
    "If_None_Match": "an ETag that the client has: 304 if it is that of these bytes",
    "If_Match": "an ETag: 412 if it is not that of these bytes",
    "Range": "one range of bytes: 206; several are answered with the whole",
    "If_Range": "an ETag: the range counts only if it is that of these bytes",
}


@blp.route("/<image_id:image_id>/file")
@blp.raises(ImageNotFound, PreconditionFailed, StorageError, ServiceUnavailable)
@blp.reads_headers(**CONDITIONS)
@blp.raises(RangeNotSatisfiable, headers={"Content-Range": string_header("how many bytes there are")})
@document_bytes(media.EXTENSIONS)
def get_file(image_id: UUID) -> Response:
    """Fetch the bytes of an image

    `HEAD` gives the headers alone. Bytes never change: they may be cached for ever. If the store breaks off in the
    middle, the connection is closed before `Content-Length` is reached.
    """
    with db.connect() as connection:
        image = queries.find_image(connection, image_id)
    return send(
        partial(board.open_file, image),
        mime_type=image["mime_type"],
        etag=image["hash"],
        size_bytes=image["size_bytes"],
        filename=image["filename"],
        kept_at=f"/kept-files/{image['hash']}/{image['id']}",
    )


def send(
    open_blob: Callable[[slice | None], Blob],
    *,
    mime_type: str,
    etag: str,
    size_bytes: int,
    filename: str,
    kept_at: str,
) -> Response:
    """Return the answer with bytes that never change, as far as the request's conditions and range ask for them.

    Behind a proxy that keeps files it names the place `kept_at`, and opens nothing: see deploy/nginx.conf.
    """
    response = Response(mimetype=mime_type)
    response.set_etag(etag)
    response.content_length = size_bytes
    response.accept_ranges = "bytes"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"  # inert, should a browser run it
    response.headers["Content-Disposition"] = _inline(filename)
    part = _make_conditional(response, size_bytes)
    if request.method == "GET" and response.status_code < 300:
        if proxy.sends_files() and _nginx_agrees():
            _leave_to_proxy(response, kept_at)
        else:
            response.response = open_blob(part)
    return response


def _nginx_agrees() -> bool:
    """Say whether nginx, which reads the conditions and the range of the request too, makes the same of them."""
    headers = request.headers
    return "If-Unmodified-Since" not in headers and ("Range" not in headers or _asks_for_one_range())


def _leave_to_proxy(response: Response, kept_at: str) -> None:
    """Let nginx send the bytes, or the range of them that the client asks for: see deploy/nginx.conf.

    It keeps them by their hash; those that it has not it fetches here, as a client that cannot send files.
    """
    response.headers["X-Accel-Redirect"] = kept_at
    response.content_length = 0
    # nginx would pass these on beside those that it keeps, and with an error of the second request, too. The filename
    # may be another one than when it kept the bytes: it takes the header from this one.
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


def _asks_for_one_range() -> bool:
    """Say whether one range is asked for that makes sense. Werkzeug takes more than RFC 9110 (14.1.2, 13.1.5)."""
    if request.headers.get("If-Range", "").startswith("W/"):  # a weak tag matches nothing
        return False
    well_formed = re.fullmatch(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", request.headers.get("Range", ""), re.IGNORECASE)
    return bool(well_formed and request.range)


def _make_conditional(response: Response, size_bytes: int) -> slice | None:
    """Let the request's conditions change the response; return which bytes are asked for, None for all or none.

    A range that makes no sense, or several, are ignored (RFC 9110, 14.2); one that lies outside answers 416.
    """
    response.make_conditional(request)
    if response.status_code == 412:
        raise PreconditionFailed
    if response.status_code != 200 or request.method != "GET" or not _asks_for_one_range():
        return None
    response.make_conditional(request, accept_ranges=True, complete_length=size_bytes)
    return slice(response.content_range.start, response.content_range.stop) if response.status_code == 206 else None
