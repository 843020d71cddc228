"""Similar images: which changes a fingerprint withstands, and what it costs searches and uploads."""

import math
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyvips
from sqlalchemy import Connection, text

from benchmarks.client import Client
from benchmarks.mangled import WAYS
from benchmarks.measure import Case, Effort, Figure
from benchmarks.search import NEWEST
from benchmarks.transfers import NewFile, post
from reaction_board.database import queries
from reaction_board.database.queries.fingerprints import MAX_DISTANCE
from reaction_board.database.tables import BANDS
from reaction_board.media import fingerprint
from reaction_board.media.fingerprint import Fingerprint
from reaction_board_decoder.fingerprint import SIDE, bits_of
from tests.drawings import drawing

DRAWINGS = 44  # to mangle
MUST_BE_FOUND = {"cropped 5 %": 0.8, "caption added": 0.8}  # the share, which is 0.97 for all others
UNRELATED = 10_000  # drawings
MAX_UNRELATED = 1.0  # pairs of 100,000 that count as similar
SMALL = (96, 72)  # pixels of each unrelated drawing
PAUSE = 0.15  # seconds
SEARCHES, VERIFIED = 400, 20
PAGE = 20  # images
GRAIN = 6  # of 256; camera noise, which makes files as large as photographs
SIDE_OF_PHOTOGRAPHS = 1600  # pixels; larger pictures from a folder are shrunk first

Show = Callable[[str], None]


def share_figures(folder: Path | None, effort: Effort, show: Show) -> Iterator[Figure]:
    """Yield the share of mangled pictures that are within MAX_DISTANCE of the original, for each way to mangle them.

    The pictures are drawings and those in `folder`. Pictures without structure are left out.
    """
    distances: dict[str, list[int]] = {way: [] for way in WAYS}
    flat = 0
    for number, image in enumerate(_pictures(folder, effort)):
        show(f"mangling picture {number}")
        look = _fingerprint(image.pngsave_buffer(compression=1))
        if look.bits is None:
            flat += 1
            continue
        for way, mangle in WAYS.items():
            distances[way].append(_distance(look, _fingerprint(mangle(image))))
    group = f"mangled, of {len(next(iter(distances.values())))} pictures"
    yield Figure(group, "without structure", flat, "others")
    for way, found in distances.items():
        share, must = sum(distance <= MAX_DISTANCE for distance in found) / len(found), MUST_BE_FOUND.get(way, 0.97)
        yield Figure(group, way, share, "found", bound=f"≥ {must:g}", holds=share >= must)


def _pictures(folder: Path | None, effort: Effort) -> Iterator[Any]:
    yield from map(drawing, range(effort.of(DRAWINGS)))
    for path in sorted(folder.rglob("*.*")) if folder else ():
        image = pyvips.Image.new_from_file(str(path)).autorot().colourspace("srgb")
        image = image.flatten(background=255) if image.hasalpha() else image
        scale = min(1, SIDE_OF_PHOTOGRAPHS / max(image.width, image.height))
        yield image.extract_band(0, n=3).resize(scale).cast("uchar").copy_memory()


def _fingerprint(data: bytes) -> Fingerprint:
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(data)
        return fingerprint.render(file)


def _distance(one: Fingerprint, other: Fingerprint) -> int:
    if one.bits is None or other.bits is None:
        return 64
    return ((one.bits ^ other.bits) & (1 << 64) - 1).bit_count()


def unrelated(effort: Effort, show: Show) -> list[int]:
    """Return the fingerprints of small drawings, all different."""
    # Not forked: libvips has threads.
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        found = []
        for bits in pool.map(_bits_of_drawing, range(effort.of(UNRELATED)), chunksize=50):
            found.append(bits)
            show(f"drawing {len(found)}")
    return [bits for bits in found if bits is not None]


def _bits_of_drawing(number: int) -> int | None:
    image = drawing(number, *SMALL).thumbnail_image(SIDE, height=SIDE, size="force").colourspace("b-w")
    return bits_of(bytes(image.extract_band(0).cast("uchar").write_to_memory()))


def unrelated_figure(bits: Sequence[int]) -> Figure:
    """Compare every pair of fingerprints."""
    near = sum((one ^ other).bit_count() <= MAX_DISTANCE for number, one in enumerate(bits) for other in bits[:number])
    rate = near / math.comb(len(bits), 2) * 100_000
    name = f"pairs of {len(bits):,} drawings, of 100,000"
    return Figure("unrelated", name, rate, "found", bound=f"≤ {MAX_UNRELATED:g}", holds=rate <= MAX_UNRELATED)


