"""How gunicorn runs the application: read by every `gunicorn wsgi:app` that is started in this folder."""

import json
import os
import secrets
import shutil
import socket
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.http import message

# In memory, where that is a folder: what is written there is small, and a busy disk would delay it.
_memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/var/tmp")  # noqa: S108 - names within it cannot be guessed
# The workers count their metrics in files of this folder, which they share. The library looks for it when it is
# imported. It is this process's own, also when it replaces another, and stays if the configuration is read again.
_own = f"{_memory}/reaction-board-metrics-{os.getpid()}-"
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR", "").startswith(_own):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _own + secrets.token_hex(8)
_metrics_folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])

# This imports the application into the main process: SIGHUP starts workers of the same release, SIGUSR2 the next one.
from reaction_board import settings  # noqa: E402 - after the environment is set
from reaction_board.errors import code_of  # noqa: E402 - as above
from reaction_board.http import slow_clients  # noqa: E402 - as above

# A missing or malformed setting stops the start here, with one line, instead of in every worker.
configured = settings.load()

# A proxy stands in front, so nobody else needs to reach it; without this, PORT in the environment would open it to
# everyone. With nginx on the same machine: `--bind unix:/run/reaction-board/gunicorn.sock` costs less than TCP.
bind = "127.0.0.1:8000"
# One process per core; threads, because a request mostly waits: for the database, the store, a slow client.
worker_class = "gthread"
workers = configured["WEB_CONCURRENCY"]
threads = 40  # more than may wait for the object store (storage.py) or for the database, so that some are always free
# A worker that gives no sign of life for so long is killed; a long request is no reason, its main thread goes on.
timeout = 30  # seconds
# Where a worker's heartbeat is a file: delayed by a busy disk, it would get a healthy worker killed.
worker_tmp_dir = str(_memory)
# A proxy keeps its connections: longer than its idle time (60 s), or it sends a request into a closing one.
keepalive = 75  # seconds
# For running requests to finish when it is stopped or replaced; the largest upload takes a few.
graceful_timeout = 30  # seconds
# A search for 200 tags of 64 characters in each of `tags`, `any` and `none`, with `%2C%20` between, has 42,000 bytes.
# gunicorn lowers a larger setting to its own maximum, so that is raised, too. deploy/nginx.conf has the same bound.
limit_request_line = message.MAX_REQUEST_LINE = 48 * 1024  # bytes
# Whose X-Forwarded-Proto counts: an application that believed everyone could be told that it is called by https.
forwarded_allow_ips = ",".join(configured["FORWARDED_ALLOW_IPS"])
# Nothing else that such a proxy passes on from its clients counts: not X-Forwarded-Ssl or X-Forwarded-Protocol, nor
# SCRIPT_NAME and PATH_INFO, which would change what links say.
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
forwarder_headers = ""
# The runtime control interface is not used; its socket would be a door.
control_socket_disable = True

if configured["LOG_FORMAT"] == "json":  # of gunicorn's own lines, too
    logconfig_dict = {
        "formatters": {"generic": {"()": "reaction_board.http.request_log.formatter", "log_format": "json"}},
        "loggers": {"gunicorn.error": {"handlers": ["error_console"], "propagate": False}},
        "root": {"handlers": []},
    }


def _write_error(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer what is not even a request of HTTP in the envelope of every error."""
    body = json.dumps({"detail": f"{reason}.", "code": code_of(status)})
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    util.write_nonblock(client, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())


# gunicorn answers such requests itself, in HTML, and has no setting for it.
util.write_error = _write_error

slow_clients.install(answer=lambda client: _write_error(client, 408, "Request Timeout", ""))


def pre_request(worker: Any, req: Any) -> None:
    """Begin to wait for the body."""
    slow_clients.expect(req.unreader, body=True)


def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Begin to wait for the head of the next request on this connection."""
    slow_clients.expect(req.unreader, body=False)


def on_starting(server: Any) -> None:
    """Stop the start with one line if the board can never work with this database."""
    from reaction_board.database.engine import require_usable

    require_usable(configured["DATABASE_URL"])


def when_ready(server: Any) -> None:
    """Say which release this is, and make the folder, now that nothing can stop the start any more."""
    server.log.info("Reaction Image Board %s", version("reaction-board"))
    if configured["METRICS"]:
        _metrics_folder.mkdir(mode=0o700)


def post_fork(server: Any, worker: Any) -> None:
    """With `--reload`, let a new worker import the code as it is now, instead of what the main process imported."""
    if worker.cfg.reload:
        for name in [name for name in sys.modules if name.startswith("reaction_board")]:
            del sys.modules[name]


def post_worker_init(worker: Any) -> None:
    """Finish what an earlier worker may have left behind."""
    from reaction_board.service import pending_deletes

    pending_deletes.finish_in_background(worker.wsgi)


def child_exit(server: Any, worker: Any) -> None:
    """Forget what a worker had in use when it ended; what it counted stays."""
    if configured["METRICS"]:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus-client has no types there


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(_metrics_folder, ignore_errors=True)
