"""Puts every error, whatever raised it, into one envelope. Outside the API, a browser gets an error page instead."""

from http import HTTPStatus

import flask_smorest
from flask import Flask, Response, current_app, jsonify, render_template, request
from marshmallow import Schema, fields
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import HTTPException, InternalServerError

from reaction_board.errors import HTTP_ERRORS, BoardError, ImageNotFound, InternalError, PreconditionFailed, code_of
from reaction_board.http import body, request_log


class ErrorSchema(Schema):
    """The body of every response with a status of 400 and above."""

    detail = fields.String(
        required=True, metadata={"description": "the reason, for people", "example": ImageNotFound.detail}
    )
    code = fields.String(
        required=True, metadata={"description": "the kind of error, for programs", "example": ImageNotFound.code}
    )


class Api(flask_smorest.Api):
    """The API and its OpenAPI document. It turns every error into the envelope."""

    ERROR_SCHEMA = ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _openapi_json(self) -> BaseResponse:
        """Serve the OpenAPI document. Its server URL is the path under which this request reached the board."""
        return jsonify({**self.spec.to_dict(), "servers": [{"url": request.script_root or "/"}]})

    def _register_pagination_header(self) -> None:
        """Do nothing: no route uses flask-smorest's own pagination."""

    def _register_error_handlers(self) -> None:
        app: Flask = self._app
        app.register_error_handler(BoardError, self.handle_board_error)
        app.register_error_handler(HTTPException, self.handle_http_exception)
        app.after_request(self._explain_failed_condition)

    def _explain_failed_condition(self, response: Response) -> BaseResponse:
        """Replace Werkzeug's own answer to a failed condition, 412 with the whole page or static file."""
        if response.status_code != PreconditionFailed.status or "ETag" not in response.headers:
            return response
        response.close()
        return self.handle_board_error(PreconditionFailed())

    def handle_board_error(self, error: BoardError) -> BaseResponse:
        """Respond with an error of the board, and log the cause of a fault."""
        if error.status >= 500:
            request_log.log_fault(error)
        response = BaseResponse(status=error.status, headers=error.headers)
        return _with_envelope(response, error.detail, error.code)

    def handle_http_exception(self, error: HTTPException) -> BaseResponse:
        """Respond with an error of Werkzeug, and keep its headers, such as `Allow` and `Content-Range`."""
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
        return _with_envelope(response, error.description or status.phrase, code_of(status))


def _with_envelope(response: BaseResponse, detail: str, code: str) -> BaseResponse:
    if _is_for_a_person():
        # The page links to paths, because the host of the request may not be a name of the board.
        response.data = render_template("error.html", detail=detail)
        response.content_type = "text/html; charset=utf-8"
    else:
        response.data = current_app.json.dumps({"detail": detail, "code": code})
        response.content_type = "application/json"
    if not _is_in_the_api():
        response.vary.add("Accept")
    body.read_rest()
    return response


def _is_for_a_person() -> bool:
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return wanted == "text/html" and not _is_in_the_api()


def _is_in_the_api() -> bool:
    return request.path.startswith("/api/")
