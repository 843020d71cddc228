"""The strip of similar images in the viewer. All tests share one board and change nothing."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.board import Board
from tests.browser import violations
from tests.drawings import drawing
from tests.page import MARKS
from tests.page.actions import DESKTOP, PHONE, Gate, open_image, tab_to, wait_for
from tests.page.conftest import OpenPage

pytestmark = MARKS


@pytest.fixture(scope="module", autouse=True)
def images(shared_board: Board) -> dict[str, dict[str, Any]]:
    """Three images that look alike, and one like none of them."""
    data = {
        "alone": drawing(0).pngsave_buffer(),
        "large": drawing(2).pngsave_buffer(),
        "small": drawing(2).resize(0.5).pngsave_buffer(),
        "cropped": drawing(2).crop(20, 15, 600, 450).pngsave_buffer(),
    }
    return {tag: shared_board.added(data=each, tags=tag, filename=f"{tag}.png") for tag, each in data.items()}


def strip(page: Page) -> Locator:
    return page.get_by_role("region", name="Similar")


def test_the_viewer_shows_similar_images_the_nearest_first_and_leads_to_them(
    page: Page, images: dict[str, dict[str, Any]]
) -> None:
    page.goto("/")
    viewer = open_image(page, "large")
    expect(strip(page).get_by_role("link")).to_have_count(2)
    assert strip(page).get_by_role("img").evaluate_all("all => all.map(each => each.alt)") == ["small", "cropped"]
    expect(strip(page).get_by_role("link").first).to_have_accessible_name("small nearly identical")
    tab_to(page, "element.closest('#similar')")
    page.keyboard.press("Enter")
    expect(viewer.get_by_role("heading", level=2)).to_have_text("small.png")
    expect(page).to_have_url(f"/i/{images['small']['id']}")
    expect(viewer.get_by_role("button", name="Copy direct link")).to_be_focused()
    expect(strip(page).get_by_role("link").first).to_have_accessible_name("large nearly identical")
    page.go_back()
    expect(viewer).to_be_hidden()


def test_there_is_no_strip_without_similar_images(page: Page) -> None:
    page.goto("/")
    open_image(page, "large")
    expect(strip(page)).to_be_visible()
    with page.expect_response("**/similar?*"):
        page.keyboard.press("ArrowRight")  # to an image that looks like no other
    expect(page.locator("#viewer-name")).to_have_text("alone.png")
    expect(strip(page)).to_be_hidden()


def test_an_answer_about_an_image_that_is_no_longer_shown_is_dropped(page: Page) -> None:
    page.goto("/")
    answers = Gate(page, "**/similar?*")
    open_image(page, "large")
    answers.expect_waiting(1)
    page.keyboard.press("ArrowRight")
    answers.expect_waiting(2)
    answers.open()
    page.evaluate("fetch('./static/board/icon.svg').then(() => new Promise(requestAnimationFrame))")
    expect(page.locator("#viewer-name")).to_have_text("alone.png")
    expect(strip(page)).to_be_hidden()


def test_similar_images_are_looked_for_when_the_picture_is_there(page: Page) -> None:
    page.goto("/")
    pictures = Gate(page, "**/i/*.png")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/similar" in request.url else None)
    open_image(page, "large")
    pictures.expect_waiting(1)
    wait_for(page, "document.querySelector('#viewer-facts').textContent")
    assert asked == []
    pictures.open()
    expect(strip(page)).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_strip_is_accessible_and_moves_nothing(open_page: OpenPage, scheme: str, size: Any) -> None:
    page = open_page(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page.goto("/")
    answers = Gate(page, "**/similar?*")
    open_image(page, "large")
    answers.expect_waiting(1)
    before = page.locator(".stage").bounding_box()
    answers.open()
    page.locator("#similar .tile").first.scroll_into_view_if_needed()
    expect(page.locator("#similar .tile.loaded")).to_have_count(2)
    assert page.locator(".stage").bounding_box() == before
    assert violations(page) == []
