"""Selecting several images, and what can be done with them at once."""

from typing import Any

import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.board import Board
from tests.browser import violations
from tests.page import MARKS
from tests.page.actions import DESKTOP, Gate, expect_texts, give, status, tab_to, tiles, tool
from tests.page.conftest import OpenPage
from tests.pictures import picture
from tests.servers import eventually

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]


def tile(page: Page, text: str) -> Locator:
    return page.locator("#grid").get_by_role("link", name=text, exact=True)


def select(page: Page, *names: str) -> None:
    for name in names:
        tile(page, name).click(modifiers=["Control"])


def select_all(page: Page, count: int) -> None:
    """Scroll to the end of a list that has several pages, and select all its images while some may be selected."""
    expect(status(page)).to_have_text(f"{count} images")
    for _ in range(2):  # the second page of the list may not have arrived yet
        page.mouse.wheel(0, 20_000)
        page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+a")
    expect(bar(page)).to_contain_text(f"{count} selected")


def selected(page: Page) -> list[str]:
    alts: list[str] = page.locator("#grid .selected img").evaluate_all("pictures => pictures.map(each => each.alt)")
    return alts


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Selected images")


def tags(board: Board) -> list[list[str]]:
    return [image["tags"] for image in board.search()["items"]]


@pytest.fixture
def grid_page(page: Page, images: dict[str, Any]) -> Page:
    """The page with five images, the last one first: five.png; dog; dog, funny; cat; cat, funny."""
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    return page


def test_ctrl_adds_shift_extends_and_then_a_click_is_enough(grid_page: Page) -> None:
    page = grid_page
    expect(bar(page)).to_be_hidden()
    select(page, "dog", "cat")
    assert selected(page) == ["dog", "cat"]
    tile(page, "cat, funny").click()
    expect(bar(page)).to_contain_text("3 selected")
    tile(page, "five.png").click(modifiers=["Shift"])
    assert len(selected(page)) == 5
    tile(page, "dog").click()
    expect(bar(page)).to_contain_text("4 selected")
    page.keyboard.press("Escape")
    expect(bar(page)).to_be_hidden()
    assert selected(page) == []


def test_images_are_selected_by_the_keyboard(grid_page: Page) -> None:
    page = grid_page
    tab_to(page, "element.matches('#grid .tile')")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    assert selected(page) == ["five.png", "dog", "dog, funny"]
    expect(page.locator("#grid .tile").first).to_have_accessible_description("selected")
    page.keyboard.press("x")
    assert selected(page) == ["five.png", "dog"]
    page.keyboard.press("Control+a")
    assert len(selected(page)) == 5


def test_a_long_press_selects(open_page: OpenPage, images: dict[str, Any]) -> None:
    page = open_page(has_touch=True)
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    box = tile(page, "dog").bounding_box()
    assert box
    touch = {"touchPoints": [{"x": box["x"] + 20, "y": box["y"] + 20}]}
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", **touch})
    expect(bar(page)).to_contain_text("1 selected")
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tile(page, "cat").tap()
    expect(bar(page)).to_contain_text("2 selected")
    assert selected(page) == ["dog", "cat"]


def test_tags_are_added_to_all_of_them(grid_page: Page, board: Board) -> None:
    page = grid_page
    select(page, "five.png", "dog")
    page.get_by_role("button", name="Add tags").click()
    page.keyboard.type("new,two words!")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Add tags to 2 images")).to_be_visible()  # "words!" is no tag
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect_texts(page, "new, two", "dog, new, two", "dog, funny", "cat", "cat, funny")
    assert tags(board) == [["new", "two"], ["dog", "new", "two"], ["dog", "funny"], ["cat"], ["cat", "funny"]]
    expect(bar(page)).to_be_hidden()


def test_tags_that_they_have_are_offered_to_be_removed(grid_page: Page, board: Board) -> None:
    page = grid_page
    select(page, "dog, funny", "cat, funny", "cat")
    page.get_by_role("button", name="Remove tags").click()
    expect(page.locator("#removing label")).to_have_text(["cat2 images", "funny2 images", "dog1 image"])
    page.get_by_role("checkbox", name="funny").check()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect_texts(page, "five.png", "dog", "dog", "cat", "cat")
    assert tags(board) == [[], ["dog"], ["dog"], ["cat"], ["cat"]]


def test_what_somebody_else_has_deleted_meanwhile_is_left_out(
    grid_page: Page, board: Board, images: dict[str, Any]
) -> None:
    page = grid_page
    select(page, "dog", "cat")
    board.delete(images["two.png"]["id"])
    page.get_by_role("button", name="Add tags").click()
    page.keyboard.type("new")
    page.get_by_role("button", name="Add", exact=True).click()
    expect_texts(page, "five.png", "dog, new", "dog, funny", "cat, funny")
    expect(page.get_by_role("alert")).to_contain_text("1 image had already been deleted.")


def delete(page: Page, *names: str) -> None:
    """Select images and delete them: for ten seconds, that can be undone."""
    select(page, *names)
    page.get_by_role("button", name="Delete", exact=True).click()


