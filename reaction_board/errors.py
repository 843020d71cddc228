"""Every error that a client can be told of, with its HTTP status and its code.

    BoardError
    ├── BadRequest            400  bad_request
    ├── Unauthorized          401  unauthorized
    ├── CrossOrigin           403  cross_origin
    ├── NotFound              404  not_found
    ├── ImageNotFound         404  image_not_found
    ├── TagNotFound           404  tag_not_found
    ├── MethodNotAllowed      405  method_not_allowed
    ├── RequestTimeout        408  request_timeout
    ├── TagInUse              409  tag_in_use
    ├── AliasConflict         409  alias_conflict
    ├── PreconditionFailed    412  precondition_failed
    ├── PayloadTooLarge       413  payload_too_large
    ├── UnsupportedMediaType  415  unsupported_media_type
    ├── RangeNotSatisfiable   416  range_not_satisfiable
    ├── InvalidMimeType       422  invalid_mime_type
    ├── FileTooLarge          422  file_too_large
    ├── InvalidTag            422  invalid_tag
    ├── InvalidField          422  validation_error
    ├── UndecodableImage      422  undecodable_image
    ├── StorageError          500  storage_error
    ├── InternalError         500  internal_error
    ├── ServiceUnavailable    503  service_unavailable
    └── BoardFull             507  board_full

They are raised where they are known and turned into the envelope in `http/envelope.py`, as are the errors that
Werkzeug raises for HTTP's own reasons: those have the code of the class of their status here. `detail` is read by
people who use the API: it never says anything about the database or the object store. The cause of a fault is chained
with `raise … from` and logged.
"""

from typing import ClassVar


class BoardError(Exception):
    """An error of the API: raise a subclass, with a `detail` that helps the client more than the default one."""

    status: ClassVar[int]
    code: ClassVar[str]
    detail: str
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


class BadRequest(BoardError):
    """The body cannot be parsed, or the `Host` is not one of the board's."""

    status = 400
    code = "bad_request"
    detail = "The request body cannot be parsed."


class Unauthorized(BoardError):
    """The operation needs a token, and the request brings none that is valid."""

    status = 401
    code = "unauthorized"
    detail = "This needs a valid token: send the header 'Authorization: Bearer …'."
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class CrossOrigin(BoardError):
    """A browser says that a page of another site sent this write."""

    status = 403
    code = "cross_origin"
    detail = "A page of another site sent this. The board takes writes from its own pages, and from CORS_ORIGINS."


class NotFound(BoardError):
    """Nothing is at this path."""

    status = 404
    code = "not_found"
    detail = "Nothing is at this path."


class ImageNotFound(BoardError):
    """No image has that id."""

    status = 404
    code = "image_not_found"
    detail = "Image not found."


class TagNotFound(BoardError):
    """No tag and no alias has that name."""

    status = 404
    code = "tag_not_found"
    detail = "Tag not found."


class MethodNotAllowed(BoardError):
    """The path does not know this method."""

    status = 405
    code = "method_not_allowed"
    detail = "This method is not allowed here."


class RequestTimeout(BoardError):
    """The body did not arrive in time."""

    status = 408
    code = "request_timeout"
    detail = "The request did not arrive in time."


class TagInUse(BoardError):
    """Images have the tag: a merge takes it from them, and then it can be an alias."""

    status = 409
    code = "tag_in_use"
    detail = "Images have this tag: merge it instead."


class AliasConflict(BoardError):
    """A name would stand for itself, or for two tags."""

    status = 409
    code = "alias_conflict"
    detail = "An alias stands for one tag, and not for itself."


class PreconditionFailed(BoardError):
    """What the request makes its condition does not hold."""

    status = 412
    code = "precondition_failed"
    detail = "The condition of the request does not hold."


class PayloadTooLarge(BoardError):
    """The body, or a field beside the file, is too large."""

    status = 413
    code = "payload_too_large"
    detail = "The request body is too large."


class UnsupportedMediaType(BoardError):
    """The body is not of the type that the operation takes."""

    status = 415
    code = "unsupported_media_type"
    detail = "The request body is of a type that is not accepted here."


class RangeNotSatisfiable(BoardError):
    """The range lies outside of the bytes."""

    status = 416
    code = "range_not_satisfiable"
    detail = "The range lies outside of the bytes."


class InvalidMimeType(BoardError):
    """The upload is not a readable image of an accepted type."""

    status = 422
    code = "invalid_mime_type"
    detail = "The file is not a readable JPEG, PNG, GIF or WebP image."


class FileTooLarge(BoardError):
    """The file has more bytes, or the picture more pixels, than the board takes."""

    status = 422
    code = "file_too_large"
    detail = "The file is larger than this board accepts."


class InvalidTag(BoardError):
    """A tag fails validation."""

    status = 422
    code = "invalid_tag"
    detail = "A tag has 1 to 64 of the characters a-z, 0-9, '_' and '-'."


class InvalidField(BoardError):
    """Any other query, form or body field is wrong; `detail` begins with its name."""

    status = 422
    code = "validation_error"
    detail = "A field is not valid."


class UndecodableImage(BoardError):
    """The picture cannot be decoded, or not within the bounds on memory and time, so it has no thumbnail."""

    status = 422
    code = "undecodable_image"
    detail = "The picture cannot be decoded, or is too large for that, so it has no thumbnail."


class StorageError(BoardError):
    """The object store failed, or no longer has the bytes."""

    status = 500
    code = "storage_error"
    detail = "The image content cannot be reached at the moment."


class InternalError(BoardError):
    """A fault of ours."""

    status = 500
    code = "internal_error"
    detail = "Something went wrong on our side."


class ServiceUnavailable(BoardError):
    """The database cannot be reached, the disk is full, or too many requests wait for the same part of the board."""

    status = 503
    code = "service_unavailable"
    detail = "The service is unavailable at the moment. Try again soon."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}  # seconds


class BoardFull(BoardError):
    """All positions are taken: as many images were uploaded as the board can number, deleted ones included."""

    status = 507
    code = "board_full"
    detail = "This board is full: it takes no more new images."


# What Werkzeug and the web servers raise by themselves, by status.
HTTP_ERRORS: dict[int, type[BoardError]] = {
    error.status: error
    for error in (
        BadRequest,
        Unauthorized,
        CrossOrigin,
        NotFound,
        MethodNotAllowed,
        RequestTimeout,
        PreconditionFailed,
        PayloadTooLarge,
        UnsupportedMediaType,
        RangeNotSatisfiable,
        InternalError,
        ServiceUnavailable,
    )
}
# Further statuses that Werkzeug, gunicorn or nginx may answer with. Python renames its own between versions.
HTTP_CODES = {
    406: "not_acceptable",
    409: "conflict",
    410: "gone",
    411: "length_required",
    414: "uri_too_long",
    417: "expectation_failed",
    418: "im_a_teapot",
    421: "misdirected_request",
    422: "unprocessable_content",
    423: "locked",
    424: "failed_dependency",
    428: "precondition_required",
    429: "too_many_requests",
    431: "request_header_fields_too_large",
    451: "unavailable_for_legal_reasons",
    501: "not_implemented",
    502: "bad_gateway",
    504: "gateway_timeout",
    505: "http_version_not_supported",
}


def code_of(status: int) -> str:
    """Return the code of an error that HTTP itself has: one for each status, whichever program answers with it."""
    known = HTTP_ERRORS.get(status)
    return known.code if known else HTTP_CODES[status]
