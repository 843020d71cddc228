"""One image, large. All tests share one board and change nothing."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import PHONE, expect_texts, open_image, search_box, tab_to, tiles, wait_for
from tests.page.conftest import OpenPage
from tests.pictures import picture

pytestmark = MARKS

SIZE = "(({width, height}) => [width, height])(document.querySelector('#viewer-image').getBoundingClientRect())"
SWIPE = """([from, to]) => {
    const target = document.querySelector("#viewer-image");
    const touch = (clientX) => new Touch({ identifier: 1, target, clientX, clientY: 200 });
    const event = (name, touches, changedTouches) => new TouchEvent(name, { touches, changedTouches, bubbles: true });
    target.dispatchEvent(event("touchstart", [touch(from)], [touch(from)]));
    target.dispatchEvent(event("touchend", [], [touch(to)]));
}"""


@pytest.fixture(scope="module", autouse=True)
def images(shared_board: Board) -> dict[str, dict[str, Any]]:
    sizes = {"large": (3000, 2000), "middle": (600, 300), "small": (100, 50), "tiny": (16, 16)}
    return {
        tag: shared_board.added(data=picture("png", *size), tags=tag, filename=f"{tag}.png")
        for tag, size in sizes.items()
    }


def test_small_pictures_are_enlarged_and_those_of_few_pixels_show_them(page: Page) -> None:
    page.goto("/")
    viewer = open_image(page, "tiny")
    picture = page.locator("#viewer-image")
    assert page.evaluate(SIZE) == [512, 512]
    expect(picture).to_have_css("image-rendering", "pixelated")
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("heading")).to_have_text("small.png")
    assert page.evaluate(SIZE) == [512, 256]
    expect(picture).to_have_css("image-rendering", "auto")
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("heading")).to_have_text("middle.png")
    assert page.evaluate(SIZE) == [600, 300]


def test_a_click_zooms_and_another_one_fits_the_picture_again(page: Page) -> None:
    page.goto("/")
    open_image(page, "large")
    fitting = page.evaluate(SIZE)
    assert fitting[0] < 1280
    page.locator("#viewer-image").click()
    assert page.evaluate(SIZE) == [3000, 2000]
    page.locator("#viewer .scroller").click(position={"x": 200, "y": 300})
    assert page.evaluate(SIZE) == fitting
    expect(page.locator("#viewer")).to_be_visible()


def test_a_click_beside_the_picture_closes_and_copying_has_the_focus(page: Page) -> None:
    page.goto("/")
    viewer = open_image(page, "small")
    expect(viewer.get_by_role("button", name="Copy direct link")).to_be_focused()
    viewer.locator(".scroller").click(position={"x": 300, "y": 60})
    expect(viewer).to_be_hidden()


def test_fingers_swipe_to_the_next_picture_and_copying_stays_in_sight(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/")
    page.get_by_alt_text("small").tap()
    page.get_by_role("button", name="Open").tap()
    heading = page.get_by_role("dialog").get_by_role("heading")
    expect(heading).to_have_text("small.png")
    page.evaluate(SWIPE, [300, 100])
    expect(heading).to_have_text("middle.png")
    page.evaluate(SWIPE, [200, 230])  # a tap that slipped
    page.evaluate(SWIPE, [100, 300])
    expect(heading).to_have_text("small.png")
    expect(page.get_by_role("button", name="Copy direct link")).to_be_in_viewport()
    page.locator("#viewer .details").evaluate("details => details.scrollTo(0, 10000)")
    expect(page.get_by_role("button", name="Copy direct link")).to_be_in_viewport()


def test_the_page_below_does_not_scroll(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 300})
    page.goto("/")
    open_image(page, "tiny")
    before = page.evaluate("scrollY")
    page.locator("#viewer .stage").hover()
    page.mouse.wheel(0, 400)
    page.mouse.wheel(0, 400)
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate("scrollY") == before


def test_an_image_that_is_opened_while_a_search_is_typed_leads_back_to_that_search(page: Page) -> None:
    page.goto("/")
    search_box(page).press_sequentially("mid")
    expect_texts(page, "middle")
    open_image(page, "middle")
    expect(page).to_have_url(re.compile(r"/i/[0-9a-f-]+$"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/\?tags=middle$"))
    expect(page.get_by_role("button", name="Remove middle")).to_be_visible()
    page.go_back()
    expect(tiles(page)).to_have_count(4)


def test_menus_are_used_by_the_keyboard(page: Page) -> None:
    page.goto("/")
    tab_to(page, "element.id === 'copy-choice'")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Direct link")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitemradio", name="HTML")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    wait_for(page, "document.activeElement.id === 'copy-choice'")