def fill(connection: Connection, n: int, drawn: Sequence[int]) -> None:
    """Give fingerprints to n images in the connection's transaction.

    Each band comes from some drawing, so bands are as uneven as those of drawings. Half of the pictures have several
    versions, up to thousands, which differ in up to 6 bits.
    """
    connection.execute(text("ALTER TABLE fingerprints DROP CONSTRAINT fk_fingerprints_position_images"))
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - it is open
    with driver.cursor().copy("COPY fingerprints FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "int8"])
        for position, bits in enumerate(islice(_clustered(drawn), n)):
            copy.write_row((position, _signed(bits)))
    connection.execute(
        text(
            "ALTER TABLE fingerprints ADD CONSTRAINT fk_fingerprints_position_images"
            " FOREIGN KEY (position) REFERENCES images (position) ON DELETE CASCADE"
        )
    )


def _clustered(drawn: Sequence[int]) -> Iterator[int]:
    chance = random.Random(1)  # noqa: S311 - not a secret
    masks = [(1 << width) - 1 << lowest for lowest, width in BANDS]
    while True:
        bits = sum(chance.choice(drawn) & mask for mask in masks)
        yield bits
        for _ in range(min(int(chance.paretovariate(1.1)) - 1, 2000)):
            yield bits ^ sum(1 << bit for bit in chance.sample(range(64), chance.randrange(7)))


def _signed(bits: int) -> int:
    return bits - (bits >> 63 << 64)


def search_figures(connection: Connection, n: int, effort: Effort) -> Iterator[Figure]:
    """Yield what a search for images like one costs, for images all over the board, in turns with Fp."""
    chance = random.Random(2)  # noqa: S311 - not a secret
    places = [chance.randrange(n) for _ in range(effort.of(SEARCHES))]
    floor, taken, found = [], [], []
    for position in places:
        started = time.perf_counter()
        connection.execute(NEWEST).all()
        floor.append(time.perf_counter() - started)
        look = queries.fingerprints.find(connection, {"position": position})
        assert look is not None  # noqa: S101 - all have been filled
        started = time.perf_counter()
        rows = queries.fingerprints.find_similar(connection, look, MAX_DISTANCE, PAGE, {"position": position})
        taken.append(time.perf_counter() - started)
        found.append(len(rows))
    group = "similar to one"
    median, ratio = statistics.median(taken), statistics.median(taken) / statistics.median(floor)
    p99 = statistics.quantiles(taken * 2, n=100, method="inclusive")[-1]
    yield Figure(group, "Fp", statistics.median(floor) * 1000, "ms")
    yield Figure(group, "median", median * 1000, "ms", None, "Fp", ratio, "≤ 30", ratio <= 30)
    yield Figure(group, "p99", p99 * 1000, "ms", bound="≤ 100", holds=p99 <= 0.1)
    yield Figure(group, "images on a page, at most 20", statistics.mean(found), "on average")
    wrong = sum(_is_wrong(connection, position) for position in places[: effort.of(VERIFIED)])
    yield Figure(group, "searches that brute force contradicts", wrong, "", bound="≤ 0", holds=not wrong)
    size = "SELECT pg_total_relation_size('fingerprints') / 1e6"
    yield Figure(group, "table and indexes", float(connection.execute(text(size)).scalar_one()), "MB")


def _is_wrong(connection: Connection, position: int) -> bool:
    look = queries.fingerprints.find(connection, {"position": position})
    assert look is not None  # noqa: S101 - all have been filled
    rows = queries.fingerprints.find_similar(connection, look, MAX_DISTANCE, 1_000_000)
    brute_force = connection.execute(
        text(
            "SELECT position, bit_count((bits # :bits)::bit(64)) FROM fingerprints"
            " WHERE bit_count((bits # :bits)::bit(64)) <= :distance"
        ),
        {"bits": look.bits, "distance": MAX_DISTANCE},
    )
    return {(row["position"], row["distance"]) for row in rows} != {(at, distance) for at, distance in brute_force}


def upload_cases(with_: str, without: str, effort: Effort) -> Iterator[Case]:
    """Yield uploads to a board with fingerprints and one without: of photographs, as JPEG and as PNG.

    The figures are valid only on an idle machine, where the fingerprint takes time on a free core.
    """
    clients = Client(with_), Client(without)
    for name, (suffix, width, options) in {
        "JPEG of 200 KB": (".jpg", 1100, {"Q": 84}),
        "JPEG of 2 MB": (".jpg", 3200, {"Q": 88}),
        "PNG of 2 MB": (".png", 1060, {}),
    }.items():
        width = effort.of(width)
        photograph = drawing(0, width, width * 3 // 4)
        grain = pyvips.Image.gaussnoise(photograph.width, photograph.height, mean=0, sigma=GRAIN, seed=1)
        data = (photograph + grain).cast("uchar").copy(interpretation="srgb").write_to_buffer(suffix, **options)
        floor = f"{name} ({len(data) / 1000:,.0f} KB), without"
        must = 1.05 if suffix == ".jpg" else None
        yield Case(floor, partial(_upload_in_peace, clients[1], without, NewFile(data)))
        yield Case(name, partial(_upload_in_peace, clients[0], with_, NewFile(data)), floor, must)


def _upload_in_peace(client: Client, api: str, new: NewFile) -> float:
    """Return the seconds of an upload, which begins after the previous fingerprint is finished."""
    time.sleep(PAUSE)
    started = time.perf_counter()
    post(client, api, new.next)
    return time.perf_counter() - started
