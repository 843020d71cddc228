"""The body of a request: errors while it is read, and the rest of a body that is refused."""

import contextlib
from typing import Any

from flask import current_app, g, request
from werkzeug.exceptions import HTTPException

from reaction_board.errors import BadRequest, RequestTimeout
from reaction_board.settings import MIB

CHUNK_BYTES = 256 * 1024  # with 64 KiB, gunicorn and the parser need a third more time for 50 MB
# Bytes of a refused body that are read beyond the size of the largest file, so that the client sees the response.
MAX_UNREAD_BYTES = 256 * MIB


class Body:
    """The body of a request. A body that breaks off or is badly chunked is an error of the client, not a fault."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises BadRequest and RequestTimeout."""
        try:
            chunk = self._stream.read(size)
        except HTTPException:
            raise
        except TimeoutError as error:
            raise RequestTimeout from error
        except Exception as error:  # each web server has its own errors
            raise BadRequest("The request body is incomplete or malformed. Send the request again.") from error
        g.exchange.bytes_in += len(chunk)
        return chunk


def read_rest() -> None:
    """Read the rest of the request's body, up to a limit.

    If a server closes a connection that has unread bytes, the connection is reset, and the client may never see the
    response.
    """
    if not request.environ.get("wsgi.input_terminated"):  # a read might never return
        return
    with contextlib.suppress(BadRequest, RequestTimeout):
        for _ in range((current_app.config["MAX_UPLOAD_BYTES"] + MAX_UNREAD_BYTES) // CHUNK_BYTES):
            if not request.environ["wsgi.input"].read(CHUNK_BYTES):
                return
