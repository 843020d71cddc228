"""Uploads on the page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.command_line import served
from tests.page import MARKS
from tests.page.actions import Gate, click_at_once, expect_texts, file_of, give, open_image, search_box, tiles
from tests.page.conftest import OpenPage
from tests.pictures import IMAGES, padded, picture

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]

BROKEN = picture()[:40]  # begins like a PNG file, so that only the board can say that it is none


def test_files_are_uploaded_with_tags_given_once(page: Page, board: Board) -> None:
    known = board.added(filename="known.png", data=picture("png", 50, 50))
    data = board.file(known).data
    page.goto("/")
    page.get_by_role("button", name="Upload").click()
    files = [
        file_of("new.png", picture()),
        file_of("nod.gif", (IMAGES / "nod.gif").read_bytes(), "image/gif"),
        file_of("again.png", data),
        file_of("broken.png", BROKEN),
    ]
    page.locator("#files").set_input_files(files)  # type: ignore[arg-type]
    page.get_by_role("combobox", name="Tags for all of them").fill("Party")
    page.locator("#start").click()
    rows = page.locator("#uploads > li")
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
    page.locator("#uploads progress").evaluate("""bar => {
        window.shares = [];
        new MutationObserver(() => shares.push(bar.value)).observe(bar, {attributes: true});
    }""")
    page.locator("#start").click()
    expect(page.locator("#uploads")).to_contain_text("uploaded")
    shares = page.evaluate("shares")
    assert shares == sorted(shares)
    assert len({round(share, 1) for share in shares} - {0.0, 1.0}) >= 2
    assert board.search()["total"] == 1


def test_uploads_of_several_files_show_how_many_are_done(page: Page) -> None:
    page.goto("/")
    uploads = Gate(page, "**/api/v1/images")
    give(page, "paste", *((f"{number}.png", picture()) for number in range(5)))
    page.locator("#start").click()
    uploads.expect_waiting(3)
    bar = page.get_by_role("progressbar", name="All uploads")
    expect(bar).to_have_attribute("value", "0")
    uploads.let_one_through()
    expect(bar).to_have_attribute("value", "1")
    expect(bar).to_have_attribute("max", "5")
    uploads.open()
    expect(page.locator("#uploads > .done")).to_have_count(5)
    expect(bar).to_be_hidden()


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_pictures_are_pasted_and_dropped_anywhere(page: Page, board: Board, how: str) -> None:
    page.goto("/")
    if how == "drop":
        give(page, "drag", ("a.png", picture()))
        expect(page.get_by_text("Drop images to upload them")).to_be_visible()
    give(page, how, ("a.png", picture()), ("b.png", picture()))
    expect(page.get_by_text("Drop images to upload them")).to_be_hidden()
    expect(page.locator("#uploads > li")).to_have_count(2)
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
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded")  # when all uploads have ended
    assert board.search()["total"] == 1
    box.fill("two")
    page.locator("#start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [image["tags"] for image in board.search()["items"]] == [["two"], ["one"]]


def test_files_that_were_not_begun_are_forgotten_with_the_dialog(page: Page) -> None:
    page.goto("/")
    give(page, "drop", ("wrong.png", picture()))
    expect(page.locator("#uploads > li")).to_have_count(1)
    page.keyboard.press("Escape")
    give(page, "drop", ("right.png", picture()))
    expect(page.locator("#uploads > li")).to_have_text([re.compile("right.png")])
    give(page, "drop", ("last.png", picture()), closed="#uploader")  # before the `close` event
    expect(page.locator("#uploads > li")).to_have_text([re.compile("last.png")])
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


def test_failures_are_reported_after_the_dialog_was_closed(page: Page) -> None:
    page.goto("/")
    uploads = Gate(page, "**/api/v1/images")
    give(page, "drop", ("bad.png", BROKEN))
    page.locator("#start").click()
    page.keyboard.press("Escape")
    uploads.open()
    expect(page.get_by_role("alert")).to_contain_text("Uploads: 1 failed.")


def test_a_note_can_be_dismissed_in_the_dialog_that_is_open(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "cat")
    uploads = Gate(page, "**/api/v1/images")
    give(page, "drop", ("bad.png", BROKEN))
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


def test_each_file_has_a_preview_and_tags_of_its_own(page: Page, board: Board) -> None:
    page.goto("/")
    give(page, "paste", ("a.png", picture("png", 60, 40)), ("b.png", picture()), ("bad.png", BROKEN))
    expect(page.locator("#uploads .preview.loaded")).to_have_count(2)
    page.get_by_role("combobox", name="Tags of a.png").fill("own")
    page.get_by_role("combobox", name="Tags for all of them").fill("all")
    page.get_by_role("button", name="Upload 3 images").click()
    expect(page.locator("#uploader-message")).to_have_text("2 uploaded, 1 failed")
    tags = {image["filename"]: image["tags"] for image in board.search()["items"]}
    assert tags == {"a.png": ["all", "own"], "b.png": ["all"]}


@pytest.mark.parametrize("keys", [("Enter", "Enter"), ("Control+Enter",)], ids=["enter", "ctrl"])
def test_uploads_begin_by_the_keyboard(page: Page, board: Board, keys: tuple[str, ...]) -> None:
    page.goto("/")
    give(page, "paste", ("a.png", picture()))
    page.keyboard.type("party")  # the field of tags has the focus
    for key in keys:
        page.keyboard.press(key)
    expect_texts(page, "party")
    give(page, "paste", ("b.png", picture()))
    page.keyboard.press("Enter")
    expect_texts(page, "b.png", "party")  # the last batch's tags have not stayed


def test_tags_are_added_to_what_the_board_has_already(page: Page, board: Board) -> None:
    known = board.added(filename="known.png", tags="old")
    page.goto("/")
    give(page, "paste", ("again.png", board.file(known).data))
    page.get_by_role("combobox", name="Tags for all of them").fill("old,new")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Add new to it").click()
    expect(page.locator("#uploads")).to_contain_text("tags added")
    expect_texts(page, "new, old")
    assert board.search(tags="new,old")["total"] == 1


def test_a_file_that_is_no_picture_is_said_to_be_none_and_is_not_sent(page: Page, board: Board) -> None:
    page.goto("/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    give(page, "drop", ("notes.txt", b"milk, bread"))
    row = page.locator("#uploads > li")
    expect(row).to_contain_text("notes.txt")
    expect(row).to_contain_text("This is not a picture that the board accepts: JPEG, PNG, GIF or WebP.")
    expect(page.locator("#start")).to_be_disabled()
    assert sent == []
    give(page, "drop", ("a.png", picture()), ("late.txt", b"milk"))
    click_at_once(page, "#start")
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded, 1 failed")
    assert [image["filename"] for image in board.search()["items"]] == ["a.png"]


def test_a_file_that_is_too_large_is_not_sent(another: Callable[..., Flask], open_page: OpenPage, board: Board) -> None:
    data = picture()
    with served(another(MAX_UPLOAD_BYTES=len(data))) as url:
        page = open_page(base_url=url)
        page.goto("/")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/images") else None)
        give(page, "paste", ("large.png", data + b"!"), ("fits.png", data))
        expect(page.locator("#uploads > li").first).to_contain_text("this board takes up to")
        page.locator("#start").click()
        expect(page.locator("#uploader-message")).to_have_text("1 uploaded, 1 failed")
        page.context.close()
    assert len(sent) == 1
    assert board.search()["items"][0]["filename"] == "fits.png"


GIVE_TEXTS = """([kind, texts]) => {
    const data = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) data.setData(type, text);
    if (kind === "paste") document.activeElement.dispatchEvent(
        new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    else for (const event of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(event, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("paste", {"text/plain": "{}"}),
        ("drop", {"text/uri-list": "{}"}),
        ("drop", {"text/uri-list": "https://elsewhere.example/", "text/html": "<a href='/'><img src='{}'></a>"}),
    ],
    ids=["paste", "drop", "drop-of-a-linked-picture"],
)
def test_the_browser_fetches_a_picture_at_an_address(
    another: Callable[..., Flask], page: Page, board: Board, kind: str, texts: dict[str, str]
) -> None:
    image = board.added(filename="there.png")
    with served(another(CORS_ORIGINS=["*"])) as elsewhere:
        page.goto("/")
        search_box(page).focus()
        address = f"{elsewhere}/i/{image['id']}.png"
        page.evaluate(GIVE_TEXTS, [kind, {name: text.format(address) for name, text in texts.items()}])
        expect(page.locator("#uploads .name")).to_have_text(f"{image['id']}.png")
        page.locator("#start").click()
        expect(page.get_by_role("button", name="already here")).to_be_visible()


def test_the_page_says_if_a_site_does_not_let_it_fetch_a_picture(
    another: Callable[..., Flask], page: Page, board: Board
) -> None:
    image = board.added()
    with served(another()) as elsewhere:
        page.goto("/")
        page.evaluate(GIVE_TEXTS, ["paste", {"text/plain": f"{elsewhere}/i/{image['id']}.png"}])
        expect(page.locator("#uploads")).to_contain_text("Its site does not let other pages fetch it")
        expect(page.locator("#start")).to_be_disabled()


def test_a_picture_of_the_page_is_not_uploaded_when_it_is_dragged(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    tiles(page).first.drag_to(page.locator("#status"))
    expect(page.locator("#uploader")).to_be_hidden()
