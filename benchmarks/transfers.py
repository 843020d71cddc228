"""Transfers: uploads, downloads, responses without the store, memory, and slow readers."""

import contextlib
import hashlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks.client import Client
from benchmarks.measure import Case, Effort, Figure, discard
from tests.pictures import padded
from tests.servers import Gunicorn

KB, MB = 1000, 1000 * 1000
SIZES = {"20 KB": 20 * KB, "200 KB": 200 * KB, "2 MB": 2 * MB, "20 MB": 20 * MB, "50 MB": 50 * MB}
GET_BOUNDS = {("2 MB", 1): 1.8, ("20 MB", 1): 1.2, ("50 MB", 1): 1.2, ("50 MB", 8): 1.3}
PUT_BOUNDS = {"2 MB": 2.4, "50 MB": 1.6}
CLIENTS = 8
MEMORY_BOUND = 120 * MB
SLOW_READERS, SLOW_RATE, SLOW_SECONDS = 50, 200 * KB, 10
HEALTH_REQUESTS = 300
FORM_TYPE = {"Content-Type": "multipart/form-data; boundary=b"}
FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
FORM_END = b"\r\n--b--\r\n"


class Store:
    """The object store without the application: URLs that any client may use."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def url(self, method: str, key: str) -> str:
        """Return a signed URL to get or put an object."""
        url: str = self._s3.generate_presigned_url(
            f"{method}_object", {"Bucket": self._bucket, "Key": key}, ExpiresIn=24 * 3600
        )
        return url

    def read(self, key: str) -> bytes:
        """Return an object, read with boto3."""
        data: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return data


class NewFile:
    """A form with a file that is different each time."""

    def __init__(self, file: bytes) -> None:
        self.form = bytearray(FORM_HEAD + file + bytes(8) + FORM_END)
        self._serial = time.time_ns()

    def next(self) -> bytearray:
        """Return the form with the next file, which differs in its last eight bytes."""
        self._serial += 1
        end = len(self.form) - len(FORM_END)
        self.form[end - 8 : end] = self._serial.to_bytes(8)
        return self.form

    def file(self) -> memoryview:
        """Return the bytes of the next file."""
        return memoryview(self.next())[len(FORM_HEAD) : -len(FORM_END)]


def upload(api: str, form: bytes | bytearray) -> None:
    """Upload a form's file over a new connection."""
    client = Client(api)
    client.request("POST", f"{api}/images", form, FORM_TYPE)
    client.close()


def transfer_cases(
    api: str, constant: str, store: Store, images: dict[str, dict[str, Any]], effort: Effort
) -> Iterator[Case]:
    """Yield downloads, conditional requests and uploads, each after its floor. `images` has one of each size."""
    floor, client, raw = Client(constant), Client(api), Client(store.url("get", "x"))
    yield Case("constant", discard(partial(floor.request, "GET", constant)))
    file = f"{api}/images/{images['2 MB']['id']}/file"
    match = {"If-None-Match": f'"{images["2 MB"]["hash"]}"'}
    yield Case("304", discard(partial(client.request, "GET", file, None, match)), "constant", 7)
    yield Case("HEAD", discard(partial(client.request, "HEAD", file)), "constant", 7)
    for size, image in images.items():
        file, stored = f"{api}/images/{image['id']}/file", store.url("get", image["hash"])
        for clients in (1, CLIENTS):
            name = f"GET {size}, {clients} client{'s' if clients > 1 else ''}"
            yield Case(f"raw {name}", _at_once(clients, stored, raw))
            yield Case(name, _at_once(clients, file, client), f"raw {name}", GET_BOUNDS.get((size, clients)))
    for size, size_bytes in SIZES.items():
        new = NewFile(padded(effort.of(size_bytes)))
        put = store.url("put", "raw")
        yield Case(f"raw PUT {size} and SHA-256", partial(_put_raw, raw, put, new))
        yield Case(
            f"upload {size}",
            partial(post, client, api, new.next),
            f"raw PUT {size} and SHA-256",
            PUT_BOUNDS.get(size),
        )
        if size == "50 MB":
            same = bytes(new.next())
            yield Case(
                "duplicate 50 MB",
                partial(post, client, api, partial(bytes, same)),
                f"raw PUT {size} and SHA-256",
                0.7,
            )


