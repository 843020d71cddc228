"""`make screenshots`: a board of generated faces, as it looks on a desktop and on a phone, for the README."""

import math
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyvips
import requests

from reaction_board.database import migration
from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres
from reaction_board.storage import S3Storage
from tests.browser import CHROMIUM, chromium
from tests.servers import ROOT, Gunicorn

DOCS = ROOT / "docs"
SIZES = [(800, 600), (1200, 800), (600, 900), (500, 500), (1600, 700), (480, 270), (720, 960), (640, 360)]
TAGS = [
    "cat,funny",
    "yes,nodding",
    "no,facepalm",
    "happy,dance",
    "shocked,omg",
    "bored,eye-roll",
    "slow-clap",
    "thumbs-up",
]


def face(width: int, height: int, hue: float, mood: float) -> pyvips.Image:
    """Return a face on a background of that hue (0 to 1); the mood (0 to 1) moves eyes and mouth."""
    y = pyvips.Image.xyz(width, height)[1] / height
    x = pyvips.Image.xyz(width, height)[0] / width
    light = y * 40 + x * 15 + 25
    a, b = (math.cos(hue * math.tau) * 55, math.sin(hue * math.tau) * 55)
    ground = light.bandjoin([light * 0 + a, light * 0 + b]).copy(interpretation="lab").colourspace("srgb").cast("uchar")
    radius = min(width, height) * 0.32
    left, top = width * (0.42 + 0.16 * mood), height * 0.52
    picture = ground.draw_circle([255, 214, 90], int(left), int(top), int(radius), fill=True)
    for side in (-1, 1):
        eye = (int(left + side * radius * 0.38), int(top - radius * 0.2), int(radius * (0.09 + 0.08 * mood)))
        picture = picture.draw_circle([45, 32, 45], *eye, fill=True)
    if mood > 0.5:
        mouth = (int(left), int(top + radius * 0.4), int(radius * 0.3 * mood))
        return picture.draw_circle([140, 30, 50], *mouth, fill=True)
    smile = (int(left - radius * 0.35), int(top + radius * 0.35), int(radius * 0.7), max(2, int(radius * 0.1)))
    return picture.draw_rect([45, 32, 45], *smile, fill=True)


def pictures(count: int) -> list[tuple[str, bytes]]:
    """Return names and bytes of stills and animations of the four types."""
    chance = random.Random(4)
    made = []
    for number in range(count):
        hue, mood = chance.random(), chance.random()
        if number % 5 == 4:
            frames = [face(400, 300, hue, (1 + math.sin(frame / 8 * math.tau)) / 2) for frame in range(8)]
            film = pyvips.Image.arrayjoin(frames, across=1).copy(interpretation="srgb")
            film.set_type(pyvips.GValue.gint_type, "page-height", 300)
            made.append((f"{number}.gif", film.gifsave_buffer()))
        else:
            kind = chance.choice(["jpg", "png", "webp"])
            made.append((f"{number}.{kind}", face(*chance.choice(SIZES), hue, mood).write_to_buffer(f".{kind}")))
    return made


def main() -> int:
    """Make both pictures."""
    if not CHROMIUM:
        print("There is no chromium on this machine: apt install chromium-headless-shell", file=sys.stderr)
        return 1
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as name,
        postgres(Path(name), "secret") as (_, database_url),
        object_store(Path(name), "key", "secret-of-the-screenshots") as (_, variables),
    ):
        os.environ.update(variables, DATABASE_URL=database_url, S3_BUCKET_NAME="board")
        S3Storage("board", variables["AWS_REGION"], timeout=20).create_bucket()
        migration.upgrade()
        with Gunicorn.running(os.environ) as server, chromium() as browser:
            for number, (filename, data) in enumerate(pictures(80)):
                form = {"files": {"file": (filename, data)}, "data": {"tags": TAGS[number % len(TAGS)]}}
                requests.post(f"{server.url}/images", **form, timeout=60).raise_for_status()  # type: ignore[arg-type]
            shots: dict[str, dict[str, Any]] = {
                "desktop": {"viewport": {"width": 1200, "height": 750}},
                "phone": {"viewport": {"width": 390, "height": 750}, "color_scheme": "dark"},
            }
            for shot, options in shots.items():
                with browser.new_context(base_url=server.url.removesuffix("/api/v1"), **options) as context:
                    page = context.new_page()
                    page.goto("/")
                    page.locator(".tile.loaded").nth(15).wait_for(timeout=60_000)
                    page.wait_for_timeout(5000)
                    page.screenshot(path=DOCS / f"{shot}.jpg", type="jpeg", quality=80)
    return 0


if __name__ == "__main__":
    sys.exit(main())
