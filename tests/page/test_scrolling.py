"""A long list on the page. All tests share one board and change nothing."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import TIMEOUT, Gate, search_box, texts, tiles, wait_for
from tests.pictures import picture

pytestmark = MARKS
COUNT = 150  # images: three pages of the API
NO_BLOCK_IN_THE_WINDOW_IS_EMPTY = """[...document.querySelectorAll(".block:empty")].every(block => {
    const {top, bottom} = block.getBoundingClientRect();
    return bottom < 0 || top > innerHeight;
})"""

ALL_ROWS_FIT = """[...document.querySelectorAll(".row")].every(
    row => row.lastElementChild.getBoundingClientRect().right <= innerWidth
)"""
# While `isHeld` is true, the page does not learn that its width has changed.
HELD_RESIZE_OBSERVER = """
window.ResizeObserver = class extends ResizeObserver {
    constructor(callback) {
        super(() => { if (window.isHeld) window.release = callback; else callback(); });
    }
};
"""


@pytest.fixture(scope="module")
def newest_first(shared_board: Board) -> list[str]:
    """Add many images, each with a tag of its own; return these tags."""
    tags = [f"n{number}" for number in range(COUNT)]
    for tag in tags:
        shared_board.added(tags=tag, data=picture("png", 300, 400))
    return tags[::-1]


def test_scrolling_goes_on_to_the_end(page: Page, newest_first: list[str]) -> None:
    page.set_viewport_size({"width": 320, "height": 400})
    page.goto("/")
    expect(tiles(page).first).to_be_visible()
    seen = dict.fromkeys(texts(page))
    assert len(seen) < COUNT
    deadline = time.monotonic() + 2 * TIMEOUT / 1000
    while newest_first[-1] not in seen:
        assert time.monotonic() < deadline, f"{len(seen)} of {COUNT} images were seen"
        page.mouse.wheel(0, 400)
        wait_for(page, NO_BLOCK_IN_THE_WINDOW_IS_EMPTY)
        seen |= dict.fromkeys(texts(page))
    assert list(seen) == newest_first
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_for(page, f"document.querySelectorAll('.tile').length < {COUNT}")  # tiles far from the window are removed
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("link", name=newest_first[0])).to_be_visible()


def test_no_frame_is_blank_after_a_change_of_all_rows(page: Page, newest_first: list[str]) -> None:
    # An observer is notified only after the frame. Without an observer, the test sees what this frame shows.
    page.add_init_script("window.IntersectionObserver = class { observe() {} disconnect() {} };")
    page.set_viewport_size({"width": 900, "height": 500})
    page.goto("/")
    expect(tiles(page).first).to_be_visible()
    page.set_viewport_size({"width": 600, "height": 500})
    wait_for(page, f"document.querySelector('.row') && {ALL_ROWS_FIT}")
    assert page.evaluate(NO_BLOCK_IN_THE_WINDOW_IS_EMPTY)


def test_a_place_far_away_has_the_colour_of_tiles_before_it_has_tiles(page: Page, newest_first: list[str]) -> None:
    page.set_viewport_size({"width": 320, "height": 400})
    page.goto("/")
    expect(tiles(page).first).to_be_visible()
    for blocks in (2, 3):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        wait_for(page, f"document.querySelectorAll('.block').length === {blocks}")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_for(page, "document.querySelector('.block:empty') !== null")
    colour = "getComputedStyle(document.querySelector({})).backgroundColor"
    assert page.evaluate(colour.format("'.block:empty'")) == page.evaluate(colour.format("'.tile'"))


def test_another_width_keeps_the_place(page: Page, newest_first: list[str]) -> None:
    at_top = "document.elementFromPoint(60, 180)?.closest('.tile')?.firstElementChild.alt"
    page.set_viewport_size({"width": 900, "height": 500})
    page.goto("/")
    expect(page.locator(".tile.loaded").first).to_be_visible()
    page.evaluate("scrollTo(0, 900)")
    before = wait_for(page, at_top)
    assert before != newest_first[0]
    page.set_viewport_size({"width": 600, "height": 500})
    wait_for(page, ALL_ROWS_FIT)
    after = wait_for(page, at_top)
    assert abs(int(after[1:]) - int(before[1:])) <= 6  # within a row


def test_images_that_come_while_the_width_changes_do_not_hide_that_change(page: Page, newest_first: list[str]) -> None:
    page.add_init_script(HELD_RESIZE_OBSERVER)
    page.set_viewport_size({"width": 900, "height": 500})
    pages = Gate(page, "**/api/v1/images?*")
    page.goto("/")
    pages.expect_waiting(1)
    pages.let_one_through()
    expect(tiles(page).first).to_be_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    pages.expect_waiting(1)
    page.evaluate("window.isHeld = true")
    page.set_viewport_size({"width": 600, "height": 500})
    wait_for(page, "Boolean(window.release)")
    pages.let_one_through()
    wait_for(page, "document.querySelectorAll('.block').length === 2")
    page.evaluate("window.isHeld = false")
    page.evaluate("release()")
    wait_for(page, "document.querySelector('.row') !== null")
    wait_for(page, ALL_ROWS_FIT)


def test_the_way_back_leads_to_the_place_where_one_was(page: Page, newest_first: list[str]) -> None:
    page.set_viewport_size({"width": 900, "height": 500})
    page.goto("/")
    expect(page.locator(".tile.loaded").first).to_be_visible()
    there = "Math.abs(scrollY - 1700) <= 2"
    wait_for(page, f"(scrollTo(0, 1700), {there})")
    search_box(page).fill("n1")
    search_box(page).press("Enter")
    expect(page.get_by_role("button", name="Remove n1")).to_be_visible()
    expect(tiles(page)).to_have_count(1)
    page.go_back()
    wait_for(page, there)
    wait_for(page, NO_BLOCK_IN_THE_WINDOW_IS_EMPTY)
    page.reload()
    wait_for(page, there)
    page.goto("/api/v1/docs")
    page.go_back()
    wait_for(page, there)


def test_the_arrows_go_on_beyond_what_is_in_the_window(page: Page, newest_first: list[str]) -> None:
    page.set_viewport_size({"width": 320, "height": 400})
    page.goto("/")
    expect(tiles(page).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.querySelector('img').alt"
    in_second_page = set(newest_first[60:])
    for _ in range(60):
        page.keyboard.press("ArrowDown")
        if wait_for(page, focused) in in_second_page:
            break
    assert page.evaluate(focused) in in_second_page
    assert page.evaluate("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
