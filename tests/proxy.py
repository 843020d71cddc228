"""A TCP proxy between the application and one of its parts, which can be told to fail."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """Passes bytes on; after about `cut_after` bytes of answers it breaks a connection off."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: int | None = None

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
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            forth = threading.Thread(target=self._pass, args=(client, server), daemon=True)
            forth.start()
            self._pass(server, client, is_answer=True)
            forth.join()

    def _pass(self, source: socket.socket, sink: socket.socket, *, is_answer: bool = False) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                passed += len(chunk)
                sink.sendall(chunk)
                if is_answer and self.cut_after is not None and passed > self.cut_after:
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
