"""Routes that document their arguments, responses and errors."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import flask_smorest
from flask import Flask
from marshmallow import Schema

from reaction_board.errors import (
    BadRequest,
    BoardError,
    InternalError,
    InvalidField,
    PayloadTooLarge,
    PreconditionFailed,
    RangeNotSatisfiable,
    RequestTimeout,
    Unauthorized,
    UnsupportedMediaType,
)
from reaction_board.http import byte_response
from reaction_board.http.arguments import MALFORMED, WRONG_TYPE, ArgumentsParser, typical_error
from reaction_board.http.envelope import ErrorSchema
from reaction_board.http.examples import SIZE_BYTES, example_of

View = TypeVar("View", bound=Callable[..., Any])

TOKEN = "token"  # noqa: S105 - the name of the security scheme in the API document

IGNORES_QUERY = "ignores_query"  # marks views that ignore the query


def string_header(description: str, example: str) -> dict[str, Any]:
    """Return the documentation of a header."""
    return {"schema": {"type": "string"}, "description": description, "example": example}


def _string_headers(headers: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    return {name: string_header(*documentation) for name, documentation in headers.items()}


def _with_example(options: dict[str, Any], schema: type[Schema]) -> dict[str, Any]:
    """Return the options of a body's documentation, with the schema's description and example as defaults."""
    return {
        "description": schema.__doc__,
        **options,
        "example": {**example_of(schema), **options.get("example", {})},
    }


class Blueprint(flask_smorest.Blueprint):
    """A blueprint whose documented errors come from the error classes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks += [self._prepare_token_doc, self._prepare_statuses_doc]

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a view for a path. Its name is the operationId, after which generated clients name a function.

        A view without arguments refuses every query parameter, which is documented here.
        """
        register = super().route(rule, **options)

        def document(view: View) -> View:
            known = getattr(view, "_apidoc", {})
            if IGNORES_QUERY not in known and InvalidField.status not in map(int, known["response"]["responses"]):
                view = self.raises(typical_error(Schema))(view)
            decorated: View = register(self.doc(operationId=view.__name__)(view))
            return decorated

        return document

    def _prepare_token_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, app: Flask, method: str, **_: Any
    ) -> dict[str, Any]:
        """Document whether this board needs a token for an operation that may answer 401."""
        if Unauthorized.status in map(int, doc["responses"]):
            endpoint = f"{self.name}.{doc_info['manual_doc']['operationId']}"
            needed = app.extensions["auth"].needs_token(method.upper(), endpoint)
            doc["security"] = [{TOKEN: []}] if needed else [{}, {TOKEN: []}]
        return doc

    @staticmethod
    def _prepare_statuses_doc(doc: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        """Sort the responses by status, and describe each error response by the errors that it has."""
        doc["responses"] = {status: doc["responses"][status] for status in sorted(doc["responses"], key=int)}
        for status, response in doc["responses"].items():
            if int(status) >= 400:
                errors = response["content"]["application/json"]["examples"]
                errors |= {code: errors.pop(code) for code in [InternalError.code] if code in errors}  # the last one
                lines = [f"`{code}`: {error.pop('summary')}" for code, error in errors.items()]
                response["description"] = lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)
        return doc

    def raises(
        self, *errors: type[BoardError] | BoardError, headers: dict[str, Any] | None = None
    ) -> Callable[[View], View]:
        """Document the errors that a view may return, besides InternalError, and the headers of these responses.

        The `detail` in the document is that of the error or, for a class, a typical one.
        """

        def decorate(view: View) -> View:
            documented: list[tuple[type[BoardError] | BoardError, dict[str, Any]]]
            documented = [*((error, headers or {}) for error in errors), (InternalError, {})]
            for error, more in documented:
                detail = error.detail if isinstance(error, BoardError) else error.example or error.detail
                own = _string_headers({name: (f"`{value}`", value) for name, value in error.headers.items()})
                view = self.alt_response(
                    error.status,
                    schema=ErrorSchema,
                    examples={error.code: {"summary": error.__doc__, "value": {"detail": detail, "code": error.code}}},
                    headers={**own, **more} or None,
                )(view)
            return view

        return decorate

    def reads_headers(self, **headers: tuple[str, str]) -> Callable[[View], View]:
        """Document the request headers that a view reads, each by a description and an example.

        Their names have `_` instead of `-`.
        """
        parameters = [
            {"in": "header", "name": name.replace("_", "-"), **string_header(*documentation)}
            for name, documentation in headers.items()
        ]

        def document(view: View) -> View:
            # This keeps the parameters of `arguments`, which those of `doc` would replace.
            documentation = copy.deepcopy(getattr(view, "_apidoc", {}))
            documentation.setdefault("arguments", {}).setdefault("parameters", []).extend(parameters)
            view._apidoc = documentation  # type: ignore[attr-defined]  # flask-smorest's own mark
            return view

        return document

    def answers_bytes(self, mime_types: Iterable[str]) -> Callable[[View], View]:
        """Document a view that returns `byte_response.send`, with these MIME types.

        Such a view ignores the query, because people add `?v=1` to the URL of a picture, and other sites `?fbclid=…`.
        """

        def decorate(view: View) -> View:
            view = self.raises(
                RangeNotSatisfiable,
                headers={"Content-Range": string_header("the size of the file in bytes", f"bytes */{SIZE_BYTES}")},
            )(view)
            view = self.reads_headers(**byte_response.CONDITIONS)(self.raises(PreconditionFailed)(view))
            for mime_type in reversed([*mime_types]):  # flask-smorest documents the last one first
                for status, (description, headers) in byte_response.RESPONSES.items():
                    view = self.alt_response(
                        status,
                        schema={"type": "string", "format": "binary"},
                        description=description,
                        content_type=mime_type,
                        headers=_string_headers(headers),
                        success=True,
                    )(view)
            view = self.alt_response(
                304,
                description="The client's copy is current.",
                headers=_string_headers(byte_response.CACHE_HEADERS),
                success=True,
            )(view)
            view._apidoc[IGNORES_QUERY] = True  # type: ignore[attr-defined]  # flask-smorest's own mark
            return view

        return decorate

    def response(self, status: int, schema: type[Schema] | None = None, **options: Any) -> Callable[[View], View]:
        """Serialize and document the response of a view.

        `example` has the values that differ from the examples of the schema's fields.
        """
        if schema:
            options = _with_example(options, schema)
        decorate: Callable[[View], View] = super().response(status, schema, **options)
        return decorate

    def alt_response(self, status: int, **options: Any) -> Callable[[View], View]:
        """Document another response of a view. `example` is that of `response`.

        flask-smorest's own version wraps the view in a function that only calls it. With one such function for each
        error, the calls take a tenth of the time of a short request.
        """
        if isinstance(schema := options.get("schema"), type) and "examples" not in options:
            options = _with_example(options, schema)
        wrap = super().alt_response(status, **options)

        def document(view: View) -> View:
            view._apidoc = wrap(view)._apidoc  # type: ignore[attr-defined]  # flask-smorest's own mark
            return view

        return document

    def arguments(self, schema: type[Schema], *, location: str = "json", **options: Any) -> Callable[[View], View]:
        """Parse and validate arguments for a view, and document an example and the errors for invalid ones."""
        errors: list[type[BoardError] | BoardError] = [typical_error(schema)]
        if location != "query":
            errors += [BadRequest(MALFORMED[location]), UnsupportedMediaType(WRONG_TYPE[location])]
            errors += [RequestTimeout, PayloadTooLarge]
            options = _with_example(options, schema)
        parse = super().arguments(schema, location=location, **options)
        return lambda view: self.raises(*errors)(parse(view))


Blueprint.ARGUMENTS_PARSER = ArgumentsParser()
Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
    **flask_smorest.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
    "multipart": "multipart/form-data",
}
