"""Images: upload, look up, tag and delete."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from reaction_board.api.schemas.images import (
    DeletedImagesSchema,
    ImageIdsSchema,
    ImageListSchema,
    ImageSchema,
    IncludeSchema,
    TagChangeSchema,
    TagsSchema,
    UploadedImageSchema,
    UploadSchema,
    WholeImageSchema,
    with_included,
)
from reaction_board.database.tables import Image
from reaction_board.errors import (
    BoardFull,
    CrossOrigin,
    FileTooLarge,
    ImageNotFound,
    InvalidMimeType,
    InvalidTag,
    PreconditionFailed,
    ServiceUnavailable,
    StorageError,
    Unauthorized,
)
from reaction_board.http import examples
from reaction_board.http.blueprint import Blueprint, string_header
from reaction_board.service import images, tags

blp = Blueprint(
    "images",
    __name__,
    url_prefix="/api/v1/images",
    description="Upload images, look one up, replace its tags, and tag or delete many.",
)

ETAG = {
    "ETag": string_header("identifies this state of the record, for If-None-Match and If-Match", examples.RECORD_ETAG)
}


LOCATION = {"Location": string_header("the path of the new image", f"/api/v1/images/{examples.IMAGE_ID}")}


def etag_of(image: Image) -> str:
    """Return the ETag of an image's record. Only the tags of a record can change."""
    return hashlib.sha256(f"{image['id']} {' '.join(image['tags'])}".encode()).hexdigest()[:32]


def with_etag(image: Image) -> ResponseReturnValue:
    """Return the response with an image's record, or 304 if the client already has it."""
    etag = etag_of(image)
    headers = {"ETag": f'"{etag}"'}
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=headers)
    return dict(image), 200, headers


def if_match(image: Image) -> None:
    """Raise PreconditionFailed if `If-Match` does not name the current state of an image's record."""
    # Weak ETags match, too: nginx weakens the ETag of a response that it compresses.
    if "If-Match" in request.headers and not request.if_match.contains_weak(etag_of(image)):
        raise PreconditionFailed


@blp.route("", methods=["POST"])
@blp.raises(Unauthorized, CrossOrigin, InvalidMimeType, FileTooLarge, InvalidTag)
@blp.raises(StorageError, ServiceUnavailable, BoardFull)
@blp.arguments(UploadSchema, location="multipart")
@blp.response(201, UploadedImageSchema, description="The new image.", headers={**LOCATION, **ETAG})
@blp.alt_response(
    200,
    schema=UploadedImageSchema,
    success=True,
    description="The image that already has this file.",
    example={"duplicate": True},
    headers=ETAG,
)
def upload_image(form: Mapping[str, Any]) -> ResponseReturnValue:
    """Upload an image

    The content of the file decides its type, and the same file is stored only once. The response to a duplicate is the
    existing image, with its own tags and filename. Use another request to add tags to it.
    """
    file = form["file"]
    image, duplicate = images.add_image(file.stream, file.mimetype, file.filename, form["tags"])
    answer, headers = {**image, "duplicate": duplicate}, {"ETag": f'"{etag_of(image)}"'}
    if duplicate:
        return answer, 200, headers
    return answer, 201, {**headers, "Location": url_for("images.get_image", image_id=image["id"])}


@blp.route("/<image_id:image_id>")
@blp.raises(ImageNotFound, ServiceUnavailable)
@blp.reads_headers(If_None_Match=("the ETag of the client's copy: 304 if it is current", examples.RECORD_ETAG))
@blp.arguments(IncludeSchema, location="query")
@blp.response(200, WholeImageSchema, headers=ETAG)
@blp.alt_response(304, description="The client's copy is current.", headers=ETAG, success=True)
def get_image(query: Mapping[str, Any], image_id: UUID) -> ResponseReturnValue:
    """Look up an image"""
    return with_etag(with_included(images.find_image(image_id), query["include"]))


@blp.route("/<image_id:image_id>", methods=["DELETE"])
@blp.raises(Unauthorized, CrossOrigin, ImageNotFound, ServiceUnavailable)
@blp.response(204, description="The image is deleted.")
def delete_image(image_id: UUID) -> None:
    """Delete an image

    This deletes the record, its tag assignments and the file. The tags themselves remain. The image is gone even if
    the object store fails: the board then deletes the file later.
    """
    images.delete_image(image_id)


@blp.route("/<image_id:image_id>/tags", methods=["PATCH"])
@blp.raises(Unauthorized, CrossOrigin, ImageNotFound, PreconditionFailed, InvalidTag, ServiceUnavailable)
@blp.reads_headers(
    If_Match=("an ETag of the image: 412, without a change, if it is no longer current", examples.RECORD_ETAG)
)
@blp.arguments(TagsSchema)
@blp.response(200, ImageSchema, headers=ETAG)
def replace_tags(body: Mapping[str, Any], image_id: UUID) -> ResponseReturnValue:
    """Replace the tags of an image

    The list is the complete new set of tags; an empty list removes them all. With `If-Match`, the tags are replaced
    only if they have not changed since the client read them.
    """
    return with_etag(tags.replace_tags(image_id, body["tags"], if_match))


@blp.route("/tags", methods=["POST"])
@blp.raises(Unauthorized, CrossOrigin, ImageNotFound, InvalidTag, ServiceUnavailable)
@blp.arguments(TagChangeSchema)
@blp.response(200, ImageListSchema)
def change_tags(body: Mapping[str, Any]) -> dict[str, Any]:
    """Add and remove tags on many images

    Either all images change or, after an error, none does. The response lists the images in the order of `ids`, and a
    repeated id once.
    """
    return {"items": tags.change_tags(body["ids"], body["add"], body["remove"])}


@blp.route("/delete", methods=["POST"])
@blp.raises(Unauthorized, CrossOrigin, ServiceUnavailable)
@blp.arguments(ImageIdsSchema)
@blp.response(200, DeletedImagesSchema)
def delete_images(body: Mapping[str, Any]) -> dict[str, Any]:
    """Delete many images

    This deletes the images one after the other, in the order of `ids`, and a repeated id once. A request that fails
    with 503 may have deleted some of them: repeat it.
    """
    deleted, missing = images.delete_images(body["ids"])
    return {"deleted": deleted, "missing": missing}
