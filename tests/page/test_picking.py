"""The core job: a picture's link in the clipboard, in few keys. All tests share one board and change nothing."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import Gate, expect_texts, search_box, status, texts, tiles, tool, wait_for
from tests.page.conftest import OpenPage
from tests.pictures import MIME_TYPES, animation, picture

pytestmark = MARKS

TAGS = ["facepalm,sigh", "thumbs-up,yes", "thumbs,no", "laughing", "cat,funny", "cat", "dog,funny", ""]


@pytest.fixture(scope="module", autouse=True)
def images(shared_board: Board) -> dict[str, dict[str, Any]]:
    """Images by their alternative texts; the last one is the first of the page."""
    added = [shared_board.added(data=picture("png", 300, 200), filename="none.png", tags=tags) for tags in TAGS]
    moving = animation("webp", width=300, height=200)
    added.append(shared_board.added(data=moving, declared=MIME_TYPES["webp"], filename="wave.webp", tags="wave"))
    shared_board.set_aliases("laughing", "lol")
    return {", ".join(image["tags"]) or image["filename"]: image for image in added}


class Counter:
    """Does what a user does, and counts keys and clicks."""

    def __init__(self, page: Page) -> None:
        self.page, self.keys, self.clicks = page, 0, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def click(self, text: str) -> None:
        self.page.get_by_role("link", name=text, exact=True).click()
        self.clicks += 1


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def expect_copied(page: Page, link: str) -> None:
    expect(page.get_by_role("alert")).to_contain_text("Copied the direct link.")
    assert clipboard(page) == link


@pytest.fixture
def link(images: dict[str, dict[str, Any]], origin: str) -> str:
    """The direct link of the picture that is wanted."""
    return f"{origin}/i/{images['facepalm, sigh']['id']}.png"


def test_by_the_keyboard_a_link_takes_six_keys_at_most(page: Page, link: str) -> None:
    page.goto("/")
    expect(search_box(page)).to_be_focused()
    user = Counter(page)
    user.press("f", "a", "c", "ArrowDown", "Enter")
    expect_copied(page, link)
    assert user.keys <= 6


def test_by_the_mouse_a_link_takes_two_clicks_and_three_keys_at_most(page: Page, link: str) -> None:
    page.goto("/")
    user = Counter(page)
    user.press("f", "a", "c")
    expect(tiles(page)).to_have_count(1)
    user.click("facepalm, sigh")
    expect_copied(page, link)
    assert user.keys <= 3
    assert user.clicks <= 2


def test_keys_that_come_before_the_answers_do_what_they_mean(page: Page, link: str) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    completions = Gate(page, "**/tags?match=*")
    lists = Gate(page, "**/api/v1/images?tags=*")
    page.keyboard.type("fac")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    completions.expect_waiting(1)
    completions.open()
    lists.expect_waiting(1)
    expect(page.get_by_role("alert")).to_be_empty()
    lists.open()
    expect_copied(page, link)


@pytest.mark.parametrize(
    ("reason", "is_offline"), [("No tag matches “xyzzy”.", False), ("The board cannot be reached.", True)]
)
def test_nothing_is_copied_if_nothing_is_found_for_the_typed_text(page: Page, reason: str, is_offline: bool) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    page.evaluate("navigator.clipboard.writeText('before')")
    page.context.set_offline(is_offline)
    page.keyboard.type("xyzzy")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text(reason).first).to_be_visible()
    expect(search_box(page)).to_be_focused()
    expect(page.get_by_role("alert")).not_to_contain_text("Copied")
    page.context.set_offline(False)
    assert clipboard(page) == "before"


def test_nothing_is_copied_if_typing_goes_on_before_the_pictures_are_there(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    page.evaluate("navigator.clipboard.writeText('before')")
    lists = Gate(page, "**/api/v1/images?tags=*")
    page.keyboard.type("do")
    lists.expect_waiting(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("g")
    lists.open()
    expect_texts(page, "dog, funny")
    expect(search_box(page)).to_be_focused()
    expect(page.get_by_role("alert")).to_be_empty()
    assert clipboard(page) == "before"


def test_an_image_is_copied_if_the_keys_come_before_the_pictures(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    page.get_by_role("button", name="Copies: Direct link").click()
    page.get_by_role("menuitemradio", name="Image").click()
    search_box(page).focus()
    lists = Gate(page, "**/api/v1/images?tags=*")
    page.keyboard.type("fac")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    lists.expect_waiting(1)
    lists.open()
    expect(page.get_by_role("alert")).to_contain_text("Copied the image.")
    read = "navigator.clipboard.read().then(([item]) => item.types)"
    assert page.evaluate(read) == ["image/png"]


def test_pictures_appear_while_typing_and_escape_takes_that_back(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    everything = texts(page)
    page.keyboard.type("fu")
    expect_texts(page, "dog, funny", "cat, funny")
    expect(status(page)).to_have_text("2 images")
    page.keyboard.press("Escape")
    expect_texts(page, *everything)
    expect(search_box(page)).to_have_value("")
    expect(page).to_have_url(f"{page.url.partition('?')[0]}")


def test_a_late_list_does_not_replace_a_newer_one(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    lists = Gate(page, "**/api/v1/images?tags=dog&*")
    page.keyboard.type("do")
    lists.expect_waiting(1)
    page.keyboard.press("Escape")
    page.keyboard.type("sig")
    expect_texts(page, "facepalm, sigh")
    lists.open()
    page.evaluate("fetch('/api/v1/images?tags=dog')")  # takes as long
    expect_texts(page, "facepalm, sigh")


def test_the_arrows_move_among_the_pictures_by_position_and_escape_leads_back(page: Page) -> None:
    page.set_viewport_size({"width": 760, "height": 800})  # two or three rows
    page.goto("/")
    expect(tiles(page)).to_have_count(len(TAGS) + 1)
    places = page.locator("#grid .tile").evaluate_all(
        "tiles => tiles.map(tile => tile.getBoundingClientRect().toJSON())"
    )
    in_first_row = sum(place["top"] == places[0]["top"] for place in places)
    focused = "[...document.querySelectorAll('#grid .tile')].indexOf(document.activeElement)"
    page.keyboard.press("ArrowDown")
    wait_for(page, f"{focused} === 0")
    for key, index in (("ArrowRight", 1), ("ArrowDown", in_first_row + 1), ("ArrowLeft", in_first_row)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == index
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == 0
    page.keyboard.press("ArrowUp")
    expect(search_box(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    wait_for(page, f"{focused} === 0")
    page.keyboard.press("Escape")
    expect(search_box(page)).to_be_focused()


def test_enter_takes_the_first_suggestion_and_the_arrow_another_one(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("c")
    page.keyboard.press("Enter")  # before the suggestions are there
    expect_texts(page, "cat", "cat, funny")
    page.keyboard.press("Backspace")
    page.keyboard.type("thumbs")
    expect(page.get_by_role("option")).to_have_text(["thumbs1", "thumbs-up1"])
    expect_texts(page, "no, thumbs")
    page.keyboard.press("ArrowRight")
    expect_texts(page, "thumbs-up, yes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove thumbs-up")).to_be_visible()


def test_a_space_ends_a_tag_unless_a_suggestion_goes_on_there(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("thumbs up")
    expect_texts(page, "thumbs-up, yes")
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.type("cat ")
    expect(page.get_by_role("button", name="Remove cat")).to_be_visible()
    expect(search_box(page)).to_have_value("")
    page.keyboard.press("Backspace")
    page.keyboard.type("thumbs no")
    expect(page.get_by_role("button", name="Remove thumbs")).to_be_visible()
    expect(search_box(page)).to_have_value("no")
    expect_texts(page, "no, thumbs")


def test_aliases_are_completed_to_their_tags(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("lol")
    expect(page.get_by_role("option")).to_have_text(["lol → laughing1"])
    page.keyboard.press("Enter")
    expect_texts(page, "laughing")
    expect(page.get_by_role("button", name="Remove laughing")).to_be_visible()


def test_a_text_that_no_tag_is_like_is_said_to_be_so(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("zebra")
    expect(page.get_by_text("No tag matches “zebra”.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No tag matches “zebra”.")).to_be_visible()
    expect(tiles(page)).to_have_count(len(TAGS) + 1)


def test_images_that_move_are_marked_and_copied_as_a_still_frame(page: Page) -> None:
    page.goto("/?tags=wave")
    expect(page.locator(".tile[data-kind=animated]")).to_have_count(1)
    tool(page, "wave", "Open").click()
    page.get_by_role("button", name="What to copy").click()
    expect(page.get_by_role("menuitemradio")).to_have_text(
        ["Direct link", "Link to its page", "Still frame", "Markdown", "HTML"]
    )
    page.get_by_role("menuitemradio", name="Still frame").click()
    expect(page.get_by_role("alert")).to_contain_text("Copied the still frame.")


def test_what_was_copied_last_is_what_a_click_copies(page: Page, images: dict[str, Any], origin: str) -> None:
    page.goto("/")
    page.get_by_role("button", name="Copies: Direct link").click()
    page.get_by_role("menuitemradio", name="Link to its page").click()
    page.reload()
    page.get_by_role("link", name="cat", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Copied the link to its page.")
    assert clipboard(page) == f"{origin}/i/{images['cat']['id']}"


def test_a_picture_carries_its_file_and_its_link_out_of_the_page(page: Page, images: dict[str, Any], link: str) -> None:
    page.goto("/?tags=facepalm")
    expect(tiles(page)).to_have_count(1)
    data = page.evaluate("""() => {
        const transfer = new DataTransfer();
        const event = new DragEvent("dragstart", { dataTransfer: transfer, bubbles: true });
        document.querySelector("#grid .tile img").dispatchEvent(event);
        return ["DownloadURL", "text/uri-list", "text/plain"].map(type => transfer.getData(type));
    }""")
    assert data == [f"image/png:none.png:{link}", link, link]


def test_a_picture_dropped_on_its_own_page_is_not_uploaded(page: Page) -> None:
    page.goto("/?tags=facepalm")
    tile = page.locator("#grid .tile")
    tile.drag_to(page.locator("#outcome"), target_position={"x": 5, "y": 0}, force=True)
    expect(page.locator("#drop")).to_be_hidden()
    expect(page.locator("#uploader")).to_be_hidden()


def test_a_phone_shares_the_file_itself(open_page: OpenPage, images: dict[str, Any]) -> None:
    page = open_page(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page.add_init_script("""
        navigator.canShare = ({ files }) => files.length === 1;
        navigator.share = async ({ files: [file] }) => { window.shared = [file.name, file.type, file.size]; };
    """)
    page.goto("/?tags=facepalm")
    page.locator("#grid .tile").tap()  # copies, and shows the tools on touch screens
    page.get_by_role("button", name="Open").tap()
    page.get_by_role("button", name="Share").tap()
    wait_for(page, "window.shared")
    size = images["facepalm, sigh"]["size_bytes"]
    assert page.evaluate("window.shared") == ["none.png", "image/png", size]
    page.goto(f"/i/{images['cat']['id']}")
    page.get_by_role("button", name="Share").tap()
    wait_for(page, "window.shared")
    assert page.evaluate("window.shared")[:2] == ["none.png", "image/png"]
