"""Child processes: starting them, waiting for them, stopping them in order, and reporting how they ended."""

import contextlib
import ctypes
import functools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

START_SECONDS = 60
STOP_SECONDS = 40  # more than gunicorn's limit for running requests


@dataclass
class Child:
    """A child process of the board."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None  # None: the process writes to the terminal

    def cause_of_death(self) -> str:
        """Return how the process ended, and the last lines of its log."""
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
) -> Iterator[Child]:
    """Run a child process. At the end, send it `stop`, wait, and kill it if it does not end.

    Each child has its own session, so Ctrl-C reaches only this process, which then stops the children in order.
    """
    with contextlib.ExitStack() as stack:
        output: IO[bytes] | None = stack.enter_context(log.open("ab")) if log else None
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            **as_user(user),
            start_new_session=True,
            preexec_fn=_die_with_parent(stop),
        )
    try:
        yield Child(name, process, log)
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def as_user(name: str | None) -> dict[str, Any]:
    """Return the arguments with which `subprocess` runs a program as another user, without further groups."""
    return {"user": name, "group": name, "extra_groups": []} if name else {}


def _die_with_parent(stop: signal.Signals) -> Callable[[], object] | None:
    """Return the function that a new child calls so that the kernel sends it `stop` when its parent is killed.

    Only Linux can do that. Elsewhere, a killed `make run` leaves its children behind.
    """
    if sys.platform != "linux":
        return None
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
    return functools.partial(ctypes.CDLL(None).prctl, set_parent_death_signal, int(stop))


def wait_until(
    ready: Callable[[], object], child: Child, errors: type[Exception] | tuple[type[Exception], ...] = OSError
) -> None:
    """Wait until `ready` no longer raises one of these errors. Give up if the child ends, or hangs."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
        except errors:
            if child.process.poll() is not None:
                give_up(child.cause_of_death())
            if time.monotonic() > deadline:
                give_up(f"the {child.name} does not answer")
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    """Return a free port on loopback.

    The port is below the range of outgoing connections, one of which could otherwise take it before the program does.
    """
    while True:
        port = random.randrange(10_000, 32_768)  # noqa: S311 - not a secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def give_up(reason: str) -> NoReturn:
    """End this process with one line, and the end of a log if there is one."""
    raise SystemExit(f"reaction-board: {reason}")
