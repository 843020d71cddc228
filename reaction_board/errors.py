"""Every error that a client can receive, with its HTTP status and its code.

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

`http/envelope.py` turns these errors into the envelope. Errors that Werkzeug raises get the code of the class with the
same status. People who use the API read `detail`: it never says anything about the database or the object store. A
fault is raised with `raise … from`, and its cause is logged.
"""

from typing import ClassVar


class BoardError(Exception):
    """An error of the API. Raise a subclass, with a `detail` if the default one can be made more helpful."""

    status: ClassVar[int]
    code: ClassVar[str]
    detail: str
    example: ClassVar[str | None] = None  # for the API document, if clients usually see another detail than the default
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


class BadRequest(BoardError):
    """The request body cannot be parsed, or `Host` is not a name of the board."""

    status = 400
    code = "bad_request"
    detail = "The request body cannot be parsed."


class Unauthorized(BoardError):
    """The operation needs a token, and the request has no valid one."""

    status = 401
    code = "unauthorized"
    detail = "This request needs an access token. Send a valid one in the header 'Authorization: Bearer …'."
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class CrossOrigin(BoardError):
    """A page of another site sent this write, according to the browser."""

    status = 403
    code = "cross_origin"
    detail = "A page of another site sent this request. Only the board's own pages and CORS_ORIGINS may write."


class NotFound(BoardError):
    """Nothing is at this path."""

    status = 404
    code = "not_found"
    detail = "Nothing is at this path."


class ImageNotFound(BoardError):
    """No image has this id."""

    status = 404
    code = "image_not_found"
    detail = "Image not found."


class TagNotFound(BoardError):
    """No tag or alias has this name."""

    status = 404
    code = "tag_not_found"
    detail = "Tag not found."
    example = "No tag or alias is named 'agree'."


class MethodNotAllowed(BoardError):
    """The path does not support this method."""

    status = 405
    code = "method_not_allowed"
    detail = "This path does not support the method. The header Allow lists those that it supports."


class RequestTimeout(BoardError):
    """The request body did not arrive in time."""

    status = 408
    code = "request_timeout"
    detail = "The request did not arrive in time."


class TagInUse(BoardError):
    """Images have the tag, so it cannot become an alias. Merge it instead."""

    status = 409
    code = "tag_in_use"
    detail = "Images have this tag. To make it an alias, merge it into the other tag."
    example = "Images have 'yes'. To make it an alias, merge it into 'agreed'."


class AliasConflict(BoardError):
    """The alias would stand for itself, or for two tags."""

    status = 409
    code = "alias_conflict"
    detail = "An alias stands for exactly one tag, and never for itself."
    example = "'yes' is an alias of 'agreed'. Remove it from the aliases of that tag first."


class PreconditionFailed(BoardError):
    """A condition of the request, such as `If-Match`, does not hold."""

    status = 412
    code = "precondition_failed"
    detail = "A condition of the request does not hold. Fetch the current state and try again."


class PayloadTooLarge(BoardError):
    """The request body, or a text field of the form, is too large."""

    status = 413
    code = "payload_too_large"
    detail = "The request body is too large."


class UnsupportedMediaType(BoardError):
    """The operation does not accept a body of this type."""

    status = 415
    code = "unsupported_media_type"
    detail = "This operation does not accept a body of this type."


class RangeNotSatisfiable(BoardError):
    """The range starts beyond the end of the file."""

    status = 416
    code = "range_not_satisfiable"
    detail = "The range starts beyond the end of the file."


class InvalidMimeType(BoardError):
    """The file is not a readable image of an accepted type."""

    status = 422
    code = "invalid_mime_type"
    detail = "The file is not a readable JPEG, PNG, GIF or WebP image."


class FileTooLarge(BoardError):
    """The file has more bytes, or the picture more pixels, than the board accepts."""

    status = 422
    code = "file_too_large"
    detail = "The file is larger than this board accepts."
    example = "The file is larger than 52.43 MB, the limit of this board."


class InvalidTag(BoardError):
    """A tag is not valid."""

    status = 422
    code = "invalid_tag"
    detail = "A tag has 1 to 64 of the characters a-z, 0-9, '_' and '-'."
    example = f"'so funny' is not a valid tag. {detail}"


class InvalidField(BoardError):
    """A query parameter, form field or body field is not valid. `detail` begins with its name."""

    status = 422
    code = "validation_error"
    detail = "A field is not valid."


class UndecodableImage(BoardError):
    """The picture cannot be decoded within the limits on memory and time, so it has no thumbnail."""

    status = 422
    code = "undecodable_image"
    detail = "The picture is damaged, or too large to decode."


class StorageError(BoardError):
    """The object store failed, or no longer has the file."""

    status = 500
    code = "storage_error"
    detail = "The board cannot read or write its files at the moment. Try again later."


class InternalError(BoardError):
    """The board failed to handle the request. Its log has the cause, with the request's id."""

    status = 500
    code = "internal_error"
    detail = "The board failed to handle the request. Its log has the cause, with the id in X-Request-ID."


class ServiceUnavailable(BoardError):
    """The database is unreachable, the disk is full, or too many requests are waiting. Try again later."""

    status = 503
    code = "service_unavailable"
    detail = "The board is unavailable at the moment. Try again in a few seconds."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}  # seconds


class BoardFull(BoardError):
    """The board has assigned every position that it can number. Deleted images do not free theirs."""

    status = 507
    code = "board_full"
    detail = "This board is full and accepts no more images."


# The errors that Werkzeug and the web servers raise themselves, by status.
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
# Other statuses that Werkzeug, gunicorn or nginx may answer with. Python's own names differ between versions.
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
    """Return the code of an error of HTTP itself. Each status has one, whichever program answers with it."""
    known = HTTP_ERRORS.get(status)
    return known.code if known else HTTP_CODES[status]
