"""Images: their fields, uploads, and changes of several images."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from reaction_board.api.fields import CommaSeparatedTags, TagList
from reaction_board.api.schemas.tags import TAG
from reaction_board.database.queries.images import created_at
from reaction_board.database.tables import Image
from reaction_board.http import examples
from reaction_board.http.arguments import ImageId, UploadedFile
from reaction_board.media.filename import MAX_FILENAME
from reaction_board.media.formats import EXTENSIONS
from reaction_board.storage import HASH_PATTERN

HASH = {"pattern": f"^{HASH_PATTERN}$", "example": examples.HASH}


def rfc_3339(moment: datetime) -> str:
    """Return a time in UTC in the format of RFC 3339, with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ImageSchema(Schema):
    """An image."""

    id = fields.UUID(required=True, metadata={"example": examples.IMAGE_ID})
    hash = fields.String(required=True, metadata={**HASH, "description": "SHA-256 of the file"})
    filename = fields.String(
        required=True, metadata={"minLength": 1, "maxLength": MAX_FILENAME, "example": examples.FILENAME}
    )
    mime_type = fields.String(required=True, metadata={"enum": list(EXTENSIONS), "example": examples.MIME_TYPE})
    size_bytes = fields.Integer(required=True, metadata={"minimum": 1, "example": examples.SIZE_BYTES})
    width = fields.Integer(
        required=True,
        metadata={"minimum": 1, "description": "pixels, as a browser displays it", "example": examples.WIDTH},
    )
    height = fields.Integer(
        required=True,
        metadata={"minimum": 1, "description": "pixels, as a browser displays it", "example": examples.HEIGHT},
    )
    storage_key = fields.Function(
        lambda image: image["hash"],
        required=True,
        metadata={"type": "string", **HASH, "description": "the same as hash"},
    )
    created_at = fields.Function(
        lambda image: rfc_3339(created_at(image)),
        required=True,
        metadata={"type": "string", "format": "date-time", "example": examples.CREATED_AT},
    )
    tags = fields.List(
        fields.String(metadata={"pattern": TAG}),
        required=True,
        metadata={"description": "sorted by name", "example": examples.TAGS},
    )


class WholeImageSchema(ImageSchema):
    """An image, with the field that `include` names."""

    frames = fields.Integer(
        attribute="included_frames",
        metadata={"minimum": 1, "description": "only with `include=frames`; more than one if the image is animated"},
    )


class IncludeSchema(Schema):
    """The query parameters of one image."""

    include = fields.String(
        load_default=None,
        validate=validate.OneOf(["frames"]),
        metadata={"description": "an additional field of the images"},
    )


def with_included(image: Image, include: str | None) -> Image:
    """Return an image with the field that `include` names, if any."""
    return {**image, f"included_{include}": image[include]} if include else image


class Images(fields.List[Any]):
    """A list of images, serialized without marshmallow, which would take a third of the time of the whole response."""

    def __init__(self, schema: type[Schema]) -> None:
        super().__init__(fields.Nested(schema), required=True)

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return [_image_json(image) for image in value]


def _image_json(image: Image) -> dict[str, Any]:
    """Return an image as WholeImageSchema or SimilarImageSchema would serialize it."""
    included = {"frames": image["included_frames"]} if "included_frames" in image else {}
    if "distance" in image:
        included["distance"] = image["distance"]
    return {
        "id": str(image["id"]),
        "hash": image["hash"],
        "filename": image["filename"],
        "mime_type": image["mime_type"],
        "size_bytes": image["size_bytes"],
        "width": image["width"],
        "height": image["height"],
        "storage_key": image["hash"],
        "created_at": rfc_3339(created_at(image)),
        "tags": image["tags"],
        **included,
    }


class UploadedImageSchema(ImageSchema):
    """An image, and whether the board already had it."""

    duplicate = fields.Boolean(
        required=True, metadata={"description": "whether the board already had the file", "example": False}
    )


class ImageListSchema(Schema):
    """A list of images."""

    items = Images(ImageSchema)


FILE = {"description": "a JPEG, PNG, GIF or WebP image", "example": f"(the bytes of {examples.FILENAME})"}


class UploadSchema(Schema):
    """The form of an upload."""

    file = UploadedFile(required=True, metadata=FILE)
    tags = CommaSeparatedTags("separated by commas", example=",".join(examples.TAGS))


class TagsSchema(Schema):
    """The complete set of an image's tags."""

    tags = TagList(examples.TAGS, required=True)


MAX_CHANGED_IMAGES = 100  # in one request


class ImageIdsSchema(Schema):
    """The ids of the images to change."""

    ids = fields.List(
        ImageId(metadata={"example": examples.IMAGE_ID}), required=True, validate=validate.Length(1, MAX_CHANGED_IMAGES)
    )


class DeletedImagesSchema(Schema):
    """The ids of deleted and of missing images."""

    deleted = fields.List(fields.UUID(metadata={"example": examples.IMAGE_ID}), required=True)
    missing = fields.List(
        fields.UUID(), required=True, metadata={"description": "ids that no image had", "example": []}
    )


class TagChangeSchema(ImageIdsSchema):
    """Tags to add to images, and tags to remove from them."""

    add = TagList(["staring"], load_default=list)
    remove = TagList(["dog"], load_default=list)

    @validates_schema
    def _change_something(self, data: Mapping[str, Any], **_: Any) -> None:
        add, remove = data.get("add", []), data.get("remove", [])
        if not add and not remove:
            raise ValidationError("Give at least one tag to add or remove.", "add")
        if both := set(add) & set(remove):
            raise ValidationError(f"{min(both)!r} is also in add.", "remove")
