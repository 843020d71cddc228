"""How gunicorn runs the application: read by every `gunicorn wsgi:app` that is started in this folder."""

import json
import socket
from http import HTTPStatus
from pathlib import Path

from gunicorn import util

from reaction_board import settings
from reaction_board.errors import HTTP_ERRORS

# A missing or malformed setting stops the start here, with one line, instead of in every worker.
configured = settings.load()

# One process per core; threads, because a request mostly waits: for the database, the store, a slow client.
worker_class = "gthread"
workers = configured["WEB_CONCURRENCY"]
threads = 32
# The heartbeat is a file: on a disk, a busy one would delay it and get a healthy worker killed.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's own, unnamed file
# A proxy keeps its connections: longer than its idle time, or it sends a request into a closing one.
keepalive = 75  # seconds
graceful_timeout = 30  # seconds for running requests to finish
# The runtime control interface is not used; its socket would be a door.
control_socket_disable = True


def _write_error(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer what is not even a request of HTTP in the envelope of every error."""
    known = HTTP_ERRORS.get(status)
    code = known.code if known else HTTPStatus(status).name.lower()
    body = json.dumps({"detail": f"{reason}.", "code": code})
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    util.write_nonblock(client, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())


# gunicorn answers such requests itself, in HTML, and has no setting for it.
util.write_error = _write_error
