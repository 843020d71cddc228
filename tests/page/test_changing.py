"""Changes on the page: tags, deletions, and what they leave on the screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.board import Board, ids
from tests.page import MARKS
from tests.page.actions import (
    Gate,
    click_at_once,
    expect_texts,
    open_image,
    search_box,
    status,
    tab_to,
    tiles,
    wait_for,
)

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]

CHANGES = "**/images/*/tags"


def tags_of(board: Board, image: dict[str, Any]) -> list[str]:
    tags: list[str] = board.get(f"/images/{image['id']}").get_json()["tags"]
    return tags


def test_tags_are_edited(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Remove funny").click()
    expect(viewer.get_by_text("Saved.")).to_be_visible()
    box = viewer.get_by_role("combobox", name="Tags")
    box.press_sequentially("do")
    viewer.get_by_role("option", name="dog").click()
    expect(viewer.get_by_role("button", name="Remove dog")).to_be_visible()
    box.fill("brand-new")
    with page.expect_response(lambda response: "brand-new" in (response.request.post_data or "")):
        box.press("Enter")
    expect(viewer.get_by_role("button", name="Remove brand-new")).to_be_visible()
    assert tags_of(board, images["one.png"]) == ["brand-new", "cat", "dog"]
    page.keyboard.press("Escape")
    viewer = open_image(page, "brand-new, cat, dog")
    expect(viewer.get_by_role("button", name="Remove")).to_have_count(3)


def test_tags_that_somebody_else_has_changed_are_not_overwritten(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    board.replace_tags(images["one.png"]["id"], ["theirs"])
    viewer.get_by_role("button", name="Remove cat").click()
    expect(viewer.get_by_text("Somebody else has changed these tags")).to_be_visible()
    expect(viewer.get_by_role("button", name="Remove theirs")).to_be_visible()
    assert tags_of(board, images["one.png"]) == ["theirs"]


def test_of_several_quick_changes_none_overwrites_somebody_else(page: Page, board: Board) -> None:
    image = board.added(tags="aa,bb,cc")
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request) if request.method == "PATCH" else None)
    page.goto("/")
    viewer = open_image(page, "aa, bb, cc")
    board.replace_tags(image["id"], ["theirs"])
    changes = Gate(page, CHANGES)
    viewer.get_by_role("button", name="Remove bb").click()
    viewer.get_by_role("button", name="Remove cc").click()
    changes.expect_waiting(1)
    changes.open()
    expect(viewer.get_by_text("Somebody else has changed these tags")).to_be_visible()
    expect(viewer.get_by_role("button", name="Remove theirs")).to_be_visible()
    # The next change is saved after the two, if they are saved at all.
    with page.expect_response(lambda response: "mine" in (response.request.post_data or "")):
        viewer.get_by_role("combobox", name="Tags").fill("mine")
        page.keyboard.press("Enter")
    assert [(request.post_data_json or {}).get("tags") for request in requests] == [["aa", "cc"], ["theirs", "mine"]]
    assert tags_of(board, image) == ["mine", "theirs"]


def test_a_conflict_drops_no_changes_of_other_images(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    board.replace_tags(images["four.png"]["id"], ["theirs"])
    changes = Gate(page, CHANGES)
    viewer.get_by_role("button", name="Remove dog").click()
    viewer.get_by_role("button", name="Next image").click()
    viewer.get_by_role("button", name="Remove dog").click()
    changes.expect_waiting(1)
    changes.open()
    expect(viewer.get_by_text("Saved.")).to_be_visible()
    assert tags_of(board, images["four.png"]) == ["theirs"]
    assert tags_of(board, images["three.png"]) == ["funny"]


def test_an_image_has_the_tags_that_are_being_saved_when_it_is_shown_again(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.goto("/")
    viewer = open_image(page, "dog, funny")
    changes = Gate(page, CHANGES)
    viewer.get_by_role("button", name="Remove funny").click()
    changes.expect_waiting(1)
    viewer.get_by_role("button", name="Next image").click()
    expect(viewer.get_by_role("heading")).to_have_text("two.png")
    viewer.get_by_role("button", name="Previous image").click()
    expect(viewer.get_by_role("heading")).to_have_text("three.png")
    expect(viewer.get_by_role("button", name="Remove")).to_have_count(1)
    with page.expect_response(lambda response: "more" in (response.request.post_data or "")):
        viewer.get_by_role("combobox", name="Tags").fill("more")
        page.keyboard.press("Enter")
        changes.open()
    assert tags_of(board, images["three.png"]) == ["dog", "more"]


def test_a_late_answer_changes_nothing_of_another_image(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    board.replace_tags(images["four.png"]["id"], ["theirs"])
    changes = Gate(page, CHANGES)
    viewer.get_by_role("button", name="Remove dog").click()
    page.locator("#viewer .close").focus()
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("heading")).to_have_text("three.png")
    changes.open()
    expect(page.locator(f"#image-{images['four.png']['id']} img")).to_have_attribute("alt", "theirs")
    viewer.get_by_role("button", name="Delete").click()
    expect(page.locator("#confirm-text")).to_contain_text("three.png")
    expect(viewer.get_by_role("button", name="Remove funny")).to_be_visible()


def test_the_focus_returns_to_where_it_was(page: Page, images: dict[str, Any]) -> None:
    focused = page.locator(".tile:focus img")
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Remove funny").click()
    expect(viewer.get_by_text("Saved.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(focused).to_have_attribute("alt", "cat")
    open_image(page, "dog").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(tiles(page)).to_have_count(4)
    expect(focused).to_have_attribute("alt", "dog, funny")


def test_a_late_deletion_leaves_the_focus_where_it_is(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    deletions = Gate(page, f"**/images/{images['four.png']['id']}")
    viewer.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    deletions.expect_waiting(1)
    page.keyboard.press("Escape")
    search_box(page).focus()
    deletions.open()
    expect(tiles(page)).to_have_count(4)
    expect(search_box(page)).to_be_focused()


def test_an_image_is_deleted_after_a_question(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    viewer.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(viewer).to_be_visible()
    viewer.get_by_role("button", name="Delete").click()
    # Asked again within one task: the event of the first closing has not come yet.
    click_at_once(page, "#confirm [value=no]", "[data-act=delete]")
    page.get_by_role("button", name="Delete it").click()
    expect_texts(page, "five.png", "dog, funny", "cat", "cat, funny")
    expect(status(page)).to_have_text("4 images")
    assert images["four.png"]["id"] not in ids(board.search()["items"])


GONE = "four.png is gone: it has been deleted."


def test_an_image_deleted_elsewhere_is_said_to_be_gone_and_leaves_the_grid(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    board.delete(images["four.png"]["id"])
    viewer = open_image(page, "dog")
    expect(viewer.get_by_text(GONE)).to_be_visible()
    expect(viewer.get_by_role("button", name="Delete")).to_be_hidden()
    expect(tiles(page)).to_have_count(4)
    expect(page.locator("#status")).to_have_text("4 images")
    heading = viewer.get_by_role("heading")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("three.png")
    expect(viewer.get_by_role("button", name="Delete")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("five.png")


@pytest.mark.parametrize("action", ["Remove dog", "Delete"])
def test_a_change_of_an_image_deleted_elsewhere_finds_it_gone(
    page: Page, board: Board, images: dict[str, Any], action: str
) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    wait_for(page, "document.querySelector('#viewer-image').naturalWidth")
    board.delete(images["four.png"]["id"])
    viewer.get_by_role("button", name=action).click()
    if action == "Delete":
        page.get_by_role("button", name="Delete it").click()
    expect(viewer.get_by_text(GONE)).to_be_visible()
    expect(tiles(page)).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator(".tile:focus img")).to_have_attribute("alt", "dog, funny")


def test_a_tile_whose_image_is_gone_before_its_thumbnail_came_leaves_the_grid(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    thumbnails = Gate(page, "**/thumbnail")
    page.goto("/")
    thumbnails.expect_waiting(5)
    board.delete(images["four.png"]["id"])
    thumbnails.open()
    expect_texts(page, "five.png", "dog, funny", "cat", "cat, funny")


def test_a_picture_that_cannot_be_shown_but_is_on_the_board_stays(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    page.route("**/*", lambda route: route.abort() if route.request.resource_type == "image" else route.continue_())
    viewer = open_image(page, "dog")
    expect(viewer.get_by_text("It may still be downloaded.")).to_be_visible()
    expect(tiles(page)).to_have_count(5)


def test_changes_can_be_done_by_the_keyboard(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    tab_to(page, "element.classList.contains('tile')")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="five.png")).to_be_visible()
    tab_to(page, "element.getAttribute('role') === 'combobox'")
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    tab_to(page, "element.dataset.act === 'delete'")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_texts(page, "dog", "dog, funny", "cat", "cat, funny")
