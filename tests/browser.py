"""The browser of the tests: Debian's Chromium, driven by Playwright."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

# The same engine without windows takes half the CPU time, so it comes first.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--no-sandbox",  # it does not start as root otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


_running: list[Browser] = []


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium, or share the running one, because Playwright cannot be started twice in a process."""
    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        _running.append(browser)
        yield browser
        _running.clear()
        browser.close()


def violations(page: Page) -> list[str]:
    """Return the findings of axe-core on a page, with their places."""
    page.evaluate(AXE.read_text())  # like a developer tool, which the page's policy does not affect
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]
