"""`make run` and `reaction-board-server`: runs the whole board until Ctrl-C, with all of its data in one folder."""

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from reaction_board import settings
from reaction_board.database import migration
from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres
from reaction_board.local.processes import Child, give_up, running, wait_until
from reaction_board.storage import S3Storage

CONFIGURATION = Path(__file__).parents[1] / "gunicorn_conf.py"
BUCKET = "images"


def main() -> None:
    """Run the board until Ctrl-C, SIGTERM or the end of one of its children."""
    arguments = _arguments()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _stop)
    port = _port(arguments.port) if arguments.check is None else 0
    configured = [name for name in ("DATABASE_URL", "S3_BUCKET_NAME") if os.environ.get(name)]
    if len(configured) == 1:
        give_up(f"{configured[0]} is set alone: set both DATABASE_URL and S3_BUCKET_NAME, or neither")
    folder = Path(arguments.folder).resolve()
    with contextlib.ExitStack() as stack:
        if arguments.check is not None and not configured and not folder.exists():
            give_up(f"there is no board in {folder}")
        children = [] if configured else _start_services(stack, folder)
        try:
            migration.upgrade()
        except migration.MigrationError as error:
            give_up(f"the database could not be migrated: {error}")
        if arguments.check is not None:
            check = [sys.executable, "-m", "flask", "--app", "reaction_board", "check", *arguments.check]
            sys.exit(subprocess.run(check, check=False).returncode)
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # halves the freed memory that the 40 threads retain
        command: list[str | Path] = [sys.executable, "-m", "gunicorn", "--config", CONFIGURATION]
        command += [
            "--bind",
            f"127.0.0.1:{port}",
            "--log-level",
            "warning",
            *(["--reload"] if arguments.reload else []),
        ]
        command += ["reaction_board:create_app()"]
        server = stack.enter_context(running("web server", command, signal.SIGTERM))
        api = f"http://127.0.0.1:{port}/api/v1"
        wait_until(lambda: _get(f"{api}/health"), server)
        print(
            f"""
The Reaction Image Board {version("reaction-board")} is running{"" if configured else f", with its data in {folder}"}.

  Page           http://127.0.0.1:{port}/
  API            {api}
  API reference  {api}/docs
  Example        curl -F file=@picture.jpg -F tags=cat,staring {api}/images

Ctrl-C stops it.
""",
            flush=True,
        )
        _wait_for_an_end([*children, server])


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise SystemExit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="reaction-board-server",
        description="Run a board on this machine until Ctrl-C, with its own PostgreSQL and object store.",
        epilog="Settings are environment variables. DATABASE_URL and S3_BUCKET_NAME replace the board's own services.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        default=os.environ.get("DATA_DIR") or "var",
        help="folder for the images, the database and the logs (default: DATA_DIR, else ./var)",
    )
    parser.add_argument("--port", default=os.environ.get("PORT", "8000"), help="default: PORT, else 8000")
    parser.add_argument("--reload", action="store_true", help="reload the code whenever it changes")
    parser.add_argument(
        "--check",
        nargs=argparse.REMAINDER,
        metavar="OPTION",
        help="check the board instead of running it, with options such as --deep and --repair",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('reaction-board')}")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        give_up(f"PORT: {text!r} is not a port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            give_up(f"port {text} is not available ({error.strerror}); set PORT to another one")
    return int(text)


def _start_services(stack: contextlib.ExitStack, folder: Path) -> list[Child]:
    """Start the database and the store on a data folder, and set this process's environment to use them."""
    folder.mkdir(parents=True, exist_ok=True)
    stack.enter_context(_locked(folder))
    known = _credentials(folder)
    database, url = stack.enter_context(postgres(folder, known["password"]))
    store, variables = stack.enter_context(object_store(folder, known["access_key"], known["secret_key"]))
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):  # of another account
        os.environ.pop(name, None)
    os.environ.update(variables, DATABASE_URL=url, S3_BUCKET_NAME=BUCKET)
    S3Storage(BUCKET, variables["AWS_REGION"], settings.load()["S3_TIMEOUT"]).create_bucket()
    return [database, store]


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            give_up(f"another board is running on {folder}; stop it, or set DATA_DIR to another folder")
        yield


def _credentials(folder: Path) -> dict[str, str]:
    """Return the random credentials of a data folder. They are created once, and only their owner can read them."""
    path = folder / "credentials.json"
    if not path.exists():
        credentials = {name: secrets.token_hex(24) for name in ("password", "access_key", "secret_key")}
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:  # with mode 0600
            json.dump(credentials, file)
        Path(file.name).rename(path)
    known: dict[str, str] = json.loads(path.read_text())
    return known


def _get(url: str) -> Any:
    """Send a request to a server on this machine, without the proxy that the environment may name."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2).close()


def _wait_for_an_end(children: Sequence[Child]) -> NoReturn:
    while True:
        for child in children:
            if child.process.poll() is not None:
                give_up(child.cause_of_death())
        time.sleep(0.2)


if __name__ == "__main__":
    main()
