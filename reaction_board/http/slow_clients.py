"""A limit on the time that a client may occupy one of gunicorn's threads with an incomplete request.

gunicorn itself waits for each byte without a limit. The rule is that of Apache's mod_reqtimeout: the head has 20
seconds to arrive, and so has the body; the bytes that arrive extend the time. A byte every few seconds extends it by
next to nothing.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import SocketUnreader

GRACE = 20.0  # seconds
RATE = 32 * 1024  # bytes that extend the time by a second


def expect(unreader: Any, *, body: bool) -> None:
    """Start the time for a body, or for the head of the next request, at the first wait for it."""
    unreader.deadline, unreader.in_body = None, body


def install(answer: Callable[[socket.socket], None]) -> None:
    """Limit the time that gunicorn's workers wait. `answer` answers a late head, which the application never sees."""
    receive = SocketUnreader.chunk

    def chunk(self: Any, size_hint: int | None = None) -> bytes:
        if getattr(self, "deadline", None) is None:
            self.deadline = time.monotonic() + GRACE
        before = self.sock.gettimeout()
        left = max(self.deadline - time.monotonic(), 0.001)  # a timeout of 0 would raise another error
        self.sock.settimeout(left if before is None else min(left, before))
        try:
            data: bytes = receive(self, size_hint)
        except TimeoutError:
            if before is not None or getattr(self, "in_body", False):
                raise  # to gunicorn, if its own timeout is shorter, or to the application: see Body
            self.sock.settimeout(1)
            answer(self.sock)
            raise NoMoreData from None
        finally:
            self.sock.settimeout(before)
        self.deadline += len(data) / RATE
        return data

    SocketUnreader.chunk = chunk
