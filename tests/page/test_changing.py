"""Changes on the page: tags, deletions, and what they leave on the screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.board import Board, ids
from tests.drawings import drawing
from tests.page import MARKS
from tests.page.actions import (
    Gate,
    delete,
    expect_texts,
    open_image,
    search_box,
    status,
    tab_to,
    tiles,
    wait_for,
)
from tests.servers import eventually

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
    expect(viewer.get_by_text("Someone else changed these tags")).to_be_visible()
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
    expect(viewer.get_by_text("Someone else changed these tags")).to_be_visible()
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
    expect(viewer.get_by_role("heading")).to_have_text("three.png")
    expect(viewer.get_by_role("button", name="Remove funny")).to_be_visible()
    expect(viewer.locator("#viewer-message")).to_be_empty()


def test_the_focus_returns_to_where_it_was(page: Page, images: dict[str, Any]) -> None:
    focused = page.locator(".tile:focus img")
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Remove funny").click()
    expect(viewer.get_by_text("Saved.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(focused).to_have_attribute("alt", "cat")
    delete(page, open_image(page, "dog"))
    expect(tiles(page)).to_have_count(4)
    expect(focused).to_have_attribute("alt", "dog, funny")


def test_a_deletion_can_be_undone_before_the_board_learns_of_it(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.clock.install()
    page.goto("/")
    delete(page, open_image(page, "dog"))
    expect_texts(page, "five.png", "dog, funny", "cat", "cat, funny")
    expect(status(page)).to_have_text("4 images")
    page.clock.fast_forward(9_000)
    page.get_by_role("button", name="Undo").press("Enter")
    expect_texts(page, "five.png", "dog", "dog, funny", "cat", "cat, funny")
    expect(page.get_by_role("link", name="dog", exact=True)).to_be_focused()
    expect(status(page)).to_have_text("5 images")
    page.clock.fast_forward(30_000)
    page.reload()
    expect(tiles(page)).to_have_count(5)


def test_an_image_is_deleted_when_that_was_not_undone_for_ten_seconds(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.clock.install()
    page.goto("/")
    delete(page, open_image(page, "dog"))
    search_box(page).press_sequentially("dog")
    expect_texts(page, "dog, funny")  # a list that is fetched meanwhile no longer has it
    assert board.search()["total"] == 5
    with page.expect_response("**/images/delete"):
        page.clock.fast_forward(10_000)
    assert images["four.png"]["id"] not in ids(board.search()["items"])
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(search_box(page)).to_be_focused()


def test_a_deletion_that_is_not_undone_outlasts_the_page(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    delete(page, open_image(page, "dog"))
    expect(tiles(page)).to_have_count(4)
    page.goto("/api/v1/health")
    assert eventually(lambda: board.search()["total"] == 4)


def test_an_image_that_cannot_be_deleted_comes_back(page: Page, images: dict[str, Any]) -> None:
    page.clock.install()
    page.goto("/")
    delete(page, open_image(page, "dog"))
    expect(tiles(page)).to_have_count(4)
    page.context.set_offline(True)
    page.clock.fast_forward(10_000)
    expect(page.get_by_role("alert")).to_contain_text("four.png is not deleted. The board cannot be reached.")
    expect_texts(page, "five.png", "dog", "dog, funny", "cat", "cat, funny")


def test_a_half_typed_tag_does_not_move_to_the_next_image(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    box = viewer.get_by_role("combobox", name="Tags")
    box.press_sequentially("fu")
    viewer.get_by_role("button", name="Next image").click()
    expect(viewer.get_by_role("heading")).to_have_text("three.png")
    expect(box).to_have_value("")


def test_a_tag_of_an_image_searches_and_only_its_cross_removes(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("link", name="funny").click()
    expect(viewer).to_be_hidden()
    expect_texts(page, "dog, funny", "cat, funny")
    assert tags_of(board, images["one.png"]) == ["cat", "funny"]


GONE = "four.png is gone: it has been deleted."


def test_an_image_deleted_elsewhere_is_said_to_be_gone_and_leaves_the_grid(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    board.delete(images["four.png"]["id"])
    viewer = open_image(page, "dog")
    expect(viewer.get_by_text(GONE)).to_be_visible()
    expect(viewer.get_by_role("button", name="Copy direct link")).to_be_hidden()
    expect(tiles(page)).to_have_count(4)
    expect(page.locator("#status")).to_have_text("4 images")
    heading = viewer.get_by_role("heading")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("three.png")
    expect(viewer.get_by_role("button", name="Copy direct link")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("five.png")


def test_a_change_of_an_image_deleted_elsewhere_finds_it_gone(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    wait_for(page, "document.querySelector('#viewer-image').naturalWidth")
    board.delete(images["four.png"]["id"])
    viewer.get_by_role("button", name="Remove dog").click()
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
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="five.png")).to_be_visible()
    tab_to(page, "element.getAttribute('role') === 'combobox'")
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    tab_to(page, "element.dataset.act === 'more'")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect_texts(page, "dog", "dog, funny", "cat", "cat, funny")


def test_an_image_that_is_about_to_be_deleted_is_not_among_similar_ones(page: Page, board: Board) -> None:
    board.added(data=drawing(2).pngsave_buffer(), tags="first")
    board.added(data=drawing(2).resize(0.5).pngsave_buffer(), tags="second")
    page.goto("/")
    viewer = open_image(page, "first")
    expect(page.get_by_role("region", name="Similar")).to_be_visible()
    delete(page, viewer)
    with page.expect_response("**/similar?*"):
        open_image(page, "second")
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.get_by_role("region", name="Similar")).to_be_hidden()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo").click()
    open_image(page, "second")
    expect(page.get_by_role("region", name="Similar")).to_be_visible()
