"""Child processes that decode pictures within limits on memory and time: see `reaction_board_decoder`.

Libraries' process pools give children the server's environment and read their answers with pickle, so a compromised
child could run code in the server. The children of Pebble's pool also share a lock, which a killed child may still
hold. Here each child has its own socket, and its answers are JSON and bytes.
"""

import atexit
import contextlib
import fcntl
import importlib.util
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from reaction_board.errors import ServiceUnavailable

PACKAGE = "reaction_board_decoder"
# The variables that the decoder needs. No other variable is passed on, so it gets no credentials.
ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
START_SECONDS = 20
STACK_KIB = 1024  # per thread: libvips starts a few, and the kernel counts their stacks as memory of the job
MAX_JOBS = 1000  # after which a child is replaced, because libraries leak memory
MAX_KEPT_BYTES = 96_000_000  # a child that may have used more memory is replaced, because it might not release it
MAX_ANSWER_BYTES = 4 * 1024 * 1024
OUTSIDE = (signal.SIGKILL, signal.SIGTERM)  # signals that a picture cannot cause


@dataclass(frozen=True)
class Bounds:
    """The limits of a job. The child is ended when the job exceeds one of them."""

    memory_bytes: int  # in addition to the child's memory before the job
    cpu_seconds: int
    wall_seconds: int  # several times the CPU time, because the machine may be busy


class RefusedByDecoder(Exception):
    """The decoder refused the picture. `reason` is the name of a class in `reaction_board_decoder.errors`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.reason: str = answer["refused"]
        self.memory_bytes: int = answer.get("memory_bytes", 0)
        super().__init__(answer["detail"])


class DecoderDied(Exception):
    """The decoder exceeded a limit of the job, or crashed. The cause is the picture."""


class Decoder:
    """One child process, which does one job at a time. It is started on demand, and replaced if it dies."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def run(
        self, job: str, file: BinaryIO, bounds: Bounds, *, wait_seconds: float, **options: Any
    ) -> tuple[dict[str, Any], bytes]:
        """Return the result of a job on an open file, and the bytes that the job produced.

        Raises RefusedByDecoder and DecoderDied, and ServiceUnavailable if other jobs take longer than `wait_seconds`
        or the decoder fails for a reason other than the picture.
        """
        if not self._turn.acquire(timeout=wait_seconds):
            raise ServiceUnavailable from TimeoutError(f"the decoder was busy for {wait_seconds} seconds")
        try:
            if self._child is None or self._child.is_used_up():
                self.stop()
                self._child = _Child()
            try:
                answer = self._child.run(job, file, bounds, options)
            except BaseException:  # the child may still be busy with this job, so the next job gets a new one
                self.stop()
                raise
            if bounds.memory_bytes > MAX_KEPT_BYTES:
                self.stop()
            return _checked(answer)
        finally:
            self._turn.release()

    def stop(self) -> None:
        """End the child, even during a job."""
        if self._child:
            self._child.kill()
            self._child = None


def _checked(answer: tuple[dict[str, Any], bytes]) -> tuple[dict[str, Any], bytes]:
    """Return the result and the bytes of an answer. Raises RefusedByDecoder."""
    head, data = answer
    if "refused" in head:
        raise RefusedByDecoder(head)
    return head["result"], data


# Each server process has three, so that thumbnails do not delay uploads, and heavy pictures do not delay light ones.
uploads, light, heavy = Decoder(), Decoder(), Decoder()
for _decoder in (uploads, light, heavy):
    atexit.register(_decoder.stop)


class _Child:
    def __init__(self) -> None:
        self._jobs = 0
        self._cpu_seconds = 0.0  # used before the job
        self._socket, theirs = socket.socketpair()
        package = importlib.util.find_spec(PACKAGE)
        if package is None or package.origin is None:
            raise ModuleNotFoundError(PACKAGE)
        with theirs:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f'ulimit -s {STACK_KIB}; unset PWD; exec "$@"', "sh", sys.executable, "-m", PACKAGE],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=Path(package.origin).parents[1],
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                start_new_session=True,  # so that a signal to the server's process group does not reach the child
            )
        try:
            self._receive_answer(START_SECONDS)
        except (OSError, EOFError, ValueError) as error:
            self.kill()
            raise ServiceUnavailable from RuntimeError(f"the decoder does not start, see the log: {error!r}")

    def is_used_up(self) -> bool:
        return self._jobs >= MAX_JOBS or self._process.poll() is not None

    def run(self, job: str, file: BinaryIO, bounds: Bounds, options: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        self._jobs += 1
        request = {
            "job": job,
            "memory_bytes": bounds.memory_bytes,
            "cpu_seconds": bounds.cpu_seconds,
            "options": options,
        }
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [file.fileno()])
        except OSError as error:
            raise ServiceUnavailable from error
        try:
            return self._receive_answer(bounds.wall_seconds)
        except (OSError, EOFError, ValueError, RecursionError) as error:
            status, cpu_seconds = self._end()
            # The picture is not the cause if another process or the kernel ended the child, or if the child was slow
            # because the machine is busy. The kernel does so when the machine has no memory left.
            if -status in OUTSIDE and cpu_seconds < bounds.cpu_seconds / 2:
                raise ServiceUnavailable from error
            raise DecoderDied(f"{error!r}, exit status {status} after {cpu_seconds:.1f} s of CPU time") from error

    def _receive_answer(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a job. Raises OSError, EOFError, ValueError or RecursionError if it is not valid."""
        deadline = time.monotonic() + seconds
        sizes = struct.unpack(">II", self._receive(8, deadline))
        if sum(sizes) > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        answer = json.loads(self._receive(sizes[0], deadline))
        if not isinstance(answer, dict) or not isinstance(answer.get("cpu_seconds"), float):
            raise ValueError("the answer is malformed")  # noqa: TRY004 - what came over the socket is a value
        self._cpu_seconds = answer["cpu_seconds"]
        return answer, self._receive(sizes[1], deadline)

    def _receive(self, size: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < size:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining)
            chunk = self._socket.recv(size - len(received))
            if not chunk:
                raise EOFError("the decoder ended")
            received += chunk
        return bytes(received)

    def _end(self) -> tuple[int, float]:
        """Kill the child unless it has ended. Return its exit status, and the CPU seconds of the job."""
        os.kill(self._process.pid, signal.SIGKILL)  # Popen.kill() could reap the child, and its usage would be lost
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode, usage.ru_utime + usage.ru_stime - self._cpu_seconds

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()


@contextlib.contextmanager
def alone_on_this_machine(seconds: float) -> Iterator[None]:
    """Hold a machine-wide lock, for jobs that need much memory.

    Raises ServiceUnavailable if other processes hold it for longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    with Path(__file__).open() as lock:  # any file that all workers share; the kernel releases a dead worker's lock
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ServiceUnavailable from error
                time.sleep(0.05)
        yield
