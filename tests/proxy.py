"""A TCP proxy between the application and one of its parts, which can fail on demand."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from sqlalchemy import make_url


class Proxy:
    """A proxy that forwards bytes, or fails as configured.

    `refuses` new connections and breaks those that are; `hangs` and passes nothing on; breaks a connection off after
    about `cut_after` bytes of answers or `cut_requests_after` bytes of requests; answers every request with `answer`.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: int | None = None
        self.cut_requests_after: int | None = None
        self.refuses = False
        self.hangs = False
        self.answer: bytes | None = None
        self.requests: list[bytes] = []  # the first word of each chunk; of a request, the method

    @classmethod
    @contextlib.contextmanager
    def running(cls, target_port: int) -> Iterator["Proxy"]:
        proxy = cls(target_port)
        threading.Thread(target=proxy._accept, daemon=True).start()
        yield proxy
        proxy._listener.shutdown(socket.SHUT_RDWR)
        proxy._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port))
        except OSError:  # the server behind this proxy is down
            client.close()
            return
        with client, server:
            forth = threading.Thread(target=self._pass, args=(client, server), daemon=True)
            forth.start()
            self._pass(server, client, is_answer=True)
            forth.join()

    def _pass(self, source: socket.socket, sink: socket.socket, *, is_answer: bool = False) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                while self.hangs:
                    time.sleep(0.05)
                if self.refuses:
                    break
                if self.answer and not is_answer:
                    source.sendall(self.answer)
                    break
                if not is_answer:
                    self.requests.append(chunk.split(maxsplit=1)[0])
                passed += len(chunk)
                sink.sendall(chunk)
                most = self.cut_after if is_answer else self.cut_requests_after
                if most is not None and passed > most:
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def in_between(environment: Mapping[str, str]) -> Iterator[tuple[Proxy, Proxy, dict[str, str]]]:
    """Yield a proxy for the database, one for the store, and the environment to use both."""
    url = make_url(environment["DATABASE_URL"])
    store_port = urlsplit(environment["AWS_ENDPOINT_URL_S3"]).port
    assert url.port
    assert store_port
    with Proxy.running(url.port) as database, Proxy.running(store_port) as store:
        through = url.set(port=database.port, query={"application_name": "proxied"})
        yield (
            database,
            store,
            {
                **environment,
                "DATABASE_URL": through.render_as_string(hide_password=False),
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{store.port}",
            },
        )
