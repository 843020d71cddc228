"""The schemas of all requests and responses of the API."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from reaction_board.api.fields import CommaSeparatedTags, CursorField, TagList, TagName
from reaction_board.database.queries.fingerprints import MAX_DISTANCE
from reaction_board.database.queries.images import created_at
from reaction_board.database.queries.search import Cursor
from reaction_board.database.queries.suggestions import NEWEST
from reaction_board.database.tables import TAG_PATTERN, Image
from reaction_board.http import examples
from reaction_board.http.arguments import ImageId, PlainBoolean, PlainInteger, UploadedFile
from reaction_board.http.links import SITE_NAME
from reaction_board.media.filename import MAX_FILENAME
from reaction_board.media.formats import EXTENSIONS
from reaction_board.storage import HASH_PATTERN

HASH = {"pattern": f"^{HASH_PATTERN}$", "example": examples.HASH}
TAG = f"^{TAG_PATTERN}$"
PIXELS = {"minimum": 1, "description": "pixels"}

# Tags

# For each parameter of a search. gunicorn_conf.py and deploy/nginx.conf accept URLs of this length.
MAX_SEARCHED_TAGS = 200
MAX_ALIASES = 10_000  # in one request, of at most 1 MiB; merges can give a tag any number of aliases


class TagSchema(Schema):
    """A tag."""

    id = fields.UUID(required=True, metadata={"example": examples.TAG_ID})
    name = fields.String(required=True, metadata={"pattern": TAG, "example": examples.TAG})
    image_count = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "number of images that have the tag", "example": 2}
    )


MERGING = "aliases whose merge is unfinished, because images still have to be moved: repeat the merge to finish it"


class TagWithAliasesSchema(TagSchema):
    """A tag and its aliases."""

    aliases = fields.List(
        fields.String(metadata={"pattern": TAG}),
        required=True,
        metadata={"description": "sorted by name", "example": [examples.ALIAS]},
    )
    merging = fields.List(
        fields.String(metadata={"pattern": TAG}), required=True, metadata={"description": MERGING, "example": []}
    )


class AliasesSchema(Schema):
    """The complete set of a tag's aliases."""

    aliases = TagList([examples.ALIAS], most=MAX_ALIASES, required=True)


class MergeSchema(Schema):
    """The tag to merge into. It may be new."""

    into = TagName(examples.TAG, required=True)


class MergeStepSchema(Schema):
    """The progress of a merge."""

    moved = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "number of images moved by this request", "example": 2}
    )
    remaining = fields.Integer(
        required=True,
        metadata={
            "minimum": 0,
            "description": "number of images still to be moved: repeat the request until it is 0",
            "example": 0,
        },
    )
    tag = fields.Nested(TagWithAliasesSchema, required=True)


# Images


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


# Pages of lists


def page_schema(default_limit: int, max_limit: int) -> type[Schema]:
    """Return the schema of the query parameters of a list."""
    return Schema.from_dict(
        {
            "limit": PlainInteger(
                load_default=default_limit,
                validate=validate.Range(1, max_limit),
                metadata={"description": "maximum number of items in the response"},
            ),
            "offset": PlainInteger(
                load_default=0,
                validate=validate.Range(0, 2**63 - 1),
                metadata={"description": "number of items to skip"},
            ),
        }
    )


class TagConditionsSchema(Schema):
    """The query parameters that select and order tags."""

    q = fields.String(
        load_default="", metadata={"description": "only names that begin with this text", "example": "ag"}
    )
    match = fields.String(
        load_default="",
        metadata={
            "description": "only names and aliases that contain this text. Names with a word that begins with it come"
            " first, then the others, each group by image count. `-` and `_` separate words; a space matches either.",
            "example": "ye",
        },
    )
    with_ = CommaSeparatedTags(
        f"at most {MAX_SEARCHED_TAGS} tags, separated by commas. Lists the other tags of the newest {NEWEST} images"
        " that have all of these, by image count",
        MAX_SEARCHED_TAGS,
        data_key="with",
        example="cat",
    )
    order = fields.String(
        validate=validate.OneOf(["name", "count"]),
        metadata={"default": "name", "description": "by name in byte order, or by image count with the largest first"},
    )


