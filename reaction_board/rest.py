"""How Flask and flask-smorest are bent to the contract: errors, arguments, multipart bodies, ids in paths."""

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import flask_smorest
from flask import Flask, Request, after_this_request, current_app, g, request
from flask_cors import CORS
from flask_smorest.fields import Upload
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug import Response as BaseResponse
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.formparser import MultiPartParser
from werkzeug.routing import BaseConverter

from reaction_board import request_log
from reaction_board.errors import (
    HTTP_ERRORS,
    BadRequest,
    BoardError,
    InternalError,
    InvalidField,
    PayloadTooLarge,
    Unauthorized,
    UnsupportedMediaType,
)
from reaction_board.media import ReceivedFile
from reaction_board.settings import MIB

View = TypeVar("View", bound=Callable[..., Any])

MAX_JSON_BYTES = MIB
MAX_FORM_PARTS = 20
MAX_FIELD_BYTES = 500_000  # of each part that is not a file
CHUNK_BYTES = 256 * 1024  # with 64 KiB, gunicorn and the parser take a third longer for 50 MB
MAX_UNREAD_BYTES = 256 * MIB  # over the largest file: of a refused body that are read, so that the answer is, too


TOKEN = "token"  # noqa: S105 - the name of the security scheme in the API document
EXPOSED_HEADERS = ["Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Link", "Location", "X-Request-ID"]


class ErrorSchema(Schema):
    """The body of every answer of 400 and above."""

    detail = fields.String(required=True, metadata={"description": "for a person"})
    code = fields.String(required=True, metadata={"description": "for a program"})


class Api(flask_smorest.Api):
    """The API and its document; turns every error into the envelope."""

    ERROR_SCHEMA = ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        app: Flask = self._app
        app.register_error_handler(BoardError, self.handle_board_error)
        app.register_error_handler(HTTPException, self.handle_http_exception)

    def handle_board_error(self, error: BoardError) -> BaseResponse:
        """Answer with an error of ours; the cause of a fault is logged."""
        if error.status >= 500:
            request_log.log_fault(error)
        response = BaseResponse(status=error.status, headers=error.headers)
        return _with_envelope(response, error.detail, error.code)

    def handle_http_exception(self, error: HTTPException) -> BaseResponse:
        """Answer with an error of HTTP's own; keeps its headers, as `Allow` and `Content-Range`."""
        if isinstance(error, InternalServerError):
            fault = InternalError()
            fault.__cause__ = error.original_exception or error
            return self.handle_board_error(fault)
        response = error.get_response()
        if response.status_code < 400:  # a redirect
            return response
        if known := HTTP_ERRORS.get(response.status_code):
            return _with_envelope(response, known.detail, known.code)
        status = HTTPStatus(response.status_code)
        return _with_envelope(response, error.description or status.phrase, status.name.lower())


def _with_envelope(response: BaseResponse, detail: str, code: str) -> BaseResponse:
    response.data = current_app.json.dumps({"detail": detail, "code": code})
    response.content_type = "application/json"
    _read_rest_of_body()
    return response


def _read_rest_of_body() -> None:
    """Read what is left of the request's body, up to a bound.

    A server that closes a connection while bytes wait in it resets it, and the client may never see the answer.
    """
    if not request.environ.get("wsgi.input_terminated"):  # reading could wait for ever
        return
    with contextlib.suppress(BadRequest):
        for _ in range((current_app.config["MAX_UPLOAD_BYTES"] + MAX_UNREAD_BYTES) // CHUNK_BYTES):
            if not request.environ["wsgi.input"].read(CHUNK_BYTES):
                return


class _Body:
    """The body of a request: one that breaks off or is badly chunked is the client's fault, not ours."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._stream.read(size)
        except HTTPException:
            raise
        except Exception as error:  # each web server has errors of its own
            raise BadRequest("The body broke off.") from error
        g.exchange.bytes_in += len(chunk)
        return chunk


def string_header(description: str) -> dict[str, Any]:
    """Return how a header of an answer is documented."""
    return {"schema": {"type": "string"}, "description": description}


class Blueprint(flask_smorest.Blueprint):
    """A blueprint whose documented errors come from the error classes."""

    def raises(self, *errors: type[BoardError], headers: dict[str, Any] | None = None) -> Callable[[View], View]:
        """Document the errors that a view may answer with, an internal one included, and headers of these answers."""

        def decorate(view: View) -> View:
            documented: tuple[type[BoardError], ...] = (*errors, InternalError)
            if Unauthorized in errors:
                view = self.doc(security=[{}, {TOKEN: []}])(view)
            for error in documented:
                own = {name: string_header(f"as {value}") for name, value in error.headers.items()}
                view = self.alt_response(
                    error.status,
                    schema=ErrorSchema,
                    examples={
                        error.code: {"summary": error.__doc__, "value": {"detail": error.detail, "code": error.code}}
                    },
                    headers={**own, **(headers or {})} or None,
                )(view)
            return view

        return decorate

    def reads_headers(self, **descriptions: str) -> Callable[[View], View]:
        """Document headers of the request that a view reads, by their names with `_` for `-`."""
        return self.doc(
            parameters=[
                {
                    "in": "header",
                    "name": name.replace("_", "-"),
                    "schema": {"type": "string"},
                    "description": description,
                }
                for name, description in descriptions.items()
            ]
        )

    def alt_response(self, *args: Any, **options: Any) -> Callable[[View], View]:
        """Document another answer of a view.

        The stock one wraps the view in a function that only calls it: with one for each error, that is a tenth of the
        time of a short request.
        """
        wrap = super().alt_response(*args, **options)

        def document(view: View) -> View:
            view._apidoc = wrap(view)._apidoc  # type: ignore[attr-defined]
            return view

        return document

    def arguments(self, schema: type[Schema], *, location: str = "json", **options: Any) -> Callable[[View], View]:
        """Parse and validate arguments for a view, and document what is said to bad ones."""
        errors: list[type[BoardError]] = [InvalidField]
        if location != "query":
            errors += [BadRequest, PayloadTooLarge, UnsupportedMediaType]
        parse = super().arguments(schema, location=location, **options)
        return lambda view: self.raises(*errors)(parse(view))


class ArgumentsParser(FlaskParser):
    """Parses strictly: unknown and repeated fields are refused, and what is wrong is said in our envelope."""

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(("query", "json", "multipart"), RAISE)
    __location_map__ = FlaskParser.__location_map__ | {"multipart": "load_multipart"}

    def load_querystring(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return the query's parameters."""
        return self._once(req.args, schema)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Return the JSON body. Raises BadRequest, and 415 if it is not said to be JSON."""
        if not req.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        req.max_content_length = MAX_JSON_BYTES
        try:
            return json.loads(req.get_data())
        except (ValueError, RecursionError) as error:
            raise BadRequest("The body is not valid JSON.") from error

    def load_multipart(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return fields and files of a form. Raises BadRequest, FileTooLarge, and 415 if it is not called a form.

        A file is hashed and measured while it arrives, and forgotten when the request is answered.
        """
        if req.mimetype != "multipart/form-data":
            raise UnsupportedMediaType("Send the body as multipart/form-data.")
        parser = MultiPartParser(
            stream_factory=_receive_file,
            max_form_memory_size=MAX_FIELD_BYTES,
            max_form_parts=MAX_FORM_PARTS,
            buffer_size=CHUNK_BYTES,
        )
        try:
            boundary = req.mimetype_params["boundary"].encode("ascii")
            fields, files = parser.parse(req.stream, boundary, req.content_length)
        except (KeyError, ValueError) as error:
            raise BadRequest("The body is not valid multipart/form-data.") from error
        return self._once(MultiDict[str, Any]([*fields.items(multi=True), *files.items(multi=True)]), schema)

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
        """Raise InvalidField for the first of the errors."""
        raise InvalidField(_first_message(error.messages)) from None


Blueprint.ARGUMENTS_PARSER = ArgumentsParser()
Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
    **flask_smorest.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
    "multipart": "multipart/form-data",
}


