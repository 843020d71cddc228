"""Running `reaction-board` in tests, and servers in this process for it to connect to."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from reaction_board_client.cli import main

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PROGRAM = Path(sys.executable).with_name("reaction-board")

Answer = tuple[int, Mapping[str, str], bytes]  # status, headers, body


@dataclass
class CommandLine:
    """The commands for one board, run in this process."""

    url: str = "http://127.0.0.1:1"  # no board runs there
    token: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        own = {"REACTION_BOARD_URL": self.url, "REACTION_BOARD_TOKEN": self.token, "no_proxy": "*"}
        return {**own, **self.environment}

    def run(self, *arguments: str | Path, given: str | None = None) -> Result:
        """Run a command, with what it reads from standard input."""
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(main, words, given, self.variables(), prog_name=PROGRAM.name)

    def done(self, *arguments: str | Path) -> str:
        """Run a command that succeeds; return what it prints."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def lines(self, *arguments: str | Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.done(*arguments, "--json").splitlines()]

    def program(self, *arguments: str | Path) -> tuple[list[str], dict[str, str]]:
        """Return the command and the environment that start the program itself."""
        return [str(PROGRAM), *map(str, arguments)], {**os.environ, **self.variables()}


class _Quiet(WSGIRequestHandler):
    timeout = 5  # seconds, because browsers open connections and may not use them

    def log(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(app: "WSGIApplication") -> Iterator[str]:
    """Serve an application over HTTP in this process, which starts faster than gunicorn. Yield its URL."""
    server = ThreadedWSGIServer("127.0.0.1", 0, app, _Quiet)
    server.daemon_threads = False  # so that closing it waits for its requests, which hold connections of the database
    yield from _serving(server)


class StandIn(BaseHTTPRequestHandler):
    """A server with the answers of a test, which records the requests."""

    answer: Callable[["StandIn"], Answer]
    requests: list[tuple[str, str | None]]  # the target, and the token that came with it

    def do_GET(self) -> None:
        self.requests.append((self.path, self.headers["Authorization"]))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = type(self).answer(self)
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        with contextlib.suppress(ConnectionError):  # the client may be gone
            self.end_headers()
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def stand_in(answer: Callable[[StandIn], Answer]) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Run such a server. Yield its URL and the list of its requests."""
    requests: list[tuple[str, str | None]] = []
    handler = type("Told", (StandIn,), {"answer": answer, "requests": requests})
    for url in _serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)):
        yield url, requests


def _serving(server: Any) -> Iterator[str]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
