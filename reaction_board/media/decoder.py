"""Child processes that decode pictures, within bounds of memory and time: see `reaction_board_decoder`.

Why not a library of process pools: they start children with the server's environment and read their answers with
pickle, so a picture that takes a child over would have the server, too. Pebble's, the most careful one, also lets all
children wait for a lock that a killed one held. Here each child has a socket of its own.
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
# What the decoder needs of the environment. Everything else, credentials above all, is none of its business.
ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
START_SECONDS = 20
MAX_JOBS = 1000  # of a child, then it is replaced: libraries leak
MAX_KEPT_BYTES = 64_000_000  # a child that may have used more memory is replaced: it might not give it back
MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Bounds:
    """What a job may take. The kernel ends the child when it exceeds one."""

    memory_bytes: int  # beyond what the child uses before the job
    cpu_seconds: int
    wall_seconds: int  # several times as long as CPU time: the machine may be busy


class RefusedByDecoder(Exception):
    """The decoder refuses the picture; `reason` is the name of a class in `reaction_board_decoder.errors`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.reason: str = answer["refused"]
        self.memory_bytes: int = answer.get("memory_bytes", 0)
        super().__init__(answer["detail"])


class DecoderDied(Exception):
    """The decoder exceeded a bound of the job, or crashed on it: that is an answer about the picture, too."""


class Decoder:
    """One child process, which does one job at a time. It is started when it is needed, and replaced if it dies."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def run(
        self, job: str, file: BinaryIO, bounds: Bounds, *, wait_seconds: float, **options: Any
    ) -> tuple[dict[str, Any], bytes]:
        """Return the result of a job on an open file, and its bytes.

        Raises RefusedByDecoder and DecoderDied, and ServiceUnavailable if other jobs take longer than `wait_seconds`.
        """
        if not self._turn.acquire(timeout=wait_seconds):
            raise ServiceUnavailable from TimeoutError(f"the decoder was busy for {wait_seconds} seconds")
        try:
            if self._child is None or self._child.is_used_up():
                self.stop()
                self._child = _Child()
            try:
                return self._child.run(job, file, bounds, options)
            except DecoderDied:
                self.stop()
                raise
            finally:
                if bounds.memory_bytes > MAX_KEPT_BYTES:
                    self.stop()
        finally:
            self._turn.release()

    def stop(self) -> None:
        """End the child, whatever it does."""
        if self._child:
            self._child.kill()
            self._child = None


# Two for each server process: pictures that take seconds do not hold up the others.
light, heavy = Decoder(), Decoder()
for _decoder in (light, heavy):
    atexit.register(_decoder.stop)


class _Child:
    def __init__(self) -> None:
        self._jobs = 0
        self._socket, theirs = socket.socketpair()
        package = importlib.util.find_spec(PACKAGE)
        if package is None or package.origin is None:
            raise ModuleNotFoundError(PACKAGE)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PACKAGE],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=Path(package.origin).parents[1],
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                start_new_session=True,  # a signal to the server's group is for the server
            )
        try:
            self._receive_answer(START_SECONDS)
        except (OSError, EOFError) as error:
            self.kill()
            raise RuntimeError("the decoder does not start; its own message is in the log above") from error

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
            answer, data = self._receive_answer(bounds.wall_seconds)
        except TimeoutError as error:
            raise DecoderDied(f"no answer within {bounds.wall_seconds} seconds") from error
        except (OSError, ValueError, EOFError) as error:
            status = self._process.wait()
            # Ended from outside, or by the kernel for want of memory on the machine: that says nothing of the picture.
            if -status in (signal.SIGKILL, signal.SIGTERM):
                raise ServiceUnavailable from error
            raise DecoderDied(f"exit status {status}") from error
        if "refused" in answer:
            raise RefusedByDecoder(answer)
        return answer["result"], data

    def _receive_answer(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + seconds
        sizes = struct.unpack(">II", self._receive(8, deadline))
        if sum(sizes) > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        answer: dict[str, Any] = json.loads(self._receive(sizes[0], deadline))
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

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()


@contextlib.contextmanager
def alone_on_this_machine(seconds: float) -> Iterator[None]:
    """Let no other process on this machine in here meanwhile: for jobs that take much memory.

    Raises ServiceUnavailable if others take longer than that.
    """
    deadline = time.monotonic() + seconds
    with Path(__file__).open() as lock:  # any file that all workers share; the kernel forgets the lock of a dead one
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ServiceUnavailable from error
                time.sleep(0.05)
        yield
