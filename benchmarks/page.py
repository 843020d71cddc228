"""The page in a browser: how long people wait for it, and for the pictures of what they type."""

import contextlib
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import cycle
from typing import Any

import requests
from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import Connection, text

from benchmarks.fill import Filled
from benchmarks.measure import Effort, Figure, timed
from benchmarks.similar import Show
from reaction_board.storage import Storage, thumbnail_key
from tests.drawings import drawing

GROUP = "page"
IMAGES = 10_000
MIN_IMAGES = 2000  # fewer may have no tag that takes exactly LETTERS letters
FEWEST, MOST = 5, 300  # images of the tags that are typed
LETTERS = 3  # of a tag, before its pictures must be there
PAUSE = 500  # milliseconds in which all that a letter asks for is shown
THUMBNAILS, SIDE = 24, 640  # different ones; pixels
HEIGHTS = 40  # of the window, scrolled through
WINDOW = ViewportSize(width=1280, height=800)
BOX = "#search input"

# Resolves with two numbers of milliseconds since the last key: until the tiles in the window have the tag, and until
# their pictures are there, too.
WATCH = """tag => {
    let pressed, tiles;
    const note = event => { pressed = event.timeStamp; };
    addEventListener("keydown", note, {capture: true});
    window.measured = new Promise(resolve => requestAnimationFrame(function look(now) {
        const shown = [...document.querySelectorAll("#grid .tile")].filter(tile => {
            const {top, bottom} = tile.getBoundingClientRect();
            return bottom > 0 && top < innerHeight;
        });
        if (pressed && shown.length && shown.every(tile => tile.firstElementChild.alt.split(/[ ,]+/).includes(tag))) {
            tiles ??= now - pressed;
            if (shown.every(tile => tile.classList.contains("loaded"))) {
                removeEventListener("keydown", note, {capture: true});
                return resolve([tiles, now - pressed]);
            }
        }
        requestAnimationFrame(look);
    }));
}"""
# Resolves with the seconds between frames while the page is scrolled, six frames for a height of the window.
SCROLL = """heights => new Promise(resolve => {
    const frames = [];
    let last;
    requestAnimationFrame(function frame(now) {
        if (last) frames.push((now - last) / 1000);
        last = now;
        if (frames.length >= 6 * heights) return resolve(frames);
        scrollBy(0, innerHeight / 6);
        requestAnimationFrame(frame);
    });
})"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SHIFTS = """new Promise(resolve => new PerformanceObserver(list => {
    resolve(list.getEntries().reduce((sum, {value, hadRecentInput}) => sum + (hadRecentInput ? 0 : value), 0));
}).observe({type: "layout-shift", buffered: true}) || setTimeout(resolve, 200, 0))"""

UPDATE = """
    UPDATE images SET thumbnail_bytes = (CAST(:bytes AS integer[]))[1 + position % :n],
        thumbnail_hash = (CAST(:hashes AS bytea[]))[1 + position % :n]
"""


def figures(origin: str, browser: Browser, board: Filled, effort: Effort, show: Show) -> Iterator[Figure]:
    """Yield what a person waits for on a board at `origin` whose images have thumbnails."""
    words = cycle(list(_words(origin, board)))
    show("opening")
    rounds = range(effort.rounds + effort.warm_up)
    opened = [_opened(browser, origin) for _ in rounds][effort.warm_up :]
    yield timed(GROUP, "first contentful paint", [paint for paint, _ in opened], 0.2)
    shift = max(shift for _, shift in opened)
    yield Figure(GROUP, "layout shift", shift, "(worst)", bound="< 0.01", holds=shift < 0.01)
    with _page(browser, origin) as page:
        for name, pause in (("letter by letter", True), ("without a pause", False)):
            show(f"typing {name}")
            waits = [_typed(page, next(words), pause) for _ in rounds][effort.warm_up :]
            yield timed(GROUP, f"last key to tiles, typed {name}", [tiles for tiles, _ in waits], 0.15)
            yield timed(GROUP, f"last key to pictures, typed {name}", [pictures for _, pictures in waits], 0.15)
    with _page(browser, origin) as page:
        show("scrolling")
        frames: list[float] = page.evaluate(SCROLL, effort.of(HEIGHTS))
        yield timed(GROUP, "frame, while scrolling", frames)


def add_thumbnails(connection: Connection, storage: Storage, show: Show) -> None:
    """Give every image of a board a thumbnail, one of a few."""
    drawn = [drawing(number).thumbnail_image(SIDE).webpsave_buffer(Q=80) for number in range(THUMBNAILS)]
    rows = connection.execute(text("SELECT position, encode(hash, 'hex') FROM images")).all()

    def put(row: Any) -> None:
        data = drawn[row[0] % THUMBNAILS]
        storage.put(thumbnail_key(row[1]), BytesIO(data), len(data), "image/webp", hashlib.sha256(data).hexdigest())

    with ThreadPoolExecutor(8) as pool:
        for number, _ in enumerate(pool.map(put, rows)):
            if not number % 1000:
                show(f"thumbnails from {number:,} on")
    values = {
        "n": THUMBNAILS,
        "bytes": [len(data) for data in drawn],
        "hashes": [hashlib.sha256(data).digest() for data in drawn],
    }
    connection.execute(text(UPDATE), values)


def _words(origin: str, board: Filled) -> Iterator[str]:
    """Yield tags that their first letters suggest first, but fewer letters do not."""
    with requests.Session() as session:

        def suggested(letters: str) -> object:
            asked = {"match": letters, "limit": "1"}
            return session.get(f"{origin}/api/v1/tags", params=asked, timeout=60).json()["items"][0]["name"]

        for name, count in board.counts.items():
            before, letters = name[: LETTERS - 1], name[:LETTERS]
            if FEWEST <= count <= MOST and suggested(letters) == name != suggested(before):
                yield name


@contextlib.contextmanager
def _page(browser: Browser, origin: str) -> Iterator[Page]:
    """Open the board in a new window with an empty cache."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.goto(origin)
    page.locator(".tile.loaded").first.wait_for()
    yield page
    context.close()


def _opened(browser: Browser, origin: str) -> tuple[float, float]:
    """Return the seconds until the first paint, and how much the layout has shifted."""
    with _page(browser, origin) as page:
        page.wait_for_load_state("networkidle")
        paint: float = page.evaluate(PAINTED)
        shift: float = page.evaluate(SHIFTS)
        return paint / 1000, shift


def _typed(page: Page, word: str, pause: bool) -> tuple[float, float]:
    """Type the letters of a tag; return the seconds from the last key until its tiles are there, and their pictures."""
    page.locator(BOX).focus()
    for letter in word[: LETTERS - 1]:
        page.keyboard.press(letter)
        if pause:
            page.wait_for_timeout(PAUSE)
    page.evaluate(WATCH, word)
    page.keyboard.press(word[LETTERS - 1])
    tiles, pictures = page.evaluate("measured")
    for _ in range(LETTERS):
        page.keyboard.press("Backspace")
    page.wait_for_timeout(PAUSE)
    return tiles / 1000, pictures / 1000