class TagQuerySchema(page_schema(default_limit=100, max_limit=200), TagConditionsSchema):  # type: ignore[misc]  # a call
    """The query parameters of the list of tags. In the document, those of the last base class come first."""

    @validates_schema
    def _exclude(self, data: Mapping[str, Any], **_: Any) -> None:
        chosen = [name for name in ("q", "match", "with_") if data.get(name)]
        if len(chosen) > 1:
            raise ValidationError(f"Cannot be combined with {chosen[0]}.", chosen[1].rstrip("_"))
        if data.get("order") and chosen not in ([], ["q"]):
            raise ValidationError("Cannot be combined with match or with, which have their own order.", "order")


class ListedTagSchema(TagSchema):
    """A tag in a list."""

    merging = fields.List(
        fields.String(metadata={"pattern": TAG}),
        metadata={
            "minItems": 1,
            "description": f"only in lists by name or count, and only if there are any: {MERGING}",
        },
    )
    alias = fields.String(
        metadata={
            "pattern": TAG,
            "description": "only with `match`: the matching alias, if the match is an alias",
        }
    )
    together = fields.Integer(
        metadata={"minimum": 1, "description": f"only with `with`: how many of the newest {NEWEST} images have the tag"}
    )


class TagPageSchema(Schema):
    """A page of tags."""

    items = fields.List(fields.Nested(ListedTagSchema), required=True)
    total = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "matching tags and aliases on all pages", "example": 1}
    )
    limit = fields.Integer(required=True, metadata={"example": 100})
    offset = fields.Integer(required=True, metadata={"example": 0})


SEARCHED = f"at most {MAX_SEARCHED_TAGS} tags, separated by commas; an image must have"
MAX_RANDOM_OFFSET = 100_000
CURSOR = CursorField.text(Cursor(3, onward=True))  # an example
MAX_SEED = 2**53 - 1  # the largest integer that every JSON parser reads exactly


class ConditionsSchema(Schema):
    """The query parameters that select and order images."""

    tags = CommaSeparatedTags(f"{SEARCHED} all of them", MAX_SEARCHED_TAGS, example=",".join(examples.TAGS))
    any = CommaSeparatedTags(f"{SEARCHED} at least one of them", MAX_SEARCHED_TAGS, example="cat,dog")
    none = CommaSeparatedTags(f"{SEARCHED} none of them", MAX_SEARCHED_TAGS, example="wink")
    mime_type = fields.String(
        load_default=None, validate=validate.OneOf(EXTENSIONS), metadata={"description": "the type of an image"}
    )
    hash = fields.String(
        load_default=None,
        validate=validate.Regexp(rf"{HASH_PATTERN}\Z", error="Must be 64 hexadecimal digits, in lower case."),
        metadata={**HASH, "description": "SHA-256 of a file: finds its image if the board has it"},
    )
    untagged = PlainBoolean(load_default=None, metadata={"description": "whether an image has no tag"})
    animated = PlainBoolean(load_default=None, metadata={"description": "whether an image has more than one frame"})
    order = fields.String(
        load_default="newest",
        validate=validate.OneOf(["newest", "random"]),
        metadata={
            "description": f"newest first, or in random order. In random order, `offset` is at most {MAX_RANDOM_OFFSET}"
        },
    )
    seed = PlainInteger(
        load_default=None,
        validate=validate.Range(0, MAX_SEED),
        metadata={"description": "the seed of the random order; by default, the board chooses one", "example": 7},
    )
    cursor = CursorField(
        load_default=None,
        metadata={
            "type": "string",
            "description": "a position in the list, from the header `Link`; cannot be combined with `offset`",
            "example": CURSOR,
        },
    )


