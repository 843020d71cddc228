"""The body of a request: errors of reading it, and reading the rest of one that is refused."""

import contextlib
from typing import Any

from flask import current_app, g, request
from werkzeug.exceptions import HTTPException

from reaction_board.errors import BadRequest, RequestTimeout
from reaction_board.settings import MIB

CHUNK_BYTES = 256 * 1024  # with 64 KiB, gunicorn and the parser take a third longer for 50 MB
# How much of a refused body is read beyond the largest file, so that the client gets to read the answer.
MAX_UNREAD_BYTES = 256 * MIB


class Body:
    """The body of a request. If it breaks off or is badly chunked, that is the client's fault, not ours."""

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
        except Exception as error:  # each web server has errors of its own
            raise BadRequest("The body broke off.") from error
        g.exchange.bytes_in += len(chunk)
        return chunk


def read_rest() -> None:
    """Read what is left of the request's body, up to a bound.

    If a server closes a connection while bytes wait in it, it resets the connection, and the client may never see the
    answer.
    """
    if not request.environ.get("wsgi.input_terminated"):  # reading could wait for ever
        return
    with contextlib.suppress(BadRequest, RequestTimeout):
        for _ in range((current_app.config["MAX_UPLOAD_BYTES"] + MAX_UNREAD_BYTES) // CHUNK_BYTES):
            if not request.environ["wsgi.input"].read(CHUNK_BYTES):
                return
