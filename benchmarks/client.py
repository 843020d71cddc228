"""A client with little overhead: it keeps one connection and reads responses into one buffer."""

import http.client
import time
from urllib.parse import urlsplit

BUFFER_BYTES = 256 * 1024


class Client:
    """A persistent connection to one server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._buffer = memoryview(bytearray(BUFFER_BYTES))

    def request(
        self, method: str, url: str, body: bytes | bytearray | None = None, headers: dict[str, str] | None = None
    ) -> int:
        """Send a request, read the whole response, and return its size in bytes. Raises RuntimeError for errors."""
        parts = urlsplit(url)
        self._connection.request(method, f"{parts.path or '/'}?{parts.query}", body, headers or {})
        response = self._connection.getresponse()
        if response.status >= 400:
            raise RuntimeError(f"{method} {url}: {response.status} {response.read(500)!r}")
        size = 0
        while received := response.readinto(self._buffer):
            size += received
        return size

    def read_slowly(self, url: str, bytes_per_second: int, seconds: float) -> None:
        """Read a response at a limited rate, in bytes per second, and stop after some seconds."""
        parts = urlsplit(url)
        self._connection.request("GET", parts.path)
        response = self._connection.getresponse()
        started, received = time.monotonic(), 0
        while time.monotonic() < started + seconds:
            if not (chunk := response.read(16 * 1024)):
                break
            received += len(chunk)
            time.sleep(max(0.0, started + received / bytes_per_second - time.monotonic()))
        self._connection.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
