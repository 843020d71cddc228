"""Programs that the tests start: gunicorn, Alembic, `make run`."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from reaction_board.local import ROOT, free_port, running, wait_until

PYTHON = [sys.executable, "-m"]


def migrate(database_url: str, *command: str) -> str:
    """Run Alembic as `make migrate` does; return what it printed."""
    done = subprocess.run(
        [*PYTHON, "alembic", "-c", "setup.cfg", *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait until a condition holds; return whether it did in time."""
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

    @classmethod
    @contextlib.contextmanager
    def running(cls, environment: Mapping[str, str], app: str = "wsgi:app") -> Iterator["Gunicorn"]:
        """Run gunicorn as production does, on a free port."""
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            log_file = Path(folder) / "log"
            command: list[str | Path] = [
                *PYTHON,
                "gunicorn",
                "--chdir",
                ROOT,
                "-c",
                ROOT / "gunicorn.conf.py",
                app,
            ]
            command += ["--bind", f"127.0.0.1:{port}"]
            with running("web server", command, signal.SIGTERM, log=log_file, env=environment) as part:
                url = f"http://127.0.0.1:{port}/api/v1"
                wait_until(lambda: requests.get(f"{url}/health", timeout=5), part)
                yield cls(url, psutil.Process(part.process.pid), log_file)

    def log(self) -> str:
        return self.log_file.read_text()

    def memory(self) -> int:
        """Bytes of memory that all its processes have for themselves or share among each other."""
        return sum(process.memory_full_info().pss for process in [self.process, *self.process.children(recursive=True)])
