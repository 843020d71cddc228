"""A board that runs with one command, in a separate process."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from coverage import Coverage

from reaction_board.local.processes import free_port
from tests.board import RemoteBoard
from tests.servers import PATIENCE, ROOT, eventually


def command() -> list[str]:
    """Return the command of `make run`, with coverage if the tests have it."""
    trace = ["-m", "coverage", "run", "--parallel-mode"] if Coverage.current() else []
    return [sys.executable, *trace, "-m", "reaction_board.local"]


# The proxy of an office, which cannot reach servers on this machine.
PROXIED = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "intranet.example"}


class Run:
    """A `make run`, or another program that runs a board, with a port and a data folder of its own."""

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        variables: dict[str, str] | None = None,
        program: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.folder, self.port = folder, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/api/v1"
        self.board = RemoteBoard(self.url)
        self.log_file = Path(tempfile.mkstemp(dir=folder.parent)[1])
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log_file.open("wb") as log:
            self.popen = subprocess.Popen(
                [*([program] if program else command()), *options],
                cwd=folder.parent if program else ROOT,
                env={
                    **inherited,
                    **PROXIED,
                    **{"DATA_DIR": str(folder), "PORT": str(self.port), "WEB_CONCURRENCY": "1"},
                    **(variables or {}),
                },
                stdout=log,
                stderr=log,
            )
        self.process = psutil.Process(self.popen.pid)
        self.family: list[psutil.Process] = []

    def log(self) -> str:
        return self.log_file.read_text()

    def wait_until_it_runs(self) -> None:
        assert eventually(lambda: "Ctrl-C stops it." in self.log() or self.popen.poll() is not None)
        assert self.popen.poll() is None, self.log()
        self.family = self.process.children(recursive=True)
        assert {"postgres", "rclone"} <= {process.name() for process in self.family}

    def child(self, name: str) -> psutil.Process:
        return next(child for child in self.process.children() if name in " ".join(child.cmdline()))

    def assert_all_stopped(self) -> None:
        self.popen.wait(PATIENCE)
        assert eventually(lambda: not any(process.is_running() for process in self.family)), self.family


@contextlib.contextmanager
def new_folder() -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp(prefix="board tests "))
    parent.chmod(0o755)
    yield parent / "the data"
    shutil.rmtree(parent)


@contextlib.contextmanager
def running(folder: Path, program: Path | None = None) -> Iterator[Run]:
    run = Run(folder, program=program)
    try:
        run.wait_until_it_runs()
        yield run
    finally:
        run.popen.send_signal(signal.SIGTERM)
        run.popen.wait(PATIENCE)
