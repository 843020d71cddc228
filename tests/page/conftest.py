"""A browser that looks at the board, and boards to look at."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.board import Board, Objects
from tests.browser import chromium
from tests.databases import empty
from tests.page.actions import DESKTOP, TIMEOUT
from tests.pictures import picture
from tests.servers import Gunicorn

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def origin(session_gunicorn: Gunicorn) -> str:
    return session_gunicorn.url.removesuffix("/api/v1")


@pytest.fixture
def open_page(browser: Browser, origin: str) -> Iterator[OpenPage]:
    """Open tabs, each in a context of its own. Errors in their consoles, such as broken policies, fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_page(**options: Any) -> Page:
        defaults = {"base_url": origin, "viewport": DESKTOP, "permissions": ["clipboard-read", "clipboard-write"]}
        contexts.append(browser.new_context(**{**defaults, **options}))
        contexts[-1].set_default_timeout(TIMEOUT)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", complain)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


def add_images(board: Board) -> dict[str, dict[str, Any]]:
    """Add five images and return them by their filenames. The last one is the first of the page."""
    return {
        name: board.added(data=picture("png", 300, 200), filename=name, tags=tags)
        for name, tags in (
            ("one.png", "cat,funny"),
            ("two.png", "cat"),
            ("three.png", "dog,funny"),
            ("four.png", "dog"),
            ("five.png", ""),
        )
    }


@pytest.fixture
def images(board: Board) -> dict[str, dict[str, Any]]:
    return add_images(board)


@pytest.fixture(scope="module")
def shared_board(session_app: Flask, objects: Objects) -> Iterator[Board]:
    """A board that the tests of a module share, because they only read it. It is emptied as the fixture `app` does."""
    yield Board(session_app.test_client())
    empty(session_app.extensions["engine"])
    objects.delete_all()


@pytest.fixture(scope="module")
def shared_images(shared_board: Board) -> dict[str, dict[str, Any]]:
    return add_images(shared_board)
