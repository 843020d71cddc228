"""oEmbed, for sites that show a link to an image as the image."""

from marshmallow import Schema, fields, validate

from reaction_board.http import examples
from reaction_board.http.arguments import PlainInteger
from reaction_board.http.links import SITE_NAME

PIXELS = {"minimum": 1, "description": "pixels"}


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
