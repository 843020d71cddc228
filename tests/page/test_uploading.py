"""Uploads on the page."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import Gate, click_at_once, expect_texts, file_of, give, open_image, tiles
from tests.pictures import IMAGES, padded, picture

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]


def test_files_are_uploaded_with_tags_given_once(page: Page, board: Board) -> None:
    known = board.added(filename="known.png", data=picture("png", 50, 50))
    data = board.file(known).data
    page.goto("/")
    page.get_by_role("button", name="Upload").click()
    files = [
        file_of("new.png", picture()),
        file_of("nod.gif", (IMAGES / "nod.gif").read_bytes(), "image/gif"),
        file_of("again.png", data),
        file_of("text.png", b"no image"),
    ]
    page.locator("#files").set_input_files(files)  # type: ignore[arg-type]
    page.get_by_role("combobox", name="Tags for all of them").fill("Party")
    page.locator("#start").click()
    rows = page.locator("#uploads li")
    expect(rows.nth(0)).to_contain_text("uploaded")
    expect(rows.nth(1)).to_contain_text("uploaded")
    expect(rows.nth(2)).to_contain_text("already here")
    expect(rows.nth(3)).to_contain_text("The file is not a readable JPEG, PNG, GIF or WebP image.")
    expect(page.locator("#uploader-message")).to_have_text("2 uploaded, 1 already here, 1 failed")
    assert sorted(image["filename"] for image in board.search(tags="party")["items"]) == ["new.png", "nod.gif"]
    rows.nth(2).get_by_role("button", name="already here").click()
    expect(page.get_by_role("heading", name="known.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(tiles(page)).to_have_count(3)


def test_an_upload_shows_how_far_it_is(page: Page, board: Board) -> None:
    page.goto("/")
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}  # bytes a second
    network.send("Network.emulateNetworkConditions", slow)
    give(page, "paste", ("large.png", padded(1_500_000)))
    page.get_by_role("progressbar", name="Upload of large.png").evaluate("""bar => {
        window.shares = [];
        new MutationObserver(() => shares.push(bar.value)).observe(bar, {attributes: true});
    }""")
    page.locator("#start").click()
    expect(page.locator("#uploads")).to_contain_text("uploaded")
    shares = page.evaluate("shares")
    assert shares == sorted(shares)
    assert len({round(share, 1) for share in shares} - {0.0, 1.0}) >= 2
    assert board.search()["total"] == 1


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_pictures_are_pasted_and_dropped_anywhere(page: Page, board: Board, how: str) -> None:
    page.goto("/")
    if how == "drop":
        give(page, "drag", ("a.png", picture()))
        expect(page.get_by_text("Drop images to upload them")).to_be_visible()
    give(page, how, ("a.png", picture()), ("b.png", picture()))
    expect(page.get_by_text("Drop images to upload them")).to_be_hidden()
    expect(page.locator("#uploads li")).to_have_count(2)
    page.get_by_role("combobox", name="Tags for all of them").fill("given")
    page.locator("#start").click()
    expect(tiles(page)).to_have_count(2)
    expect(page.get_by_role("dialog")).to_have_count(0)  # nothing needs to be read in it
    assert board.search(tags="given")["total"] == 2


def test_files_that_come_later_wait_for_their_own_tags(page: Page, board: Board) -> None:
    page.goto("/")
    uploads = Gate(page, "**/api/v1/images")
    box = page.get_by_role("combobox", name="Tags for all of them")
    give(page, "paste", ("first.png", picture()))
    box.fill("one")
    page.locator("#start").click()
    uploads.expect_waiting(1)
    give(page, "drop", ("second.png", picture()), ("mistake.png", picture()))
    page.get_by_role("button", name="Remove mistake.png").click()
    uploads.open()
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded")  # all uploads have ended
    assert board.search()["total"] == 1
    page.get_by_role("button", name="Remove one").click()
    box.fill("two")
    page.locator("#start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [image["tags"] for image in board.search()["items"]] == [["two"], ["one"]]


def test_files_that_were_not_begun_are_forgotten_with_the_dialog(page: Page) -> None:
    page.goto("/")
    give(page, "drop", ("wrong.png", picture()))
    expect(page.locator("#uploads li")).to_have_count(1)
    page.keyboard.press("Escape")
    give(page, "drop", ("right.png", picture()))
    expect(page.locator("#uploads li")).to_have_text([re.compile("right.png")])
    give(page, "drop", ("last.png", picture()), closed="#uploader")  # before the event of the closing
    expect(page.locator("#uploads li")).to_have_text([re.compile("last.png")])
    page.locator("#start").click()
    expect_texts(page, "last.png")


def test_the_dialog_closes_by_itself_once_and_not_after_it_was_opened_again(page: Page) -> None:
    page.clock.install()
    page.goto("/")
    give(page, "drop", ("a.png", picture()))
    page.locator("#start").click()
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded")
    click_at_once(page, "#uploader .close", "#upload")
    page.clock.fast_forward(2000)  # milliseconds: more than the pause before it closes
    expect_texts(page, "a.png")
    expect(page.locator("#uploader")).to_be_visible()


def test_what_failed_is_told_after_the_dialog_was_closed(page: Page) -> None:
    page.goto("/")
    uploads = Gate(page, "**/api/v1/images")
    give(page, "drop", ("bad.png", b"no image"))
    page.locator("#start").click()
    page.keyboard.press("Escape")
    uploads.open()
    expect(page.get_by_role("alert")).to_contain_text("Uploads: 1 failed.")


def test_a_note_can_be_dismissed_in_the_dialog_that_is_open(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "cat")
    uploads = Gate(page, "**/api/v1/images")
    give(page, "drop", ("bad.png", b"no image"))
    page.locator("#start").click()
    uploads.expect_waiting(1)
    page.keyboard.press("Escape")
    uploads.open()
    expect(page.get_by_role("alert")).to_contain_text("Uploads: 1 failed.")
    viewer.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_be_empty()


def test_images_uploaded_while_one_is_open_are_shown_when_the_way_back_closes_it(
    page: Page, images: dict[str, Any]
) -> None:
    page.clock.install()
    page.goto("/")
    open_image(page, "cat")
    give(page, "drop", ("new.png", picture()))
    page.locator("#start").click()
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded")
    page.clock.fast_forward(2000)  # milliseconds: more than the pauses before it closes and before the list is fetched
    expect(page.locator("#uploader")).to_be_hidden()
    page.go_back()
    expect_texts(page, "new.png", "five.png", "dog", "dog, funny", "cat", "cat, funny")