def test_a_deletion_of_several_can_be_undone_before_the_board_learns_of_it(page: Page, images: dict[str, Any]) -> None:
    page.clock.install()
    page.goto("/")
    tool(page, "dog", "Star").click()
    delete(page, "five.png", "dog", "cat")
    expect(bar(page)).to_be_hidden()
    expect_texts(page, "dog, funny", "cat, funny")
    expect(status(page)).to_have_text("2 images")
    expect(page.get_by_role("alert")).to_contain_text("Deleted 3 images")
    page.clock.fast_forward(9_000)
    page.get_by_role("button", name="Undo").click()
    expect_texts(page, "five.png", "dog", "dog, funny", "cat", "cat, funny")
    expect(status(page)).to_have_text("5 images")
    expect(tool(page, "dog", "Star")).to_have_attribute("aria-pressed", "true")
    page.clock.fast_forward(30_000)
    page.reload()
    expect(tiles(page)).to_have_count(5)


def test_several_are_deleted_when_that_was_not_undone_for_ten_seconds(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.clock.install()
    page.goto("/")
    delete(page, "five.png", "dog", "cat")
    expect_texts(page, "dog, funny", "cat, funny")
    assert board.search()["total"] == 5
    with page.expect_response("**/images/delete"):
        page.clock.fast_forward(10_000)
    assert tags(board) == [["dog", "funny"], ["cat", "funny"]]
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_deletion_of_several_that_is_not_undone_outlasts_the_page(grid_page: Page, board: Board) -> None:
    page = grid_page
    delete(page, "five.png", "dog", "cat")
    expect(tiles(page)).to_have_count(2)
    page.goto("/api/v1/health")
    assert eventually(lambda: tags(board) == [["dog", "funny"], ["cat", "funny"]])


def test_those_that_cannot_be_deleted_come_back(page: Page, board: Board) -> None:
    for number in range(101):
        board.added(filename=f"{number}.png")
    page.clock.install()
    page.goto("/")
    tile(page, "100.png").click(modifiers=["Control"])
    select_all(page, 101)
    page.get_by_role("button", name="Delete", exact=True).click()
    requests = Gate(page, "**/images/delete")
    page.clock.fast_forward(10_000)
    requests.expect_waiting(1)
    requests.let_one_through()
    requests.expect_waiting(1)
    requests.waiting.pop().abort()
    expect(page.get_by_role("alert")).to_contain_text("0.png is not deleted. The board cannot be reached.")
    expect_texts(page, "0.png")
    assert [image["filename"] for image in board.search()["items"]] == ["0.png"]


def test_images_are_put_back_into_a_list_that_was_fetched_since(grid_page: Page, board: Board) -> None:
    page = grid_page
    delete(page, "dog", "cat")
    page.get_by_role("button", name="Shuffle").click()
    expect(status(page)).to_have_text("3 images")
    give(page, "paste", ("new.png", picture()))
    page.locator("#start").click()
    page.get_by_role("button", name="Shuffle").click()
    expect_texts(page, "new.png", "five.png", "dog, funny", "cat, funny")
    page.get_by_role("button", name="Undo").click()
    expect_texts(page, "new.png", "five.png", "dog", "dog, funny", "cat", "cat, funny")
    expect(status(page)).to_have_text("6 images")


def test_a_failure_keeps_the_selection(grid_page: Page, board: Board) -> None:
    page = grid_page
    requests = Gate(page, "**/images/tags")
    select(page, "five.png", "dog")
    page.get_by_role("button", name="Add tags").click()
    page.keyboard.type("new")
    page.get_by_role("button", name="Add", exact=True).click()
    requests.expect_waiting(1)
    requests.waiting.pop().abort()
    expect(page.get_by_role("alert")).to_contain_text("The board cannot be reached.")
    expect(bar(page)).to_contain_text("2 selected")
    assert selected(page) == ["five.png", "dog"]
    assert board.search(tags="new")["total"] == 0


def test_more_images_than_the_api_takes_at_once_are_changed_together(page: Page, board: Board) -> None:
    for _ in range(101):
        board.added()
    page.goto("/")
    expect(tiles(page).first).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Select images").click()
    select_all(page, 101)
    page.get_by_role("button", name="Add tags").click()
    page.keyboard.type("all")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(bar(page)).to_be_hidden()
    assert board.search(tags="all")["total"] == 101


def test_their_files_are_downloaded_one_after_the_other(grid_page: Page, board: Board, images: dict[str, Any]) -> None:
    page = grid_page
    select(page, "five.png", "dog")
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    with page.expect_download(lambda download: download.suggested_filename == "four.png"):
        page.get_by_role("button", name="Download", exact=True).click()
    expect(bar(page)).to_be_hidden()
    files = {download.suggested_filename: download.path().read_bytes() for download in downloads}
    assert files == {name: board.file(images[name]).data for name in ("five.png", "four.png")}


def test_another_search_ends_the_selection(grid_page: Page) -> None:
    page = grid_page
    select(page, "dog")
    page.goto("/?tags=cat")
    page.get_by_role("button", name="Shuffle").click()
    expect(tiles(page)).to_have_count(2)
    select(page, "cat")
    page.get_by_role("button", name="Shuffle").click()
    expect(bar(page)).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, {"width": 320, "height": 640}], ids=["desktop", "narrow"])
def test_the_page_is_accessible(open_page: OpenPage, images: dict[str, Any], scheme: str, size: Any) -> None:
    page = open_page(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    select(page, "dog", "cat")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for button, dialog in (("Add tags", "#adding"), ("Remove tags", "#removing")):
        page.get_by_role("button", name=button, exact=True).click()
        assert violations(page) == []
        assert page.locator(dialog).evaluate("dialog => dialog.scrollWidth - dialog.clientWidth") == 0
        page.keyboard.press("Escape")
