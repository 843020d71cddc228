"""Images: upload, look up, tag and delete."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response, current_app, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from reaction_board import board, db, media, queries
from reaction_board.errors import (
    FileTooLarge,
    ImageNotFound,
    InvalidField,
    InvalidMimeType,
    InvalidTag,
    PreconditionFailed,
    ServiceUnavailable,
    StorageError,
    Unauthorized,
)
from reaction_board.queries import Image
from reaction_board.rest import Blueprint, UploadedFile, string_header
from reaction_board.tags import GIVEN_TAG_PATTERN, GIVEN_TAGS_PATTERN, TAG_PATTERN, TagNames, normalize_tags

blp = Blueprint("images", __name__, url_prefix="/api/v1/images", description="The images")

MAX_IDS = 100  # of a change of many
GIVEN_TAGS = {"type": "string", "pattern": GIVEN_TAGS_PATTERN}
ETAG = {"ETag": string_header("of the record: for If-None-Match and If-Match")}
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


def given_tags(example: list[str], **options: Any) -> fields.Field[Any]:
    """Return the field of a list of tags as clients write them."""
    name = fields.String(metadata={"pattern": GIVEN_TAG_PATTERN})
    return fields.List(name, metadata={"example": example}, **options)


class TagChangeSchema(Schema):
    """What is to change in the tags of some images."""

    ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MAX_IDS))
    add = given_tags(["cat"], load_default=list)
    remove = given_tags(["dog"], load_default=list)


class ImageListSchema(Schema):
    """Some images."""

    items = fields.List(fields.Nested(ImageSchema), required=True)


class TagsSchema(Schema):
    """All the tags that an image shall have."""

    tags = given_tags(["cat", "new-tag"], required=True)


def etag_of(image: Image) -> str:
    """Return the ETag of an image's record, of which nothing but the tags can change."""
    return hashlib.sha256(f"{image['id']} {' '.join(image['tags'])}".encode()).hexdigest()[:32]


def with_etag(image: Image) -> ResponseReturnValue:
    """Return the answer that is an image's record, or 304 if the client has it."""
    etag = etag_of(image)
    headers = {"ETag": f'"{etag}"'}
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=headers)
    return dict(image), 200, headers


@blp.route("", methods=["POST"])
@blp.raises(Unauthorized, InvalidMimeType, FileTooLarge, InvalidTag, StorageError, ServiceUnavailable)
@blp.arguments(UploadSchema, location="multipart")
@blp.response(201, UploadedImageSchema, headers={"Location": string_header("the path of the new image"), **ETAG})
@blp.alt_response(
    200, schema=UploadedImageSchema, success=True, description="The board has these bytes already", headers=ETAG
)
def upload_image(form: Mapping[str, Any]) -> ResponseReturnValue:
    """Upload an image

    The bytes decide what it is; the same bytes are stored once. A duplicate is answered with the image that is there,
    whose tags and filename stay as they are.
    """
    file = form["file"]
    known = media.identify(file.stream, file.mimetype, current_app.config["MAX_PIXELS"])
    filename = media.clean_filename(file.filename, known.mime_type)
    image, duplicate = board.add_image(file.stream, known, filename, form["tags"])
    answer, headers = {**image, "duplicate": duplicate}, {"ETag": f'"{etag_of(image)}"'}
    if duplicate:
        return answer, 200, headers
    return answer, 201, {**headers, "Location": url_for("images.get_image", image_id=image["id"])}


@blp.route("/<image_id:image_id>")
@blp.raises(ImageNotFound, ServiceUnavailable)
@blp.reads_headers(If_None_Match="an ETag that the client has: 304 if the image is still the same")
@blp.response(200, ImageSchema, headers=ETAG)
@blp.alt_response(304, description="The client has it", headers=ETAG, success=True)
def get_image(image_id: UUID) -> ResponseReturnValue:
    """Look up an image"""
    with db.connect() as connection:
        return with_etag(queries.find_image(connection, image_id))


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
@blp.raises(Unauthorized, ImageNotFound, PreconditionFailed, InvalidTag, ServiceUnavailable)
@blp.reads_headers(If_Match="an ETag of the image: 412, and nothing changes, if it is another one by now")
@blp.arguments(TagsSchema)
@blp.response(200, ImageSchema, headers=ETAG)
def replace_tags(body: Mapping[str, Any], image_id: UUID) -> ResponseReturnValue:
    """Replace the tags of an image

    The whole set; an empty list takes all tags away. With `If-Match`, only if nobody else has changed them since.
    """
    tags = normalize_tags(body["tags"])
    with db.begin() as connection:
        if "If-Match" in request.headers:
            etag = etag_of(queries.find_image_locked(connection, image_id))
            if not request.if_match.contains_weak(etag):  # nginx marks as weak what it compresses
                raise PreconditionFailed
        return with_etag(queries.replace_tags(connection, image_id, tags))


@blp.route("/tags", methods=["POST"])
@blp.raises(Unauthorized, ImageNotFound, InvalidTag, ServiceUnavailable)
@blp.arguments(TagChangeSchema)
@blp.response(200, ImageListSchema)
def change_tags(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give tags to many images, and take others from them

    All of it or, after an error, nothing. The answer has the images in the order of `ids`; a repeated id counts once.
    """
    add, remove = normalize_tags(body["add"], "add"), normalize_tags(body["remove"], "remove")
    if not add and not remove:
        raise InvalidField("add: Nothing to add and nothing to remove.")
    if both := set(add) & set(remove):
        raise InvalidField(f"remove: {min(both)!r} is to be added, too.")
    ids = list(dict.fromkeys(body["ids"]))
    with db.begin() as connection:
        return {"items": queries.change_tags_of_many(connection, ids, add, remove, current_app.config["MAX_TAGS"])}