def _first_message(messages: Any) -> str:
    """Return `field.inner: What is wrong` of the nested messages of webargs, which begin with the location."""
    path = []
    while isinstance(messages, dict):
        name, messages = next(iter(messages.items()))
        path.append(str(name)[:100])
    field = ".".join(name for name in path[1:] if name != "_schema")  # marshmallow's name for the whole
    return f"{field or 'body'}: {messages[0]}"


class PlainInteger(fields.Integer):
    """An integer as JSON writes it: Python would take `1_000` and the digits of every script, too."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,20}", value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class UploadedFile(Upload):
    """A file of a form; a field of text that has its name is refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise ValidationError("Must be a file.")
        return value


def page_schema(default_limit: int, max_limit: int) -> type[Schema]:
    """Return the schema of the query parameters of a list."""
    return Schema.from_dict(
        {
            "limit": PlainInteger(load_default=default_limit, validate=validate.Range(1, max_limit)),
            "offset": PlainInteger(load_default=0, validate=validate.Range(0, 2**63 - 1)),
        }
    )


def _receive_file(*args: Any, **kwargs: Any) -> Any:
    if "received" in g:  # a file is kept on disk: no more than one of a request
        raise InvalidField("file: Given more than once.")
    g.received = received = ReceivedFile(current_app.config["MAX_UPLOAD_BYTES"])

    @after_this_request
    def forget(response: BaseResponse) -> BaseResponse:
        received.close()
        return response

    return received


class ImageIdConverter(BaseConverter):
    """The id of an image in a path. A malformed one becomes the nil UUID, which no image has: both are not found.

    `tags` is none: that path is one of its own.
    """

    regex = r"(?!tags\Z)[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> UUID:
        """Return the UUID."""
        well_formed = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value)
        return UUID(value) if well_formed else UUID(int=0)

    def to_url(self, value: Any) -> str:
        """Return the UUID as text."""
        return str(value)


def init_app(app: Flask) -> Api:
    """Make the application speak the contract; return the Api to register blueprints with."""
    app.url_map.converters["image_id"] = ImageIdConverter
    app.config.update(
        API_TITLE="Reaction Image Board",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        OPENAPI_SWAGGER_UI_URL="/static/swagger-ui/",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if app.config["CORS_ORIGINS"]:
        CORS(app, origins=app.config["CORS_ORIGINS"], expose_headers=EXPOSED_HEADERS)

    @app.before_request
    def read_carefully() -> None:
        request.environ["wsgi.input"] = _Body(request.environ["wsgi.input"])

    @app.before_request
    def refuse_unknown_query() -> None:
        documented = getattr(app.view_functions.get(request.endpoint or ""), "_apidoc", None)
        if documented is None or not request.args:
            return
        parameters = documented.get("arguments", {}).get("parameters", [])
        if not any(parameter["in"] == "query" for parameter in parameters):
            raise InvalidField(f"{next(iter(request.args))[:100]}: Unknown field.")

    api = Api(app)
    api.spec.components.security_scheme(
        TOKEN, {"type": "http", "scheme": "bearer", "description": "for writing, where the board asks for a token"}
    )
    api.register_converter(ImageIdConverter, lambda converter: {"type": "string", "format": "uuid"})
    return api
