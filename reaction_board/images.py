"""Images: upload, search, look up, fetch the bytes, tag and delete."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, current_app, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from sqlalchemy import RowMapping
from werkzeug.http import dump_options_header

from reaction_board import board, db, media, proxy, queries
from reaction_board.errors import (
    FileTooLarge,
    ImageNotFound,
    InvalidMimeType,
    InvalidTag,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServiceUnavailable,
    StorageError,
    Unauthorized,
)
from reaction_board.rest import Blueprint, UploadedFile, page_schema, string_header
from reaction_board.tags import GIVEN_TAG_PATTERN, GIVEN_TAGS_PATTERN, TAG_PATTERN, TagNames, normalize_tags

blp = Blueprint("images", __name__, url_prefix="/api/v1/images", description="The images and their bytes")

GIVEN_TAGS = {"type": "string", "pattern": GIVEN_TAGS_PATTERN}
HASH = {"pattern": "^[0-9a-f]{64}$"}


def created_at(image: Mapping[str, Any]) -> str:
    """Return the time in an image's UUIDv7 as RFC 3339 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp((image["id"].int >> 80) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ImageSchema(Schema):
    """An image."""

    id = fields.UUID(required=True)
    hash = fields.String(required=True, metadata={**HASH, "description": "SHA-256 of the bytes"})
    filename = fields.String(required=True, metadata={"minLength": 1, "maxLength": media.MAX_FILENAME})
    mime_type = fields.String(required=True, metadata={"enum": list(media.EXTENSIONS)})
    size_bytes = fields.Integer(required=True, metadata={"minimum": 1})
    width = fields.Integer(required=True, metadata={"minimum": 1, "description": "pixels, as displayed"})
    height = fields.Integer(required=True, metadata={"minimum": 1, "description": "pixels, as displayed"})
    storage_key = fields.Function(
        lambda image: image["hash"],
        required=True,
        metadata={"type": "string", **HASH, "description": "the same as hash"},
    )
    created_at = fields.Function(created_at, required=True, metadata={"type": "string", "format": "date-time"})
    tags = fields.List(
        fields.String(metadata={"pattern": TAG_PATTERN}), required=True, metadata={"description": "sorted by name"}
    )


class UploadedImageSchema(ImageSchema):
    """An image, and whether the board had it already."""

    duplicate = fields.Boolean(required=True)


class UploadSchema(Schema):
    """The form of an upload."""

    file = UploadedFile(required=True, metadata={"description": "JPEG, PNG, GIF or WebP"})
    tags = TagNames(
        load_default=list, metadata={**GIVEN_TAGS, "description": "separated by commas", "example": "cat,funny"}
    )


class ImageQuerySchema(page_schema(default_limit=50, max_limit=100)):  # type: ignore[misc]
    """What the list of images can be asked for."""

    tags = TagNames(
        load_default=list,
        metadata={**GIVEN_TAGS, "description": "separated by commas; an image must have all of them"},
    )


class ImagePageSchema(Schema):
    """A page of images."""

    items = fields.List(fields.Nested(ImageSchema), required=True)
    total = fields.Integer(required=True, metadata={"minimum": 0, "description": "matching images, on all pages"})
    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True)


class TagsSchema(Schema):
    """All the tags that an image shall have."""

    tags = fields.List(
        fields.String(metadata={"pattern": GIVEN_TAG_PATTERN}), required=True, metadata={"example": ["cat", "new-tag"]}
    )


@blp.route("", methods=["POST"])
@blp.raises(Unauthorized, InvalidMimeType, FileTooLarge, InvalidTag, StorageError, ServiceUnavailable)
@blp.arguments(UploadSchema, location="multipart")
@blp.response(201, UploadedImageSchema, headers={"Location": string_header("the path of the new image")})
@blp.alt_response(200, schema=UploadedImageSchema, success=True, description="The board has these bytes already")
def upload_image(form: Mapping[str, Any]) -> ResponseReturnValue:
    """Upload an image

    The bytes decide what it is; the same bytes are stored once. A duplicate is answered with the image that is there,
    whose tags and filename stay as they are.
    """
    file = form["file"]
    known = media.identify(file.stream, file.mimetype, current_app.config["MAX_PIXELS"])
    filename = media.clean_filename(file.filename, known.mime_type)
    image, duplicate = board.add_image(file.stream, known, filename, form["tags"])
    answer = {**image, "duplicate": duplicate}
    if duplicate:
        return answer, 200
    return answer, 201, {"Location": url_for("images.get_image", image_id=image["id"])}


