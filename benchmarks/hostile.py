"""Hostile pictures, 16 at a time: what they cost the board, and how they slow down others."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from benchmarks.measure import Effort, Figure
from benchmarks.transfers import peak_of
from tests import hostile_pictures as hostile
from tests.pictures import picture
from tests.servers import Gunicorn

MB = 1000 * 1000
AT_ONCE = 16
TIMEOUT = 120  # seconds; far beyond every bound


def _side(side: int, share: float) -> int:
    return round(side * share**0.5)


# Each function takes a share of the full size. Uploads of the first ones are refused; the others are just accepted.
KINDS: dict[str, Callable[[float], bytes]] = {
    "PNG 20,000,000 × 10": lambda share: hostile.wide_png(round(20_000_000 * share), 10),
    "PNG with 1,300 texts of 40 MB": lambda share: hostile.png_with_texts(round(1300 * share)),
    "PNG of 4,000,000 chunks": lambda share: hostile.png_of_chunks(round(4_000_000 * share)),
    "WebP of 950,000 frames": lambda share: hostile.webp_of_frames(round(950_000 * share)),
    "GIF of 3,300,000 frames": lambda share: hostile.gif_of_frames(round(3_300_000 * share)),
    "GIF of 24,000,000 blocks": lambda share: hostile.gif_of_blocks(round(24_000_000 * share)),
    "JPEG of 300,000 scans": lambda share: hostile.jpeg_of_scans(round(300_000 * share), _side(9400, share)),
    "PNG 65,535 × 3,000": lambda share: hostile.wide_png(_side(65_535, share), _side(3_000, share)),
    "PNG 14,000 × 14,000": lambda share: hostile.wide_png(_side(14_000, share), _side(14_000, share)),
    "GIF 6,300 × 6,300": lambda share: hostile.large_gif(_side(6_300, share), _side(6_300, share)),
    "WebP of 3,000 frames": lambda share: hostile.webp_of_frames(round(3_000 * share)),
    "GIF of 10,000 frames": lambda share: hostile.gif_of_frames(round(10_000 * share)),
    "JPEG 8,000 × 8,000, 60 scans": lambda share: hostile.jpeg_of_scans(60, _side(8000, share)),
}


@dataclass
class Felt:
    """The slowest responses to an ordinary client meanwhile, in seconds."""

    health: float = 0
    thumbnail: float = 0


def figures(server: Gunicorn, effort: Effort, tick: Callable[[str], None]) -> Iterator[Figure]:
    """Yield the figures of every kind of picture."""
    _thumbnail(server.url)  # starts the decoders
    for name, make in KINDS.items():
        tick(name)
        yield from _kind(server, name, make(effort.share), effort)


def _kind(server: Gunicorn, name: str, data: bytes, effort: Effort) -> Iterator[Figure]:
    idle, number = server.memory(), effort.of(AT_ONCE)
    with ThreadPoolExecutor(number) as pool, peak_of(server) as peak, _felt(server.url) as felt:
        answers = list(pool.map(lambda n: _try(server.url, data, n), range(number)))
    busy = _cpu_seconds(server)
    time.sleep(effort.share)
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
    """Upload a picture. If the board accepts it, request its thumbnail until the board answers other than 503."""
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
        time.sleep(1)  # as a browser would after Retry-After


@contextmanager
def _felt(api: str) -> Iterator[Felt]:
    """Measure the slowest /health and ordinary thumbnail while the block runs."""
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
    """Upload an ordinary picture, and return the seconds that its thumbnail takes."""
    form = {"file": ("a.jpg", picture("jpg", 800, 600))}
    image: dict[str, Any] = requests.post(f"{api}/images", files=form, timeout=TIMEOUT).json()
    started = time.perf_counter()
    requests.get(f"{api}/images/{image['id']}/thumbnail", timeout=TIMEOUT).raise_for_status()
    return time.perf_counter() - started


def _cpu_seconds(server: Gunicorn) -> float:
    processes = [server.process, *server.process.children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)
