"""How gunicorn runs the application: read by every `gunicorn wsgi:app` that is started in this folder."""

import os
from pathlib import Path

from reaction_board import settings

# A missing or malformed setting stops the start here, with one line, instead of in every worker.
settings.load()

# One process per core; threads, because a request mostly waits: for the database, the store, a slow client.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 32
# The heartbeat is a file: on a disk, a busy one would delay it and get a healthy worker killed.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's own, unnamed file
# A proxy keeps its connections: longer than its idle time, or it sends a request into a closing one.
keepalive = 75  # seconds
graceful_timeout = 30  # seconds for running requests to finish
# The runtime control interface is not used; its socket would be a door.
control_socket_disable = True
