"""Strict parsing of requests: queries, JSON, forms with files, and ids in paths."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

from flask import Request, after_this_request, current_app, g
from flask_smorest.fields import Upload
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug import Response as BaseResponse
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.routing import BaseConverter

from reaction_board.database.tables import TAG_PATTERN
from reaction_board.errors import BadRequest, InvalidField, UnsupportedMediaType
from reaction_board.http import multipart
from reaction_board.http.body import CHUNK_BYTES
from reaction_board.media.received_file import ReceivedFile
from reaction_board.settings import MIB

MAX_JSON_BYTES = MIB
MAX_FORM_PARTS = 20
MAX_FIELD_BYTES = 500_000  # of each part that is not a file

# The details of errors, by the location of the arguments.
WRONG_TYPE = {"json": "Send the body as application/json.", "multipart": "Send the body as multipart/form-data."}
MALFORMED = {"json": "The body is not valid JSON.", "multipart": "The body is not valid multipart/form-data."}


class ArgumentsParser(FlaskParser):
    """A strict parser: it refuses unknown and repeated fields, and reports errors in the board's envelope."""

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(("query", "json", "multipart"), RAISE)
    __location_map__ = FlaskParser.__location_map__ | {"multipart": "load_multipart"}

    def load_querystring(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return the query's parameters."""
        return self._once(req.args, schema)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Return the JSON body. Raises BadRequest, and UnsupportedMediaType if `Content-Type` is not JSON."""
        if not req.is_json:
            raise UnsupportedMediaType(WRONG_TYPE["json"])
        req.max_content_length = MAX_JSON_BYTES
        try:
            return json.loads(req.get_data())
        except (ValueError, RecursionError) as error:
            raise BadRequest(MALFORMED["json"]) from error

    def load_multipart(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return the fields and files of a form.

        A file is hashed and measured while it arrives, and deleted after the response. Raises BadRequest, FileTooLarge,
        and UnsupportedMediaType if `Content-Type` is not multipart/form-data.
        """
        if req.mimetype != "multipart/form-data":
            raise UnsupportedMediaType(WRONG_TYPE["multipart"])
        try:
            decoder = multipart.Decoder(
                req.mimetype_params["boundary"].encode("ascii"), MAX_FIELD_BYTES, max_parts=MAX_FORM_PARTS
            )
            parts = multipart.parse(
                req.stream.read, decoder, _receive_file, chunk_bytes=CHUNK_BYTES, max_field_bytes=MAX_FIELD_BYTES
            )
        except (KeyError, ValueError) as error:
            raise BadRequest(MALFORMED["multipart"]) from error
        return self._once(MultiDict[str, Any](parts), schema)

    def _once(self, values: MultiDict[str, Any], schema: Schema) -> MultiDictProxy:
        for name, all_values in values.lists():
            if len(all_values) > 1:
                raise InvalidField(f"{name[:100]}: Given more than once.")
        return self._makeproxy(values, schema)

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raise InvalidField for the first error."""
        raise InvalidField(_first_message(error.messages)) from None


def _first_message(messages: Any) -> str:
    """Return the first of webargs' nested messages as `field.inner: message`. Their outermost key is the location."""
    path = []
    while isinstance(messages, dict):
        name, messages = next(iter(messages.items()))
        path.append(str(name)[:100])
    field = ".".join(name for name in path[1:] if name != "_schema")  # marshmallow's key for errors of the whole body
    return f"{field or 'body'}: {messages[0]}"


def typical_error(schema: type[Schema]) -> InvalidField:
    """Return the error of an input that no schema accepts, as an example for the API document."""
    return InvalidField(_first_message({"location": schema().validate({"limit": 0})}))


class PlainInteger(fields.Integer):
    """An integer as JSON writes it. Python's int() also accepts `1_000` and the digits of every script."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,20}", value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class PlainBoolean(fields.Boolean):
    """`true` or `false`, as JSON writes them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **options)


class UploadedFile(Upload):
    """A file of a form. A text field with the same name is refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise ValidationError("Must be a file.")
        return value


def _receive_file() -> ReceivedFile:
    if "received" in g:  # a file takes space on disk, so a request may have only one
        raise InvalidField("file: Given more than once.")
    g.received = received = ReceivedFile(current_app.config["MAX_UPLOAD_BYTES"])

    @after_this_request
    def forget(response: BaseResponse) -> BaseResponse:
        received.close()
        return response

    return received


# The format of RFC 9562. Python also reads others: without hyphens, in braces, as a URN.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ImageId(fields.UUID):
    """The id of an image in a body."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> UUID:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self.make_error("invalid_uuid")
        return UUID(value)


class ImageIdConverter(BaseConverter):
    """The id of an image in a path. A malformed id becomes the nil UUID, which no image has, so the answer is 404.

    `tags`, `delete` and `similar` are not ids, because they are paths of their own.
    """

    regex = r"(?!(?:tags|delete|similar)\Z)[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> UUID:
        """Return the UUID."""
        return UUID(value) if _UUID.fullmatch(value) else UUID(int=0)

    def to_url(self, value: Any) -> str:
        """Return the UUID as text."""
        return str(value)


class TagNameConverter(BaseConverter):
    """The name of a tag in a path, trimmed and lower-cased like every tag.

    An invalid name becomes the empty string, which is the name of no tag, so the answer is 404.
    """

    def to_python(self, value: str) -> str:
        """Return the name."""
        name = value.strip().lower()
        return name if re.fullmatch(TAG_PATTERN, name) else ""
