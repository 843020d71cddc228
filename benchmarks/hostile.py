"""Pictures that are made to hurt, 16 at a time: what they cost the board, and what others feel of it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from benchmarks.measure import Figure
from benchmarks.transfers import peak_of
from tests import hostile_pictures as hostile
from tests.pictures import picture
from tests.servers import Gunicorn

MB = 1000 * 1000
AT_ONCE = 16
TIMEOUT = 120  # seconds; far beyond every bound

# First what is refused at upload, then what is as large as the board accepts it.
KINDS: dict[str, Callable[[], bytes]] = {
    "PNG 20,000,000 × 10": lambda: hostile.wide_png(20_000_000, 10),
    "PNG with 1,300 texts of 40 MB": lambda: hostile.png_with_texts(1300),
    "PNG of 4,000,000 chunks": lambda: hostile.png_of_chunks(4_000_000),
    "WebP of 950,000 frames": lambda: hostile.webp_of_frames(950_000),
    "GIF of 3,300,000 frames": lambda: hostile.gif_of_frames(3_300_000),
    "GIF of 24,000,000 blocks": lambda: hostile.gif_of_blocks(24_000_000),
    "JPEG of 300,000 scans": lambda: hostile.jpeg_of_scans(300_000, 9400),
    "PNG 65,535 × 3,000": lambda: hostile.wide_png(65_535, 3_000),
    "PNG 14,000 × 14,000": lambda: hostile.wide_png(14_000, 14_000),
    "GIF 6,300 × 6,300": lambda: hostile.large_gif(6_300, 6_300),
    "WebP of 3,000 frames": lambda: hostile.webp_of_frames(3_000),
    "GIF of 10,000 frames": lambda: hostile.gif_of_frames(10_000),
    "JPEG 8,000 × 8,000, 60 scans": lambda: hostile.jpeg_of_scans(60, 8000),
}


@dataclass
class Felt:
    """What an ordinary client felt meanwhile, in seconds."""

    health: float = 0
    thumbnail: float = 0


def figures(server: Gunicorn, tick: Callable[[str], None], quick: bool = False) -> Iterator[Figure]:
    """Yield the figures of every kind of picture; `quick` takes one of each kind, and only small ones."""
    _thumbnail(server.url)  # starts the decoders
    for name, make in KINDS.items():
        tick(name)
        if quick and name.startswith("PNG"):
            continue
        yield from _kind(server, name, make(), 1 if quick else AT_ONCE)


def _kind(server: Gunicorn, name: str, data: bytes, number: int) -> Iterator[Figure]:
    idle = server.memory()
    with ThreadPoolExecutor(number) as pool, peak_of(server) as peak, _felt(server.url) as felt:
        answers = list(pool.map(lambda n: _try(server.url, data, n), range(number)))
    busy = _cpu_seconds(server)
    time.sleep(1)
    busy = _cpu_seconds(server) - busy
    statuses = ", ".join(sorted({answer.status for answer in answers}))
    group = f"hostile, {number} of {len(data) / MB:.1f} MB"
    upload, thumbnail = (max(getattr(answer, what) for answer in answers) for what in ("upload", "thumbnail"))
    yield _figure(group, f"{name}: {statuses}", upload, 10, "s")
    if thumbnail:
        yield Figure(group, "… slowest answer of its thumbnail", thumbnail, "s")
    yield _figure(group, "… memory above idle", (peak() - idle) / MB, 500, "MB")
    yield _figure(group, "… slowest /health", felt.health, 1, "s")
    yield _figure(group, "… slowest ordinary thumbnail", felt.thumbnail, 3, "s")
    yield _figure(group, "… CPU in the second after the last answer", busy, 0.2, "s")


def _figure(group: str, name: str, value: float, most: float, unit: str) -> Figure:
    return Figure(group, name, value, unit, bound=f"≤ {most:g}", holds=value <= most)


@dataclass
class Answer:
    """What became of a hostile picture, and the seconds that its slowest answers took."""

    status: str
    upload: float
    thumbnail: float = 0


def _try(api: str, data: bytes, number: int) -> Answer:
    """Upload a picture and, if the board takes it, ask for its thumbnail until there is one, or there can be none."""
    started = time.perf_counter()
    files = {"file": ("x", data + number.to_bytes(8))}
    uploaded = requests.post(f"{api}/images", files=files, timeout=TIMEOUT)
    answer = Answer(str(uploaded.status_code), time.perf_counter() - started)
    if uploaded.status_code != 201:
        return answer
    while True:
        started = time.perf_counter()
        thumbnail = requests.get(f"{api}/images/{uploaded.json()['id']}/thumbnail", timeout=TIMEOUT)
        answer.thumbnail = max(answer.thumbnail, time.perf_counter() - started)
        if thumbnail.status_code != 503:
            answer.status = f"201, thumbnail {thumbnail.status_code}"
            return answer
        time.sleep(1)  # as a page does that is asked to come back


@contextmanager
def _felt(api: str) -> Iterator[Felt]:
    """Yield the longest that /health and ordinary thumbnails take from now on."""
    felt, done = Felt(), threading.Event()

    def ask() -> None:
        while not done.wait(0.05):
            started = time.perf_counter()
            requests.get(f"{api}/health", timeout=TIMEOUT)
            felt.health = max(felt.health, time.perf_counter() - started)

    def show() -> None:
        while not done.wait(0.3):
            felt.thumbnail = max(felt.thumbnail, _thumbnail(api))

    threads = [threading.Thread(target=act) for act in (ask, show)]
    for thread in threads:
        thread.start()
    yield felt
    done.set()
    for thread in threads:
        thread.join()


def _thumbnail(api: str) -> float:
    """Upload an ordinary picture; return how many seconds its thumbnail takes."""
    form = {"file": ("a.jpg", picture("jpg", 800, 600))}
    image: dict[str, Any] = requests.post(f"{api}/images", files=form, timeout=TIMEOUT).json()
    started = time.perf_counter()
    requests.get(f"{api}/images/{image['id']}/thumbnail", timeout=TIMEOUT).raise_for_status()
    return time.perf_counter() - started


def _cpu_seconds(server: Gunicorn) -> float:
    processes = [server.process, *server.process.children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)
