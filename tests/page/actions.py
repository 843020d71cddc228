"""What people do on the page, and what they see of it."""

import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

TIMEOUT = 20_000  # milliseconds that an action or an expectation may take on a busy machine
DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)

expect.set_options(timeout=TIMEOUT)


def tiles(page: Page) -> Locator:
    return page.locator("#grid .tile img")


def texts(page: Page) -> list[str]:
    """Return the alternative texts of the pictures in the grid at this moment, in their order."""
    alts: list[str] = tiles(page).evaluate_all("pictures => pictures.map(picture => picture.alt)")
    return alts


def expect_texts(page: Page, *expected: str) -> None:
    """Wait until the grid has the pictures with these alternative texts, in this order."""
    expect(tiles(page)).to_have_count(len(expected))
    for position, text in enumerate(expected):
        expect(tiles(page).nth(position)).to_have_attribute("alt", text)


def search_box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search by tags")


def status(page: Page) -> Locator:
    return page.locator("#status")


def outcome(page: Page) -> Locator:
    """Return the text that the page shows instead of pictures."""
    return page.locator("#outcome")


def cell(page: Page, text: str) -> Locator:
    """Return the image with that alternative text in the grid, with its tools."""
    return page.locator("#grid .cell").filter(has=page.get_by_alt_text(text, exact=True))


def tool(page: Page, text: str, name: str) -> Locator:
    """Point at the image with that alternative text; return one of its tools: Copy, Star or Open."""
    cell(page, text).hover()
    return cell(page, text).get_by_role("button", name=name)


def open_image(page: Page, text: str) -> Locator:
    """Open the image with that alternative text; return the viewer."""
    tool(page, text, "Open").click()
    viewer = page.get_by_role("dialog").filter(has=page.locator("#viewer-name"))
    expect(viewer).to_be_visible()
    return viewer


def delete(page: Page, viewer: Locator) -> None:
    """Delete the image that the viewer shows: for ten seconds, that can be undone."""
    viewer.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()


def click_at_once(page: Page, *selectors: str) -> None:
    """Click on elements within one task of the browser: no event that is queued comes in between."""
    page.evaluate("selectors => selectors.forEach(each => document.querySelector(each).click())", list(selectors))


def wait_for(page: Page, expression: str) -> Any:
    """Evaluate an expression in the page until it is true, and return its value.

    Playwright's wait_for_function() needs eval(), which the page's Content-Security-Policy forbids.
    """
    deadline = time.monotonic() + TIMEOUT / 1000
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(20)
    return value


def tab_to(page: Page, condition: str) -> None:
    """Press Tab until a condition holds for the element that has the focus."""
    for _ in range(30):
        if page.evaluate(f"(element => {condition})(document.activeElement)"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to an element with {condition}")


GIVE_FILES = """([kind, files, closed, target]) => {
    const data = new DataTransfer();
    for (const {name, type, bytes} of files)
        data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, {type}));
    const body = document.querySelector(target);
    if (closed) document.querySelector(closed).close();
    if (kind === "paste") body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
    else for (const event of ["dragenter", "dragover", "drop"].slice(0, kind === "drag" ? 1 : 3))
        body.dispatchEvent(new DragEvent(event, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def give(page: Page, how: str, *files: tuple[str, bytes], closed: str | None = None, target: str = "body") -> None:
    """Paste files, drop them, or drag them over the page; close a dialog first, within the same task of the browser."""
    entries = [{"name": name, "type": "image/png", "bytes": b64encode(data).decode()} for name, data in files]
    page.evaluate(GIVE_FILES, [how, entries, closed, target])


def drop_from_disk(page: Page, *paths: Path, before_drop: Callable[[], object] = lambda: None) -> None:
    """Drop files and folders of this machine, as a file manager does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}  # 1: copy
    for kind in ("dragEnter", "dragOver", "drop"):
        if kind == "drop":
            before_drop()
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})


def file_of(name: str, data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"name": name, "mimeType": mime_type, "buffer": data}


class Gate:
    """Holds back the requests to an address, until it is opened."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.is_open = page, False
        self.waiting: list[Route] = []
        page.route(address, self._handle)

    def _handle(self, route: Route) -> None:
        if self.is_open:
            route.continue_()
        else:
            self.waiting.append(route)

    def expect_waiting(self, count: int) -> None:
        """Wait until so many requests are held back."""
        deadline = time.monotonic() + TIMEOUT / 1000
        while len(self.waiting) < count:
            assert time.monotonic() < deadline, f"{len(self.waiting)} of {count} requests have come"
            self.page.wait_for_timeout(20)  # handles what the browser sends

    def let_one_through(self) -> None:
        self.waiting.pop(0).continue_()

    def open(self) -> None:
        self.is_open = True
        while self.waiting:
            self.let_one_through()
