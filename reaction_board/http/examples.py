"""Examples in the API document. They all show the photograph of docs/tour.md, its tags, and a merged tag."""

from typing import Any

from marshmallow import Schema, fields

IMAGE_ID = "01a21838-b437-734f-b1fa-2d7c1d11b198"
HASH = "0d0734e99499ec22ef0f0c97fae3269f55fbd5bca5e52af4322fdeea7dfee528"
CREATED_AT = "2026-11-26T14:18:19.063Z"
HTTP_DATE = "Thu, 26 Nov 2026 14:18:19 GMT"  # the same time, as Last-Modified has it
FILENAME = "cat.jpg"
MIME_TYPE = "image/jpeg"
SIZE_BYTES = 23675
WIDTH, HEIGHT = 451, 300
TAGS = ["cat", "staring"]
RECORD_ETAG = '"a3138ea22519eda9b2d5790f13b6cc5a"'
FILE_ETAG = f'"{HASH}"'

# The tag `yes` was merged into `agreed`.
TAG_ID = "4c315ca2-c72d-469b-84a4-a3b291b7d9db"
TAG, ALIAS = "agreed", "yes"

BOARD = "http://127.0.0.1:8000"


def example_of(schema: type[Schema]) -> dict[str, Any]:
    """Return an object that consists of the examples of a schema's fields. A field without an example is left out."""
    examples = {field.data_key or name: _example(field) for name, field in schema().fields.items()}
    return {name: example for name, example in examples.items() if example is not None}


def _example(field: fields.Field[Any]) -> Any:
    if isinstance(field, fields.Nested):
        return example_of(type(field.schema))
    if isinstance(field, fields.List) and "example" not in field.metadata:
        item = _example(field.inner)
        return None if item is None else [item]
    return field.metadata.get("example")
