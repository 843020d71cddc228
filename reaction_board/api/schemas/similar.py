"""Searches for similar images."""

from marshmallow import Schema, fields, validate

from reaction_board.api.schemas.images import FILE, Images, IncludeSchema, WholeImageSchema
from reaction_board.database.queries.fingerprints import MAX_DISTANCE
from reaction_board.http.arguments import PlainInteger, UploadedFile


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
