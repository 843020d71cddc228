"""Configuration of gunicorn. Every `gunicorn wsgi:app` that is started in the folder of gunicorn.conf.py reads it."""

import json
import os
import shutil
import socket
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.http import message

# This imports the application into the main process. So SIGHUP starts workers of the same release, and SIGUSR2 starts
# the next release.
from reaction_board import settings
from reaction_board.errors import code_of
from reaction_board.http import slow_clients

# In memory if the system has such a folder. The files in it are small, and a busy disk would delay writing them.
_memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/var/tmp")  # noqa: S108 - names within it cannot be guessed

# A missing or malformed setting stops the start here with one line, instead of in every worker.
configured = settings.load()

# Only the proxy needs to reach gunicorn. Without this setting, PORT in the environment would open gunicorn to everyone.
# With nginx on the same machine, `--bind unix:/run/reaction-board/gunicorn.sock` costs less than TCP.
bind = "127.0.0.1:8000"
# Threads, because a request mostly waits: for the database, the store or a slow client.
worker_class = "gthread"
workers = configured["WEB_CONCURRENCY"]
threads = 40  # more than may wait for the object store (storage.py) or the database, so that some are always free
# gunicorn kills a worker whose main thread sends no heartbeat for so long. A long request does not stop the heartbeat.
timeout = 30  # seconds
# The folder of the heartbeat files. If a busy disk delayed a heartbeat, gunicorn would kill a healthy worker.
worker_tmp_dir = str(_memory)
# Longer than the proxy keeps an idle connection (60 s). Otherwise the proxy could send a request into a closing one.
keepalive = 75  # seconds
# The time for running requests to finish during a stop or a reload. The largest upload takes a few seconds.
graceful_timeout = 30  # seconds
# A search for 200 tags of 64 characters in each of `tags`, `any` and `none`, separated by `%2C%20`, has 42,000 bytes.
# gunicorn reduces a larger setting to its own maximum, so this raises the maximum, too. deploy/nginx.conf has the same
# limit.
limit_request_line = message.MAX_REQUEST_LINE = 48 * 1024  # bytes
# The proxies whose X-Forwarded-Proto counts. Otherwise any client could claim that it uses https.
forwarded_allow_ips = ",".join(configured["FORWARDED_ALLOW_IPS"])
# A proxy may pass on other headers from its clients. None of them counts: not X-Forwarded-Ssl or X-Forwarded-Protocol,
# nor SCRIPT_NAME and PATH_INFO, which would change the links in responses.
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
forwarder_headers = ""
# The runtime control interface is not used, and its socket would be an unnecessary access.
control_socket_disable = True

if configured["LOG_FORMAT"] == "json":  # applies to gunicorn's own lines, too
    logconfig_dict = {
        "formatters": {"generic": {"()": "reaction_board.http.request_log.formatter", "log_format": "json"}},
        "loggers": {"gunicorn.error": {"handlers": ["error_console"], "propagate": False}},
        "root": {"handlers": []},
    }


def _write_error(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer a request that is not valid HTTP, with the envelope of every error."""
    body = json.dumps({"detail": f"{reason}.", "code": code_of(status)})
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    util.write_nonblock(client, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())


# gunicorn itself answers such requests in HTML, and has no setting for this.
util.write_error = _write_error

slow_clients.install(answer=lambda client: _write_error(client, 408, "Request Timeout", ""))


def pre_request(worker: Any, req: Any) -> None:
    """Start the time for the body."""
    slow_clients.expect(req.unreader, body=True)


def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Start the time for the head of the next request on this connection."""
    slow_clients.expect(req.unreader, body=False)


def on_starting(server: Any) -> None:
    """Stop the start with one line if the board can never work with this database."""
    from reaction_board.database.engine import require_usable

    require_usable(configured["DATABASE_URL"])


def when_ready(server: Any) -> None:
    """Log the version, and create the metrics folder now that nothing can stop the start any more.

    The workers count in files of this folder. prometheus-client reads the variable when it is imported. Each main
    process has its own folder, also after SIGUSR2, and keeps it when the configuration is reloaded.
    """
    server.log.info("Reaction Image Board %s", version("reaction-board"))
    if configured["METRICS"]:
        server.metrics_folder = tempfile.mkdtemp(prefix=f"reaction-board-metrics-{os.getpid()}-", dir=_memory)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = server.metrics_folder
        import_module("reaction_board.http.metrics")  # into the main process, like the rest of the application


def post_fork(server: Any, worker: Any) -> None:
    """With `--reload`, make a new worker import the current code instead of the main process's."""
    if worker.cfg.reload:
        for name in [name for name in sys.modules if name.startswith("reaction_board")]:
            del sys.modules[name]


def post_worker_init(worker: Any) -> None:
    """Finish the pending deletes of earlier workers."""
    from reaction_board.service import pending_deletes

    pending_deletes.finish_in_background(worker.wsgi)


def child_exit(server: Any, worker: Any) -> None:
    """Remove the gauges of a worker that has ended. Its counters remain."""
    if configured["METRICS"]:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus-client has no types there


def on_exit(server: Any) -> None:
    """Delete the metrics folder, if the start came so far."""
    if folder := getattr(server, "metrics_folder", None):
        shutil.rmtree(folder, ignore_errors=True)
