"""Files through nginx: cached ones, concurrent requests for a new one, and slow readers."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import requests

from benchmarks.client import Client
from benchmarks.measure import Case, Effort, Figure, discard
from benchmarks.transfers import FORM_TYPE, SIZES, NewFile, Store, post
from tests.pictures import padded
from tests.servers import Gunicorn

WARM_BOUNDS = {"2 MB": 0.6, "20 MB": 0.25, "50 MB": 0.25}
BOTO3_BOUNDS = {"20 KB": 1.15, "200 KB": 1.1}
AT_ONCE = 30
COLD_ROUNDS = 3


def cases(api: str, constant: str, store: Store, images: dict[str, dict[str, Any]], effort: Effort) -> Iterator[Case]:
    """Yield downloads of cached files, each after its floor. `images` has one image of each size."""
    floor, client, raw = Client(constant), Client(api), Client(store.url("get", "x"))
    yield Case("constant", discard(partial(floor.request, "GET", constant)))
    for size, image in images.items():
        get = partial(client.request, "GET", f"{api}/images/{image['id']}/file")
        yield Case(f"raw GET {size}", discard(partial(raw.request, "GET", store.url("get", image["hash"]))))
        yield Case(f"GET {size}", discard(get), f"raw GET {size}", WARM_BOUNDS.get(size))
        yield Case(f"the store by boto3, {size}", discard(partial(store.read, image["hash"])))
        yield Case(f"GET {size}, to boto3", discard(get), f"the store by boto3, {size}", BOTO3_BOUNDS.get(size))
    match = {"If-None-Match": f'"{image["hash"]}"'}
    file = f"{api}/images/{image['id']}/file"
    yield Case("304", discard(partial(client.request, "GET", file, None, match)), "constant")
    yield Case("upload 2 MB", partial(post, client, api, NewFile(padded(effort.of(SIZES["2 MB"]))).next))


def cold_figures(api: str, server: Gunicorn, effort: Effort) -> list[Figure]:
    """Measure 30 concurrent requests for a 20 MB file that is not cached, against 30 for the same file again."""
    new, reads = NewFile(padded(effort.of(SIZES["20 MB"]))), []
    taken: dict[str, list[float]] = {"cold": [], "warm": []}
    clients = [Client(api) for _ in range(effort.of(AT_ONCE))]
    with ThreadPoolExecutor(len(clients)) as pool:
        for _ in range(effort.of(COLD_ROUNDS)):
            image = requests.post(f"{api}/images", data=bytes(new.next()), headers=FORM_TYPE, timeout=60).json()
            file = f"{api}/images/{image['id']}/file"
            for samples in taken.values():
                started = time.perf_counter()
                for done in [pool.submit(client.request, "GET", file) for client in clients]:
                    done.result()
                samples.append(time.perf_counter() - started)
            time.sleep(0.2)  # the log line is written after the last byte
            asked = server.log().count(f"GET /api/v1/images/{image['id']}/file")
            reads.append(asked - 2 * len(clients))  # without nginx's own requests, one per client and round
    cold, warm = (statistics.median(taken[state]) for state in ("cold", "warm"))
    return [
        Figure("through nginx", f"{AT_ONCE} at once, 20 MB that is kept", warm * 1000, "ms"),
        Figure("through nginx", f"{AT_ONCE} at once, 20 MB that is new", cold * 1000, "ms", None, "kept", cold / warm),
        Figure("through nginx", "reads of the store for them", max(reads), "", bound="≤ 1", holds=max(reads) == 1),
    ]
