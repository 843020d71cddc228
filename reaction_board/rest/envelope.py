"""Every error in the one envelope, whoever raised it, and the request's body read so far that the client sees it."""

import contextlib
from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Flask, current_app, g, request
from marshmallow import Schema, fields
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import HTTPException, InternalServerError

from reaction_board import request_log
from reaction_board.errors import HTTP_ERRORS, BadRequest, BoardError, InternalError
from reaction_board.settings import MIB

CHUNK_BYTES = 256 * 1024  # with 64 KiB, gunicorn and the parser take a third longer for 50 MB
MAX_UNREAD_BYTES = 256 * MIB  # over the largest file: of a refused body that are read, so that the answer is, too


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


class Body:
    """The body of a request: one that breaks off or is badly chunked is the client's fault, not ours."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises BadRequest."""
        try:
            chunk = self._stream.read(size)
        except HTTPException:
            raise
        except Exception as error:  # each web server has errors of its own
            raise BadRequest("The body broke off.") from error
        g.exchange.bytes_in += len(chunk)
        return chunk
