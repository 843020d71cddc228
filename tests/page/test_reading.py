"""The page as people read it: the list, the search, one image. All share one board and change nothing."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import violations
from tests.page import MARKS
from tests.page.actions import (
    DESKTOP,
    PHONE,
    Gate,
    expect_texts,
    give,
    open_image,
    outcome,
    search_box,
    status,
    tab_to,
    texts,
    tiles,
    tool,
    wait_for,
)
from tests.page.conftest import OpenPage
from tests.pictures import picture

pytestmark = MARKS
NARROW = ViewportSize(width=320, height=400)  # also what 1280 × 1600 pixels are at 400 % zoom


@pytest.fixture
def images(shared_images: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return shared_images


def test_the_newest_images_are_shown_with_room_for_each(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect_texts(page, "five.png", "dog", "dog, funny", "cat", "cat, funny")
    expect(status(page)).to_have_text("5 images")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    for box in page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.getBoundingClientRect().toJSON())"):
        assert box["width"] / box["height"] == pytest.approx(1.5, abs=0.05)


def test_tags_are_completed_with_counts_and_all_must_match(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    search_box(page).click()
    expect(page.get_by_role("option")).to_have_text(["cat2", "dog2", "funny2"])
    search_box(page).press_sequentially("fu")
    expect(page.get_by_role("option")).to_have_text(["funny2"])
    page.get_by_role("option", name="funny").click()
    expect_texts(page, "dog, funny", "cat, funny")
    search_box(page).press_sequentially("cat,")
    expect_texts(page, "cat, funny")
    expect(page).to_have_url(re.compile(r"/\?tags=funny,cat$"))
    page.get_by_role("button", name="Remove funny").click()
    expect_texts(page, "cat", "cat, funny")


def test_the_address_is_the_state_and_the_way_back_leads_back(page: Page, images: dict[str, Any]) -> None:
    page.goto("/?tags=dog")
    expect_texts(page, "dog", "dog, funny")
    search_box(page).fill("funny")
    search_box(page).press("Enter")
    expect_texts(page, "dog, funny")
    open_image(page, "dog, funny")
    expect(page).to_have_url(re.compile(rf"/i/{images['three.png']['id']}$"))
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect_texts(page, "dog, funny")
    page.go_back()
    expect_texts(page, "dog", "dog, funny")
    page.go_forward()
    expect_texts(page, "dog, funny")


def test_a_link_to_an_opened_image_opens_it_and_it_leaves_by_its_own_way(page: Page, images: dict[str, Any]) -> None:
    page.goto(f"/?tags=cat&image={images['two.png']['id']}")
    expect(page.get_by_role("heading", name="two.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/\?tags=cat$"))
    open_image(page, "cat")
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(re.compile(r"/\?tags=cat$"))


def test_an_image_that_is_opened_while_another_one_closes_stays_open(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    open_image(page, "cat, funny")
    expect(page).to_have_url(re.compile(images["one.png"]["id"]))
    # Within one task, so that neither the `close` event nor the step back in the history comes in between.
    page.evaluate(
        """id => {
        document.querySelector("#viewer .close").click();
        const key = new KeyboardEvent("keydown", { key: "o", bubbles: true, cancelable: true });
        document.getElementById(`image-${id}`).dispatchEvent(key);
    }""",
        images["four.png"]["id"],
    )
    expect(page).to_have_url(re.compile(images["four.png"]["id"]))
    expect(page.get_by_role("heading", name="four.png")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_search_while_an_image_closes_is_not_undone(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    open_image(page, "cat, funny")
    page.evaluate("""() => {
        document.querySelector("#viewer .close").click();
        document.querySelector("#shuffle").click();
    }""")
    expect(page).to_have_url(re.compile(r"/\?order=random&seed=\d+$"))
    expect(tiles(page)).to_have_count(5)


def test_the_page_says_that_an_image_is_gone(page: Page) -> None:
    page.goto("/?image=01890000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("Image not found.")
    expect(page).to_have_url(re.compile(r"/$"))


def test_words_that_are_no_tags_are_refused_where_they_are_typed(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    search_box(page).fill("what?")
    search_box(page).press("Enter")
    assert "A tag has" in search_box(page).evaluate("box => box.validationMessage")
    expect(page).to_have_url(re.compile(r"/$"))
    expect(tiles(page)).to_have_count(5)


def test_escape_takes_back_what_was_typed_before_it_closes_the_image(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    box = viewer.get_by_role("combobox", name="Tags")
    box.fill("bad!tag")
    box.press("Enter")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(viewer).to_be_visible()
    box.press("Escape")
    expect(viewer).to_be_hidden()


def test_completions_of_an_earlier_text_are_not_offered(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(page.get_by_role("option")).to_have_count(3)
    answers = Gate(page, "**/tags?match=f&*")
    search_box(page).press_sequentially("f")
    answers.expect_waiting(1)
    search_box(page).press_sequentially("x")
    expect(page.get_by_text("No tag matches “fx”.")).to_be_visible()
    answers.open()
    page.evaluate("fetch('/api/v1/tags?match=fx')")  # takes as long as the answer about "f"
    expect(page.get_by_role("option")).to_have_count(0)
    expect(tiles(page)).to_have_count(5)


def test_an_answer_does_not_take_away_the_completion_that_is_selected(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "five.png")
    box = viewer.get_by_role("combobox", name="Tags")
    box.press_sequentially("n")
    expect(viewer.get_by_role("option")).to_have_text(["funny2"])
    answers = Gate(page, "**/tags?match=nn&*")
    box.press_sequentially("n")
    answers.expect_waiting(1)
    page.keyboard.press("ArrowDown")
    with page.expect_response("**/tags?match=nn&*"):
        answers.open()
    expect(viewer.get_by_role("option", selected=True)).to_have_text("funny2")


def test_what_the_board_refuses_is_said_once(page: Page, images: dict[str, Any]) -> None:
    page.goto("/?order=sideways")
    expect(outcome(page)).to_contain_text("order: ")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_shuffling_has_a_link_to_the_same_order(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    page.get_by_role("button", name="Shuffle").click()
    expect(page).to_have_url(re.compile("order=random&seed="))
    expect(tiles(page)).to_have_count(5)
    order = texts(page)
    page.reload()
    expect_texts(page, *order)
    page.get_by_role("button", name="Shuffle").click()
    expect(page).to_have_url(re.compile("/$"))
    expect_texts(page, "five.png", "dog", "dog, funny", "cat", "cat, funny")


def test_the_arrows_walk_through_the_result(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    heading = viewer.get_by_role("heading")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("three.png")
    viewer.get_by_role("button", name="Next image").click()
    expect(heading).to_have_text("two.png")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("three.png")
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_searching_and_opening_can_be_done_by_the_keyboard(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    expect(search_box(page)).to_be_focused()
    tab_to(page, "element.classList.contains('tile')")
    page.keyboard.press("/")
    page.keyboard.type("f")
    page.keyboard.press("Enter")
    expect_texts(page, "dog, funny", "cat, funny")
    page.keyboard.press("Backspace")
    expect(tiles(page)).to_have_count(5)
    tab_to(page, "element.classList.contains('tile')")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="five.png")).to_be_visible()


def test_the_page_says_that_the_board_cannot_be_reached_and_tries_again(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    page.context.set_offline(True)
    search_box(page).fill("cat")
    search_box(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The board cannot be reached.")
    give(page, "paste", ("a.png", picture()))
    page.locator("#start").click()
    expect(page.locator("#uploads")).to_contain_text("The board cannot be reached.")
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect_texts(page, "cat", "cat, funny")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROW], ids=["desktop", "phone", "narrow"])
def test_the_page_is_accessible(open_page: OpenPage, images: dict[str, Any], scheme: str, size: Any) -> None:
    page = open_page(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page.goto("/?tags=funny")
    expect(page.locator(".tile.loaded")).to_have_count(2)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    search_box(page).press_sequentially("c")
    expect(page.get_by_role("option")).to_have_count(1)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(tiles(page)).to_have_count(2)  # otherwise, a late list would replace the tile and its tools
    open_image(page, "cat, funny")
    assert violations(page) == []
    page.get_by_role("button", name="What to copy").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_text("Filter", exact=True).click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    tool(page, "cat, funny", "Star").click()
    tool(page, "cat, funny", "Copy").click()
    expect(page.get_by_role("alert")).to_contain_text("Copied the direct link.")
    page.goto("/")
    expect(page.locator("#strip .tile.loaded")).to_have_count(1)
    assert violations(page) == []
    give(page, "paste", ("a.txt", b"no image"), ("b.png", picture()))
    expect(page.locator("#uploads")).to_contain_text("This is not a picture")
    assert violations(page) == []
    page.goto(f"/i/{images['one.png']['id']}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_everything_comes_from_the_board_itself(page: Page, images: dict[str, Any], origin: str) -> None:
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    open_image(page, "cat")
    wait_for(page, "document.querySelector('#viewer-image').naturalWidth")
    assert f"{origin}/i/{images['two.png']['id']}.png" in urls
    assert all(url.startswith(origin) for url in urls)
    source = page.request.get(f"{origin}/").text()
    assert "<script" in source
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", source)
