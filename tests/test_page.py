"""The page, in a browser, as people use it."""

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from tests.board import Board, ids
from tests.browser import CHROMIUM, chromium, violations
from tests.pictures import IMAGES, MIME_TYPES, animation, padded, picture
from tests.servers import Gunicorn

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine: apt install chromium"),
    pytest.mark.parametrize("environment", ["rclone"], indirect=True),
]
DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
SECONDS = 10_000  # milliseconds, for what takes long on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser, gunicorn: Gunicorn) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=gunicorn.url.removesuffix("/api/v1"),
        viewport=DESKTOP,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(SECONDS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab. What a browser complains of, be it a policy that is broken, fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    yield page
    assert complaints == []


@pytest.fixture
def images(board: Board) -> dict[str, dict[str, Any]]:
    """Five images by their filenames, the newest is the first of the page."""
    return {
        name: board.added(data=picture("png", 300, 200), filename=name, tags=tags)
        for name, tags in (
            ("one.png", "cat,funny"),
            ("two.png", "cat"),
            ("three.png", "dog,funny"),
            ("four.png", "dog"),
            ("five.png", ""),
        )
    }


def shown(page: Page) -> list[str]:
    """Return the texts of the pictures in the grid, in their order."""
    texts: list[str] = page.locator(".tile img").evaluate_all("pictures => pictures.map(picture => picture.alt)")
    return texts


def expect_shown(page: Page, *texts: str) -> None:
    expect(page.locator(".tile img")).to_have_count(len(texts))
    assert shown(page) == list(texts)


def search_box(page: Page) -> Any:
    return page.get_by_role("combobox", name="Search by tags")


def open_image(page: Page, text: str) -> Any:
    page.get_by_role("link", name=text, exact=True).click()
    viewer = page.get_by_role("dialog").filter(has=page.locator("#viewer-name"))
    expect(viewer).to_be_visible()
    return viewer


def late(page: Page, address: str, milliseconds: int) -> None:
    """Let requests to an address come later."""

    def go_on(route: Route) -> None:
        page.wait_for_timeout(milliseconds)
        route.continue_()

    page.route(address, go_on)


def send_slowly(page: Page) -> None:
    """Let a page send a megabyte a second."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    network.send("Network.emulateNetworkConditions", slow)


def file_of(name: str, data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"name": name, "mimeType": mime_type, "buffer": data}


GIVE_FILES = """([kind, files]) => {
    const data = new DataTransfer();
    for (const {name, type, bytes} of files)
        data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, {type}));
    const body = document.body;
    if (kind === "paste") body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
    else for (const event of ["dragenter", "dragover", "drop"].slice(0, kind === "drag" ? 1 : 3))
        body.dispatchEvent(new DragEvent(event, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def give(page: Page, how: str, *files: tuple[str, bytes]) -> None:
    """Paste files, drop them, or drag them over the page."""
    told = [{"name": name, "type": "image/png", "bytes": b64encode(data).decode()} for name, data in files]
    page.evaluate(GIVE_FILES, [how, told])


def test_the_newest_images_are_shown_with_room_for_each(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    expect_shown(page, "five.png", "dog", "dog, funny", "cat", "cat, funny")
    expect(page.get_by_role("status").first).to_have_text("5 images")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    for box in page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.getBoundingClientRect().toJSON())"):
        assert box["width"] / box["height"] == pytest.approx(1.5, abs=0.05)


def test_an_empty_board_says_what_to_do(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#more")).to_contain_text("upload the first one")
    expect(page.get_by_role("status").first).to_have_text("0 images")


def test_tags_are_completed_with_counts_and_all_must_match(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    search_box(page).click()
    expect(page.get_by_role("option")).to_have_text(["cat2", "dog2", "funny2"])
    search_box(page).press_sequentially("fu")
    expect(page.get_by_role("option")).to_have_text(["funny2"])
    page.get_by_role("option", name="funny").click()
    expect_shown(page, "dog, funny", "cat, funny")
    search_box(page).press_sequentially("cat,")
    expect_shown(page, "cat, funny")
    expect(page).to_have_url(re.compile(r"/\?tags=funny,cat$"))
    page.get_by_role("button", name="Remove funny").click()
    expect_shown(page, "cat", "cat, funny")


def test_the_address_is_the_state_and_the_way_back_leads_back(page: Page, images: dict[str, Any]) -> None:
    page.goto("/?tags=dog")
    expect_shown(page, "dog", "dog, funny")
    search_box(page).fill("funny")
    search_box(page).press("Enter")
    expect_shown(page, "dog, funny")
    open_image(page, "dog, funny")
    expect(page).to_have_url(re.compile(f"image={images['three.png']['id']}"))
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect_shown(page, "dog, funny")
    page.go_back()
    expect_shown(page, "dog", "dog, funny")
    page.go_forward()
    expect_shown(page, "dog, funny")


def test_a_link_to_an_opened_image_opens_it_and_it_leaves_by_its_own_way(page: Page, images: dict[str, Any]) -> None:
    page.goto(f"/?tags=cat&image={images['two.png']['id']}")
    expect(page.get_by_role("heading", name="two.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/\?tags=cat$"))
    open_image(page, "cat")
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(re.compile(r"/\?tags=cat$"))


def test_an_image_that_is_gone_is_told(page: Page) -> None:
    page.goto("/?image=01890000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("Image not found.")
    expect(page).to_have_url(re.compile(r"/$"))


def test_words_that_are_no_tags_are_refused_where_they_are_typed(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    search_box(page).fill("what?")
    search_box(page).press("Enter")
    assert "A tag has" in search_box(page).evaluate("box => box.validationMessage")
    assert len(shown(page)) == 5


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


def test_what_the_board_refuses_is_said_once(page: Page, images: dict[str, Any]) -> None:
    page.goto("/?order=sideways")
    expect(page.get_by_role("status").first).to_contain_text("order: ")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_scrolling_goes_on_to_the_end(page: Page, board: Board) -> None:
    added = [board.added(tags=f"n{n}", data=picture("png", 300, 400)) for n in range(220)]
    page.set_viewport_size({"width": 600, "height": 400})
    page.goto("/")
    expect(page.locator(".tile").first).to_be_visible()
    seen = dict.fromkeys(shown(page))
    assert len(seen) < 220
    for _ in range(90):
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(100)
        seen |= dict.fromkeys(shown(page))
    assert list(seen) == [image["tags"][0] for image in added[::-1]]
    assert page.locator(".tile").count() < 220  # what is far away is not there
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("link", name="n219")).to_be_visible()


def test_another_width_keeps_the_place(page: Page, board: Board) -> None:
    for n in range(60):
        board.added(tags=f"n{n}", data=picture("png", 300, 400))
    page.set_viewport_size({"width": 900, "height": 500})
    page.goto("/")
    expect(page.locator(".tile.loaded").first).to_be_visible()
    page.evaluate("scrollTo(0, 900)")
    page.wait_for_timeout(300)
    at_top = "document.elementFromPoint(60, 120).closest('.tile').firstElementChild.alt"
    before = page.evaluate(at_top)
    page.set_viewport_size({"width": 600, "height": 500})
    page.wait_for_timeout(500)
    assert abs(int(page.evaluate(at_top)[1:]) - int(before[1:])) <= 6  # within a row


def test_shuffling_has_a_link_to_the_same_order(page: Page, images: dict[str, Any]) -> None:
    page.goto("/")
    page.get_by_role("button", name="Shuffle").click()
    expect(page).to_have_url(re.compile("order=random&seed="))
    expect(page.locator(".tile img")).to_have_count(5)
    order = shown(page)
    page.reload()
    expect(page.locator(".tile img")).to_have_count(5)
    assert shown(page) == order
    page.get_by_role("button", name="Shuffle").click()
    expect(page.locator(".tile img").first).to_have_attribute("alt", "five.png")
    expect(page).to_have_url(re.compile("/$"))


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
    expect(page.locator("#uploader-message")).to_have_text("2 uploaded, 1 already here, 1 refused")
    assert sorted(image["filename"] for image in board.search(tags="party")["items"]) == ["new.png", "nod.gif"]
    rows.nth(2).get_by_role("button", name="already here").click()
    expect(page.get_by_role("heading", name="known.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tile img")).to_have_count(3)


def test_an_upload_shows_how_far_it_is(page: Page, board: Board) -> None:
    page.goto("/")
    send_slowly(page)
    give(page, "paste", ("large.png", padded(4_000_000)))
    page.locator("#start").click()
    bar = page.get_by_role("progressbar", name="Upload of large.png")
    seen = set()
    while "uploaded" not in page.locator("#uploads").inner_text():
        seen.add(round(bar.evaluate("bar => bar.value"), 1))
        page.wait_for_timeout(50)
    assert len(seen - {0.0, 1.0}) >= 2
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
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.get_by_role("dialog")).to_have_count(0)  # nothing needs to be read in it
    assert board.search(tags="given")["total"] == 2


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
    box.press("Enter")
    expect(viewer.get_by_role("button", name="Remove brand-new")).to_be_visible()
    page.wait_for_timeout(500)
    assert board.get(f"/images/{images['one.png']['id']}").get_json()["tags"] == ["brand-new", "cat", "dog"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="brand-new, cat, dog")).to_be_visible()


def test_tags_that_somebody_else_has_changed_are_not_overwritten(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    board.replace_tags(images["one.png"]["id"], ["theirs"])
    viewer.get_by_role("button", name="Remove cat").click()
    expect(viewer.get_by_text("Somebody else has changed these tags")).to_be_visible()
    expect(viewer.get_by_role("button", name="Remove theirs")).to_be_visible()
    assert board.get(f"/images/{images['one.png']['id']}").get_json()["tags"] == ["theirs"]


def test_of_several_quick_changes_none_overwrites_somebody_else(
    page: Page, board: Board, images: dict[str, Any]
) -> None:
    image = board.added(tags="aa,bb,cc")
    page.goto("/")
    viewer = open_image(page, "aa, bb, cc")
    board.replace_tags(image["id"], ["theirs"])
    late(page, "**/tags", 300)
    viewer.get_by_role("button", name="Remove bb").click()
    viewer.get_by_role("button", name="Remove cc").click()
    expect(viewer.get_by_role("button", name="Remove theirs")).to_be_visible()
    page.wait_for_timeout(700)
    assert board.get(f"/images/{image['id']}").get_json()["tags"] == ["theirs"]


def test_a_late_answer_changes_nothing_of_another_image(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    board.replace_tags(images["four.png"]["id"], ["theirs"])
    late(page, "**/tags", 500)
    viewer.get_by_role("button", name="Remove dog").click()
    page.locator("#viewer .close").focus()
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("heading")).to_have_text("three.png")
    page.wait_for_timeout(1000)
    viewer.get_by_role("button", name="Delete").click()
    expect(page.locator("#confirm-text")).to_contain_text("three.png")
    expect(viewer.get_by_role("button", name="Remove funny")).to_be_visible()


def test_files_that_come_later_wait_for_their_own_tags(page: Page, board: Board) -> None:
    page.goto("/")
    send_slowly(page)
    box = page.get_by_role("combobox", name="Tags for all of them")
    give(page, "paste", ("first.png", padded(1_500_000)))
    box.fill("one")
    page.locator("#start").click()
    give(page, "drop", ("second.png", picture()), ("mistake.png", picture()))
    page.get_by_role("button", name="Remove mistake.png").click()
    expect(page.locator("#uploads li").first).to_contain_text("uploaded")
    page.wait_for_timeout(500)
    assert board.search()["total"] == 1
    page.get_by_role("button", name="Remove one").click()
    box.fill("two")
    page.locator("#start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [image["tags"] for image in board.search()["items"]] == [["two"], ["one"]]


def test_files_that_were_not_begun_are_forgotten_with_the_dialog(page: Page, board: Board) -> None:
    page.goto("/")
    give(page, "drop", ("wrong.png", picture()))
    expect(page.locator("#uploads li")).to_have_count(1)
    page.keyboard.press("Escape")
    give(page, "drop", ("right.png", picture()))
    expect(page.locator("#uploads li")).to_have_text([re.compile("right.png")])


def test_what_was_refused_is_told_after_the_dialog_was_closed(page: Page, board: Board) -> None:
    page.goto("/")
    late(page, "**/api/v1/images", 400)
    give(page, "drop", ("bad.png", b"no image"))
    page.locator("#start").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("Uploads: 1 refused.")


def test_popular_tags_are_offered_first_among_very_many(page: Page, board: Board) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    board.added(tags=",".join(f"a{one}{two}" for one in letters[:7] for two in letters))
    board.added(tags=",".join(f"a{one}{two}" for one in letters[7:14] for two in letters))
    for _ in range(3):
        board.added(tags="azz-popular")
    page.goto("/")
    search_box(page).press_sequentially("a")
    expect(page.get_by_role("option").first).to_have_text("azz-popular3")


def test_the_focus_returns_to_where_it_was(page: Page, images: dict[str, Any]) -> None:
    focused = "document.activeElement.firstElementChild?.alt"
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Remove funny").click()
    expect(viewer.get_by_text("Saved.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate(focused) == "cat"
    open_image(page, "dog").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator(".tile")).to_have_count(4)
    assert page.evaluate(focused) == "dog, funny"


def test_a_transparent_picture_shows_nothing_behind_it(page: Page, board: Board) -> None:
    board.added(tags="clear")
    page.goto("/")
    open_image(page, "clear")
    expect(page.locator("#viewer-image")).to_have_css("background-image", "none")


def test_an_image_is_deleted_after_a_question(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    viewer = open_image(page, "dog")
    viewer.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(viewer).to_be_visible()
    viewer.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect_shown(page, "five.png", "dog, funny", "cat", "cat, funny")
    expect(page.get_by_role("status").first).to_have_text("4 images")
    assert images["four.png"]["id"] not in ids(board.search()["items"])


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


def test_link_and_image_are_copied_and_downloaded(page: Page, images: dict[str, Any], gunicorn: Gunicorn) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Copy link").click()
    expect(viewer.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{gunicorn.url.removesuffix('/api/v1')}/i/{images['one.png']['id']}"
    viewer.get_by_role("button", name="Copy image").click()
    expect(viewer.get_by_text("Image copied.")).to_be_visible()
    types = page.evaluate("navigator.clipboard.read().then(items => items.flatMap(item => item.types))")
    assert types == ["image/png"]
    with page.expect_download() as download:
        viewer.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "one.png"


def test_the_page_of_one_image_shares_its_link(page: Page, images: dict[str, Any]) -> None:
    path = f"/i/{images['one.png']['id']}"
    page.goto(path)
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.get_by_role("link", name="funny").click()
    expect_shown(page, "dog, funny", "cat, funny")


def test_all_of_it_can_be_done_by_the_keyboard(page: Page, board: Board, images: dict[str, Any]) -> None:
    page.goto("/")
    expect(page.locator(".tile")).to_have_count(5)
    page.keyboard.press("/")
    page.keyboard.type("f")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_shown(page, "dog, funny", "cat, funny")
    page.keyboard.press("Backspace")
    expect(page.locator(".tile")).to_have_count(5)
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className").startswith("tile"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="five.png")).to_be_visible()
    while page.evaluate("document.activeElement.getAttribute('role')") != "combobox":
        page.keyboard.press("Tab")
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    while page.evaluate("document.activeElement.dataset.act") != "delete":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".tile")).to_have_count(4)


def test_a_board_that_cannot_be_reached_is_told_and_asked_again(
    page: Page, context: BrowserContext, images: dict[str, Any]
) -> None:
    page.goto("/")
    expect(page.locator(".tile")).to_have_count(5)
    context.set_offline(True)
    search_box(page).fill("cat")
    search_box(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The board cannot be reached.")
    give(page, "paste", ("a.png", picture()))
    page.locator("#start").click()
    expect(page.locator("#uploads")).to_contain_text("The board cannot be reached.")
    page.keyboard.press("Escape")
    context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect_shown(page, "cat", "cat, funny")


def test_a_token_is_asked_for_kept_and_asked_for_again_if_it_is_wrong(
    browser: Browser, app: Flask, environment: dict[str, str], board: Board
) -> None:
    with (
        Gunicorn.running({**environment, "API_TOKENS": "right", "PATH": ""}) as server,
        browser.new_context(base_url=server.url.removesuffix("/api/v1")) as context,
    ):
        page = context.new_page()
        page.goto("/")
        give(page, "paste", ("a.png", picture()), ("b.png", picture()))
        page.locator("#start").click()
        for token in ("wrong", "right"):
            expect(page.get_by_role("heading", name="This board wants a token")).to_be_visible()
            page.get_by_role("textbox", name="Token").fill(token)
            page.keyboard.press("Enter")
        expect(page.locator(".tile")).to_have_count(2, timeout=SECONDS)
        assert board.search()["total"] == 2
        page.reload()
        open_image(page, "a.png" if "a.png" in shown(page) else shown(page)[0])
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Delete it").click()
        expect(page.locator(".tile")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nobody_is_kept_out(
    browser: Browser, gunicorn: Gunicorn, images: dict[str, Any], scheme: Any, size: Any
) -> None:
    base = gunicorn.url.removesuffix("/api/v1")
    with browser.new_context(base_url=base, color_scheme=scheme, viewport=size, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto("/?tags=funny")
        expect(page.locator(".tile.loaded")).to_have_count(2, timeout=SECONDS)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        search_box(page).press_sequentially("c")
        expect(page.get_by_role("option")).to_have_count(1)
        assert violations(page) == []
        page.keyboard.press("Escape")
        open_image(page, "cat, funny")
        assert violations(page) == []
        page.get_by_role("button", name="Delete", exact=True).click()
        assert violations(page) == []
        page.get_by_role("button", name="Keep it").click()
        page.keyboard.press("Escape")
        give(page, "paste", ("a.png", b"no image"))
        page.locator("#start").click()
        expect(page.locator("#uploads")).to_contain_text("not a readable")
        assert violations(page) == []
        page.goto(f"/i/{images['one.png']['id']}")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_animations_move_unless_that_is_not_wanted(
    browser: Browser, gunicorn: Gunicorn, board: Board, motion: Any
) -> None:
    board.added(data=animation("gif", width=200, height=200), declared=MIME_TYPES["gif"], filename="moving.gif")
    with browser.new_context(base_url=gunicorn.url.removesuffix("/api/v1"), reduced_motion=motion) as context:
        page = context.new_page()
        page.goto("/")
        expect(page.locator(".tile.loaded")).to_have_count(1, timeout=SECONDS)
        page.mouse.move(0, 0)
        still = page.locator(".tile canvas")
        expect(still).to_have_count(1 if motion == "reduce" else 0)
        if motion == "reduce":
            expect(still).to_be_visible()
            page.locator(".tile").hover()
            expect(still).to_be_hidden()


def test_everything_comes_from_the_board_itself(page: Page, images: dict[str, Any], gunicorn: Gunicorn) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(5)
    open_image(page, "cat")
    assert asked
    assert all(url.startswith(gunicorn.url.removesuffix("/api/v1")) for url in asked)
    source = (Path(__file__).parents[1] / "reaction_board" / "web" / "static" / "board" / "index.html").read_text()
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", source)
