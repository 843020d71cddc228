"""The page of a board under a path of its host, behind nginx."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import delete, expect_texts, file_of, give, open_image, outcome, search_box, wait_for
from tests.page.conftest import OpenPage
from tests.pictures import picture
from tests.servers import Gunicorn, Nginx, needs_nginx

pytestmark = [*MARKS, needs_nginx]


@pytest.fixture(scope="module")
def origin_and_path(session_gunicorn: Gunicorn) -> Iterator[str]:
    with Nginx.running(session_gunicorn.socket) as nginx:
        yield nginx.url_below.removesuffix("/api/v1")


@pytest.fixture
def page(open_page: OpenPage, origin_and_path: str) -> Page:
    return open_page(base_url=f"{origin_and_path}/")


def test_everything_is_done_under_the_path(page: Page, board: Board, origin_and_path: str) -> None:
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    old = board.added(tags="cat,old", filename="old.png")
    page.goto("./")
    expect_texts(page, "cat, old")
    expect(page.locator(".tile.loaded")).to_have_count(1)

    give(page, "paste", ("like.png", picture()), target="#search input")
    expect(outcome(page)).to_contain_text("No image looks like like.png.")
    page.get_by_role("button", name="Remove Like like.png").click()
    expect_texts(page, "cat, old")

    page.get_by_role("button", name="Upload").click()
    page.locator("#files").set_input_files([file_of("new.png", picture())])  # type: ignore[arg-type]
    page.get_by_role("combobox", name="Tags for all of them").fill("dog")
    page.locator("#start").click()
    expect_texts(page, "dog", "cat, old")
    page.keyboard.press("Escape")

    search_box(page).press_sequentially("old,")
    expect_texts(page, "cat, old")
    expect(page).to_have_url(f"{origin_and_path}/?tags=old")
    viewer = open_image(page, "cat, old")
    wait_for(page, "document.querySelector('#viewer-image').naturalWidth")
    viewer.get_by_role("button", name="Copy direct link").click()
    expect(viewer.get_by_text("Copied the direct link.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{origin_and_path}/i/{old['id']}.png"
    expect(page).to_have_url(f"{origin_and_path}/i/{old['id']}")
    delete(page, viewer)
    expect_texts(page)
    page.get_by_role("link", name="Reactions").click()
    expect_texts(page, "dog")

    tile = page.get_by_role("link", name="dog")
    page.goto(str(tile.get_attribute("href")))
    expect(page).to_have_url(re.compile(rf"^{re.escape(origin_and_path)}/i/[0-9a-f-]+$"))
    wait_for(page, "document.querySelector('main img').naturalWidth")
    page.get_by_role("link", name="dog").click()
    expect_texts(page, "dog")
    page.goto("./")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Tags").click()
    expect(page).to_have_url(f"{origin_and_path}/tags")
    page.get_by_role("link", name="dog").click()
    expect_texts(page, "dog")
    page.goto("i/gone")
    page.get_by_role("link", name="To the board").click()
    expect_texts(page, "dog")
    assert [url for url in urls if not url.startswith(f"{origin_and_path}/")] == []


def test_the_documentation_calls_the_board_under_the_path(page: Page, board: Board) -> None:
    page.goto("api/v1/docs")
    operation = page.locator(".opblock").filter(has_text="List tags")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status")).to_contain_text("200")


def test_boards_of_one_host_have_a_token_each(page: Page, origin_and_path: str) -> None:
    page.goto("./")
    page.evaluate("import('./static/board/api.js').then(api => api.storeToken('mine'))")
    assert page.evaluate("Object.entries(localStorage)") == [["reaction-board-token/board", '"mine"']]