@blp.route("")
@blp.raises(InvalidTag, ServiceUnavailable)
@blp.arguments(ImageQuerySchema, location="query")
@blp.response(200, ImagePageSchema)
def list_images(query: Mapping[str, Any]) -> dict[str, Any]:
    """List and search images

    Newest first; `total` is exact. A tag that nobody has used matches nothing.
    """
    limit, offset = query["limit"], query["offset"]
    with db.connect() as connection:
        items, total = queries.find_images(connection, query["tags"], limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@blp.route("/<image_id:image_id>")
@blp.raises(ImageNotFound, ServiceUnavailable)
@blp.response(200, ImageSchema)
def get_image(image_id: UUID) -> RowMapping:
    """Look up an image"""
    with db.connect() as connection:
        return queries.find_image(connection, image_id)


@blp.route("/<image_id:image_id>", methods=["DELETE"])
@blp.raises(Unauthorized, ImageNotFound, StorageError, ServiceUnavailable)
@blp.response(204)
def delete_image(image_id: UUID) -> None:
    """Delete an image

    Its bytes, its record and its place in the lists of its tags; the tags stay. If the bytes cannot be deleted, the
    image is still there, and the request can be repeated.
    """
    board.remove_image(image_id)


@blp.route("/<image_id:image_id>/tags", methods=["PATCH"])
@blp.raises(Unauthorized, ImageNotFound, InvalidTag, ServiceUnavailable)
@blp.arguments(TagsSchema)
@blp.response(200, ImageSchema)
def replace_tags(body: Mapping[str, Any], image_id: UUID) -> RowMapping:
    """Replace the tags of an image

    The whole set; an empty list takes all tags away.
    """
    tags = normalize_tags(body["tags"])
    with db.begin() as connection:
        return queries.replace_tags(connection, image_id, tags)


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


def _document_bytes(view: Any) -> Any:
    binary = {"type": "string", "format": "binary"}
    for mime_type in media.EXTENSIONS:
        for status, headers in ((200, BODY_HEADERS), (206, PART_HEADERS)):
            view = blp.alt_response(status, schema=binary, content_type=mime_type, headers=headers, success=True)(view)
    return view


@blp.route("/<image_id:image_id>/file")
@blp.raises(ImageNotFound, PreconditionFailed, StorageError, ServiceUnavailable)
@blp.doc(
    parameters=[
        {"in": "header", "name": name, "schema": {"type": "string"}, "description": description}
        for name, description in (
            ("If-None-Match", "an ETag that the client has: 304 if it is the image's"),
            ("If-Match", "an ETag: 412 if it is not the image's"),
            ("Range", "one range of bytes: 206; several are answered with the whole"),
            ("If-Range", "an ETag: the range counts only if it is the image's"),
        )
    ]
)
@blp.raises(RangeNotSatisfiable, headers={"Content-Range": string_header("how many bytes there are")})
@_document_bytes
@blp.alt_response(304, description="The client has these bytes", headers=FILE_HEADERS, success=True)
def get_file(image_id: UUID) -> Response:
    """Fetch the bytes of an image

    `HEAD` gives the headers alone. Bytes never change: they may be cached for ever. If the store breaks off in the
    middle, the connection is closed before `Content-Length` is reached.
    """
    with db.connect() as connection:
        image = queries.find_image(connection, image_id)
    response = Response(mimetype=image["mime_type"])
    response.set_etag(image["hash"])
    response.content_length = image["size_bytes"]
    response.accept_ranges = "bytes"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"  # inert, should a browser run it
    response.headers["Content-Disposition"] = _inline(image["filename"])
    part = _make_conditional(response, image["size_bytes"])
    if request.method == "GET" and response.status_code < 300:
        if proxy.sends_files() and _nginx_agrees():
            _leave_to_proxy(response, image)
        else:
            response.response = board.open_file(image, part)
    return response


def _nginx_agrees() -> bool:
    """Say whether nginx, which reads the conditions and the range of the request too, makes the same of them."""
    headers = request.headers
    return "If-Unmodified-Since" not in headers and ("Range" not in headers or _asks_for_one_range())


def _leave_to_proxy(response: Response, image: RowMapping) -> None:
    """Let nginx send the bytes, or the range of them that the client asks for: see deploy/nginx.conf.

    It keeps them by their hash; those that it has not it fetches here, as a client that cannot send files.
    """
    response.headers["X-Accel-Redirect"] = f"/kept-files/{image['hash']}/{image['id']}"
    response.content_length = 0
    # nginx would pass these on beside those that it keeps, and with an error of the second request.
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
