"""The protocol between the server and the decoder, over the socket at descriptor 0.

A request is an open file and JSON: `{"job": …, "memory_bytes": …, "cpu_seconds": …, "options": {…}}`. The job is one of
`JOBS`. An answer is the sizes of its two parts (big-endian 32-bit integers), JSON, and bytes. The JSON is `{"result":
{…}}` or `{"refused": …, "detail": …}`, with the `cpu_seconds` that the process has used so far. When the decoder is
ready, it first sends an answer without a result. The kernel ends the process when a job exceeds its limits.
"""

import contextlib
import json
import os
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reaction_board_decoder.errors import Refused
from reaction_board_decoder.fingerprint import fingerprint
from reaction_board_decoder.identify import identify
from reaction_board_decoder.preview import preview
from reaction_board_decoder.thumbnail import thumbnail
from reaction_board_decoder.webp import reserved_bytes

JOBS: dict[str, Callable[..., tuple[dict[str, Any], bytes]]] = {
    "fingerprint": fingerprint,
    "identify": identify,
    "preview": preview,
    "thumbnail": thumbnail,
}
MAX_REQUEST_BYTES = 4096


def main() -> None:
    """Do jobs until the server closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles Ctrl-C
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    server = socket.socket(fileno=0)
    _send(server, {}, b"")
    # libvips and its libraries write warnings about pictures to stderr, which would only fill the log.
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    while True:
        line, descriptors, _, _ = socket.recv_fds(server, MAX_REQUEST_BYTES, 1)
        if not line:
            return
        request = json.loads(line)
        with os.fdopen(descriptors[0], "rb") as file:
            _bound(request["memory_bytes"] + reserved_bytes(file), request["cpu_seconds"])
            answer, data = _answer(request["job"], file, request["options"])
        _send(server, answer, data)


def _send(server: socket.socket, answer: dict[str, Any], data: bytes) -> None:
    text = json.dumps({**answer, "cpu_seconds": _cpu_seconds()}).encode()
    server.sendall(struct.pack(">II", len(text), len(data)) + text + data)


def _answer(job: str, file: Any, options: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        result, data = JOBS[job](file, **options)
    except Refused as refused:
        return {"refused": type(refused).__name__, "detail": str(refused), **refused.facts}, b""
    return {"result": result}, data


def _bound(memory_bytes: int, cpu_seconds: int) -> None:
    """Let the kernel end this process when it uses more than this from now on."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # exact; without a handler, its signal ends the process
    _limit(resource.RLIMIT_CPU, int(_cpu_seconds() + cpu_seconds) + 1)
    with contextlib.suppress(FileNotFoundError):  # only Linux reports the memory in use, and enforces the limit
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        _limit(resource.RLIMIT_DATA, int(status["VmData"].split()[0]) * 1024 + memory_bytes)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    try:
        main()
    except BaseException:  # noqa: BLE001 - mostly MemoryError
        traceback.print_exc()
        # An immediate exit, so that the exit status is available as soon as the server sees the socket close.
        os._exit(1)