class SearchSchema(IncludeSchema, page_schema(default_limit=50, max_limit=100), ConditionsSchema):  # type: ignore[misc]  # a call
    """The query parameters of the list of images. In the document, those of the last base class come first."""

    @validates_schema
    def _exclude(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("cursor") and data.get("offset"):
            raise ValidationError("Cannot be combined with offset.", "cursor")
        if data.get("seed") is not None and data.get("order") != "random":
            raise ValidationError("Needs order=random.", "seed")
        # A random order is walked from its beginning: the cost of an offset grows with it, a cursor costs nothing.
        if data.get("order") == "random" and data.get("offset", 0) > MAX_RANDOM_OFFSET:
            message = f"At most {MAX_RANDOM_OFFSET} in random order. Follow the links in the header Link instead."
            raise ValidationError(message, "offset")

    @post_load
    def _choose_seed(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["order"] == "random" and data["seed"] is None:
            data["seed"] = secrets.randbelow(2**31)
        return data


class ImagePageSchema(Schema):
    """A page of images."""

    items = Images(WholeImageSchema)
    total = fields.Integer(
        required=True, metadata={"minimum": 0, "description": "matching images on all pages", "example": 1}
    )
    limit = fields.Integer(required=True, metadata={"example": 50})
    offset = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null if the request has a `cursor`", "example": 0}
    )
    seed = fields.Integer(metadata={"minimum": 0, "description": "only in random order: its seed"})


# Similar images


class SimilarQuerySchema(IncludeSchema):
    """The query parameters of a search for similar images."""

    limit = PlainInteger(
        load_default=20,
        validate=validate.Range(1, 100),
        metadata={"description": "maximum number of images in the response"},
    )
    distance = PlainInteger(
        load_default=MAX_DISTANCE,
        validate=validate.Range(0, MAX_DISTANCE),
        metadata={"description": "maximum number of bits, of 64, in which the fingerprints differ"},
    )


class FileSchema(Schema):
    """The form of a search by picture."""

    file = UploadedFile(required=True, metadata=FILE)


class SimilarImageSchema(WholeImageSchema):
    """An image, and how much it differs from the picture of the search."""

    distance = fields.Integer(
        required=True,
        metadata={
            "minimum": 0,
            "maximum": MAX_DISTANCE,
            "description": "number of bits in which the fingerprints differ",
            "example": 0,
        },
    )


class SimilarImagesSchema(Schema):
    """Similar images, the nearest first."""

    items = Images(SimilarImageSchema)


# Links


class LinkSchema(Schema):
    """The query parameters of oEmbed."""

    url = fields.String(
        required=True,
        metadata={
            "format": "uri",
            "description": "a link to an image: `/i/{id}`, `/i/{id}.{extension}` or `/?image={id}`",
            "example": f"{examples.BOARD}/i/{examples.IMAGE_ID}",
        },
    )
    maxwidth = PlainInteger(
        load_default=None,
        validate=validate.Range(1, 2**31),
        metadata={"description": "maximum width of the picture in pixels"},
    )
    maxheight = PlainInteger(
        load_default=None,
        validate=validate.Range(1, 2**31),
        metadata={"description": "maximum height of the picture in pixels"},
    )
    format = fields.String(
        load_default="json", validate=validate.OneOf(["json"]), metadata={"description": "the only format"}
    )


class PhotoSchema(Schema):
    """A photo response of oEmbed 1.0."""

    version = fields.String(required=True, metadata={"example": "1.0"})
    type = fields.String(required=True, metadata={"enum": ["photo"], "example": "photo"})
    title = fields.String(
        required=True,
        metadata={"description": "the tags or, without tags, the filename", "example": ", ".join(examples.TAGS)},
    )
    provider_name = fields.String(required=True, metadata={"example": SITE_NAME})
    provider_url = fields.String(required=True, metadata={"format": "uri", "example": f"{examples.BOARD}/"})
    url = fields.String(
        required=True,
        metadata={
            "format": "uri",
            "description": "the image file, or its thumbnail",
            "example": f"{examples.BOARD}/i/{examples.IMAGE_ID}.jpg",
        },
    )
    width = fields.Integer(required=True, metadata={**PIXELS, "example": examples.WIDTH})
    height = fields.Integer(required=True, metadata={**PIXELS, "example": examples.HEIGHT})
    thumbnail_url = fields.String(
        required=True,
        metadata={"format": "uri", "example": f"{examples.BOARD}/api/v1/images/{examples.IMAGE_ID}/thumbnail"},
    )
    thumbnail_width = fields.Integer(required=True, metadata={**PIXELS, "example": examples.WIDTH})
    thumbnail_height = fields.Integer(required=True, metadata={**PIXELS, "example": examples.HEIGHT})


# The service itself


class HealthSchema(Schema):
    """The health of the service."""

    status = fields.String(required=True, metadata={"enum": ["ok"], "example": "ok"})


class ReadinessSchema(Schema):
    """Whether the service can do its work."""

    status = fields.String(required=True, metadata={"enum": ["ready"], "example": "ready"})