def post(client: Client, api: str, form: Callable[[], bytes | bytearray]) -> None:
    """Upload the form that `form` returns."""
    client.request("POST", f"{api}/images", form(), FORM_TYPE)


def _put_raw(raw: Client, url: str, new: NewFile) -> None:
    file = bytes(new.file())
    hashlib.sha256(file).digest()
    raw.request("PUT", url, file)


def _at_once(clients: int, url: str, kept: Client) -> Callable[[], float | None]:
    if clients == 1:
        return discard(partial(kept.request, "GET", url))
    several = [Client(url) for _ in range(clients)]

    def run() -> float:
        with ThreadPoolExecutor(clients) as pool:
            started = time.perf_counter()
            list(pool.map(lambda client: client.request("GET", url), several))
            return time.perf_counter() - started

    return run


@contextlib.contextmanager
def peak_of(server: Gunicorn) -> Iterator[Callable[[], int]]:
    """Yield a function that returns the peak memory of the server so far, in bytes."""
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, server.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield lambda: peak
    done.set()
    watcher.join()


def memory_figures(server: Gunicorn, image: dict[str, Any], effort: Effort) -> list[Figure]:
    """Measure the memory, above idle, of 8 concurrent downloads and then 8 concurrent uploads of 50 MB."""
    forms = [NewFile(padded(effort.of(SIZES["50 MB"]))).next() for _ in range(CLIENTS)]
    api, idle = server.url, server.memory()
    file = f"{api}/images/{image['id']}/file"
    figures = [Figure("memory", "idle", idle / MB, "MB")]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for name, act in (
            ("8 downloads of 50 MB", lambda _: Client(api).request("GET", file)),
            ("8 uploads of 50 MB", lambda form: upload(api, form)),
        ):
            with peak_of(server) as peak:
                list(pool.map(act, forms))
            more = peak() - idle
            figures.append(
                Figure("memory", f"{name}, above idle", more / MB, "MB", bound="≤ 120", holds=more <= MEMORY_BOUND)
            )
    return figures


def slow_reader_figures(group: str, api: str, image: dict[str, Any], bound: float, effort: Effort) -> list[Figure]:
    """Measure /health while 50 readers download 20 MB at 200 kB/s each. The floor is /health without them."""
    requests, seconds = effort.of(HEALTH_REQUESTS), SLOW_SECONDS * effort.share
    alone = _p95_of_health(api, requests)
    file = f"{api}/images/{image['id']}/file"
    readers = [
        threading.Thread(target=Client(api).read_slowly, args=(file, SLOW_RATE, seconds))
        for _ in range(effort.of(SLOW_READERS))
    ]
    for reader in readers:
        reader.start()
    time.sleep(2 * effort.share)  # until all of them are reading
    among = _p95_of_health(api, requests)
    for reader in readers:
        reader.join()
    ratio = among / alone
    return [
        Figure(group, "p95 of /health without them", alone * 1000, "ms"),
        Figure(
            group,
            "p95 of /health with 50 of them",
            among * 1000,
            "ms",
            None,
            "p95 of /health without them",
            ratio,
            f"≤ {bound:g}",
            ratio <= bound,
        ),
    ]


def _p95_of_health(api: str, requests: int) -> float:
    """Return the 95th percentile of requests over new connections, in seconds."""
    samples = []
    for _ in range(requests):
        client = Client(api)
        started = time.perf_counter()
        client.request("GET", f"{api}/health")
        samples.append(time.perf_counter() - started)
        client.close()
        time.sleep(0.01)
    return statistics.quantiles(samples, n=20, method="inclusive")[-1]
