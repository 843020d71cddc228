"""Routes that document their arguments, responses and errors."""

import copy
from collections.abc import Callable, Iterable
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
from reaction_board.http.arguments import ArgumentsParser
from reaction_board.http.envelope import ErrorSchema

View = TypeVar("View", bound=Callable[..., Any])

TOKEN = "token"  # noqa: S105 - the name of the security scheme in the API document

IGNORES_QUERY = "ignores_query"  # marks views that ignore the query


def string_header(description: str) -> dict[str, Any]:
    """Return the documentation of a header."""
    return {"schema": {"type": "string"}, "description": description}


def _string_headers(descriptions: dict[str, str]) -> dict[str, Any]:
    return {name: string_header(description) for name, description in descriptions.items()}


class Blueprint(flask_smorest.Blueprint):
    """A blueprint whose documented errors come from the error classes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.append(self._prepare_token_doc)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a view for a path. Its name is the operationId, after which generated clients name a function."""
        register = super().route(rule, **options)
        return lambda view: register(self.doc(operationId=view.__name__)(view))

    def _prepare_token_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, app: Flask, method: str, **_: Any
    ) -> dict[str, Any]:
        """Document whether this board needs a token for an operation that may answer 401."""
        if Unauthorized.status in map(int, doc["responses"]):
            endpoint = f"{self.name}.{doc_info['manual_doc']['operationId']}"
            needed = app.extensions["auth"].needs_token(method.upper(), endpoint)
            doc["security"] = [{TOKEN: []}] if needed else [{}, {TOKEN: []}]
        return doc

    def raises(self, *errors: type[BoardError], headers: dict[str, Any] | None = None) -> Callable[[View], View]:
        """Document the errors that a view may return, besides InternalError, and the headers of these responses."""

        def decorate(view: View) -> View:
            documented: tuple[type[BoardError], ...] = (*errors, InternalError)
            for error in documented:
                own = _string_headers({name: f"as {value}" for name, value in error.headers.items()})
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
        """Document the request headers that a view reads. Their names have `_` instead of `-`."""
        parameters = [
            {"in": "header", "name": name.replace("_", "-"), **string_header(description)}
            for name, description in descriptions.items()
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
                headers={"Content-Range": string_header("the size of the file in bytes, as `bytes */size`")},
            )(view)
            view = self.reads_headers(**byte_response.CONDITIONS)(self.raises(PreconditionFailed)(view))
            for mime_type in mime_types:
                for status, headers in byte_response.HEADERS.items():
                    view = self.alt_response(
                        status,
                        schema={"type": "string", "format": "binary"},
                        content_type=mime_type,
                        headers=_string_headers(headers),
                        success=True,
                    )(view)
            view = self.alt_response(
                304,
                description="The client's copy is current",
                headers=_string_headers(byte_response.CACHE_HEADERS),
                success=True,
            )(view)
            view._apidoc[IGNORES_QUERY] = True  # type: ignore[attr-defined]  # flask-smorest's own mark
            return view

        return decorate

    def alt_response(self, *args: Any, **options: Any) -> Callable[[View], View]:
        """Document another response of a view.

        flask-smorest's own version wraps the view in a function that only calls it. With one such function for each
        error, the calls take a tenth of the time of a short request.
        """
        wrap = super().alt_response(*args, **options)

        def document(view: View) -> View:
            view._apidoc = wrap(view)._apidoc  # type: ignore[attr-defined]  # flask-smorest's own mark
            return view

        return document

    def arguments(self, schema: type[Schema], *, location: str = "json", **options: Any) -> Callable[[View], View]:
        """Parse and validate arguments for a view, and document the errors for invalid ones."""
        errors: list[type[BoardError]] = [InvalidField]
        if location != "query":
            errors += [BadRequest, RequestTimeout, PayloadTooLarge, UnsupportedMediaType]
        parse = super().arguments(schema, location=location, **options)
        return lambda view: self.raises(*errors)(parse(view))


Blueprint.ARGUMENTS_PARSER = ArgumentsParser()
Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
    **flask_smorest.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
    "multipart": "multipart/form-data",
}
