"""What this browser remembers: images that were used, and those with a star. All tests share one board."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page import MARKS
from tests.page.actions import expect_texts, search_box, tiles, tool
from tests.page.conftest import OpenPage

pytestmark = MARKS

FULL = """
Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
"""


@pytest.fixture(autouse=True)
def images(shared_images: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return shared_images


def strip(page: Page) -> Locator:
    return page.locator("#strip .tile img")


def expect_strip(page: Page, *expected: str) -> None:
    expect(strip(page)).to_have_count(len(expected))
    for position, text in enumerate(expected):
        expect(strip(page).nth(position)).to_have_attribute("alt", text)


def star(page: Page, text: str) -> None:
    button = tool(page, text, "Star")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def search_and_return(page: Page) -> None:
    """Let the strip appear: it does not move the pictures below the pointer."""
    search_box(page).press_sequentially("fun")
    expect(tiles(page)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(tiles(page)).to_have_count(5)


def test_what_was_copied_is_at_hand_the_next_time_by_two_keys(page: Page, images: dict[str, Any], origin: str) -> None:
    page.goto("/")
    expect(page.locator("#strip")).to_be_hidden()
    for text in ("cat", "dog", "cat"):
        page.locator("#grid").get_by_role("link", name=text, exact=True).click()
    expect(page.locator("#strip")).to_be_hidden()
    search_and_return(page)
    expect_strip(page, "cat", "dog")
    page.reload()
    expect_strip(page, "cat", "dog")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Copied the direct link.")
    link = f"{origin}/i/{images['two.png']['id']}.png"
    assert page.evaluate("navigator.clipboard.readText()") == link
    search_box(page).press_sequentially("fun")
    expect_texts(page, "dog, funny", "cat, funny")
    expect(page.locator("#strip")).to_be_hidden()


def test_stars_are_kept_and_nothing_of_them_goes_to_the_board(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    methods: list[str] = []
    page.on("request", lambda request: methods.append(request.method))
    star(page, "dog, funny")
    page.locator("#grid .tile").last.focus()
    page.keyboard.press("s")
    search_and_return(page)
    expect_strip(page, "cat, funny", "dog, funny")
    assert set(methods) <= {"GET"}
    page.reload()
    expect_strip(page, "cat, funny", "dog, funny")
    expect(page.locator("#grid .starred")).to_have_count(2)
    page.locator("#strip .cell").first.hover()
    page.locator("#strip").get_by_role("button", name="Star").click()
    expect_strip(page, "dog, funny")
    expect(page.locator("#grid .starred")).to_have_count(1)


def test_a_remembered_picture_opens_with_all_of_its_facts(page: Page) -> None:
    page.goto("/")
    star(page, "cat")
    search_and_return(page)
    page.locator("#strip .tile").first.focus()
    page.keyboard.press("o")
    expect(page.locator("#viewer-facts")).to_contain_text(re.compile(r"^PNG · .* · [\d.,]+ \w+ · .*\d{4}"))


def test_a_slash_moves_to_the_search_box_and_is_not_typed(page: Page) -> None:
    page.goto("/")
    for _ in range(2):
        page.keyboard.press("/")
    page.keyboard.type("ca")
    expect(page.get_by_role("combobox")).to_have_value("ca")


def test_favourites_move_to_another_browser_as_a_file(
    page: Page, open_page: OpenPage, images: dict[str, Any], tmp_path: Path
) -> None:
    page.goto("/")
    star(page, "cat")
    star(page, "dog")
    search_and_return(page)
    page.get_by_role("button", name="More about recent and favourites").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export as a file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    exported = json.loads(file.read_text())
    assert [image["id"] for image in exported["favourites"]] == [images[name]["id"] for name in ("four.png", "two.png")]

    other = open_page()
    other.goto("/")
    star(other, "five.png")
    for number in ("2 new favourites.", "0 new favourites."):
        other.get_by_label("File of favourites").set_input_files(file)
        expect(other.get_by_role("alert")).to_contain_text(number)
    expect_strip(other, "five.png", "dog", "cat")


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"favourites": [{"id": "<b>", "tags": 7}, null]}'])
def test_a_file_of_something_else_changes_nothing(page: Page, tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    page.goto("/")
    star(page, "cat")
    page.get_by_label("File of favourites").set_input_files(tmp_path / "other.json")
    expect(page.get_by_role("alert")).to_contain_text("favourites")
    search_and_return(page)
    expect_strip(page, "cat")


@pytest.mark.parametrize("stored", ["7", "{", '[{"id": 7}]', '{"a": 1}'])
def test_what_the_browser_stored_wrongly_is_ignored(page: Page, stored: str) -> None:
    page.add_init_script(f"localStorage.setItem('reaction-board-recent', {json.dumps(stored)})")
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    expect(page.locator("#strip")).to_be_hidden()


def test_where_the_browser_stores_nothing_the_page_says_so_and_remembers_until_it_is_closed(page: Page) -> None:
    page.add_init_script(FULL)
    page.goto("/")
    tool(page, "cat", "Star").click()
    expect(page.get_by_role("alert")).to_contain_text("This browser stores no data for the page")
    search_and_return(page)
    expect_strip(page, "cat")


def test_an_image_that_is_gone_leaves_the_strip(page: Page, images: dict[str, Any]) -> None:
    gone = {**images["one.png"], "id": "01890000-0000-7000-8000-000000000000"}
    page.add_init_script(f"localStorage.setItem('reaction-board-recent', JSON.stringify([{json.dumps(gone)}]))")
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    expect(page.locator("#strip")).to_be_hidden()
