"""A bound on the time that a client may hold one of gunicorn's threads with half a request.

gunicorn waits for each byte as long as the client likes. As Apache's mod_reqtimeout: the head has 20 seconds, so has
the body, and what has arrived earns more. A byte every few seconds earns next to nothing.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import SocketUnreader

GRACE = 20.0  # seconds
RATE = 32 * 1024  # bytes that earn a second


def expect(unreader: Any, *, body: bool) -> None:
    """Begin the time of a body, or of the head of the next request, with the first wait for it."""
    unreader.deadline, unreader.in_body = None, body


def install(answer: Callable[[socket.socket], None]) -> None:
    """Bound what gunicorn's workers wait for; `answer` is sent where no application can answer, in a head."""
    receive = SocketUnreader.chunk

    def chunk(self: Any, size_hint: int | None = None) -> bytes:
        if getattr(self, "deadline", None) is None:
            self.deadline = time.monotonic() + GRACE
        before = self.sock.gettimeout()
        left = max(self.deadline - time.monotonic(), 0.001)  # 0 would not wait, and be another error
        self.sock.settimeout(left if before is None else min(left, before))
        try:
            data: bytes = receive(self, size_hint)
        except TimeoutError:
            if before is not None or getattr(self, "in_body", False):
                raise  # to gunicorn, which waits no longer itself, or to the application: see Body
            self.sock.settimeout(1)
            answer(self.sock)
            raise NoMoreData from None
        finally:
            self.sock.settimeout(before)
        self.deadline += len(data) / RATE
        return data

    SocketUnreader.chunk = chunk
