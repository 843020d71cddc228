"""Searching for images that look like a picture. The tests that change nothing share one board."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.board import Board
from tests.browser import violations
from tests.drawings import drawing
from tests.page import MARKS
from tests.page.actions import (
    DESKTOP,
    PHONE,
    Gate,
    expect_texts,
    file_of,
    give,
    open_image,
    outcome,
    search_box,
    status,
)
from tests.page.conftest import OpenPage
from tests.pictures import padded

pytestmark = MARKS
ALL = ("large", "cropped", "alone")


@pytest.fixture(scope="module", autouse=True)
def images(shared_board: Board) -> dict[str, dict[str, Any]]:
    """Two images that look alike, and one that does not."""
    data = {
        "alone": drawing(0).pngsave_buffer(),
        "cropped": drawing(2).crop(20, 15, 600, 450).pngsave_buffer(),
        "large": drawing(2).pngsave_buffer(),
    }
    return {tag: shared_board.added(data=each, tags=tag, filename=f"{tag}.png") for tag, each in data.items()}


def face() -> bytes:
    data: bytes = drawing(2).resize(0.5).pngsave_buffer()
    return data


def other() -> bytes:
    data: bytes = drawing(0).resize(0.5).pngsave_buffer()
    return data


def search_by(page: Page, how: str, name: str, data: bytes) -> None:
    """Give the search box a picture."""
    give(page, how, (name, data), target="#search input")


def chip(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Searched").get_by_text(f"Like {name}", exact=True)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_picture_on_the_search_box_finds_images_like_it_and_says_how_alike(page: Page, how: str) -> None:
    page.goto("/")
    expect_texts(page, *ALL)
    search_by(page, how, "cat.jpg", face())
    expect_texts(page, "large", "cropped")
    expect(status(page)).to_have_text("2 images")
    expect(chip(page, "cat.jpg")).to_be_visible()
    expect(page.locator("#grid .likeness").first).to_have_text("nearly identical")
    expect(page.get_by_role("link", name="large nearly identical")).to_be_visible()
    expect(page).to_have_url("/")  # the file is not stored, so no address finds it
    page.get_by_role("button", name="Remove Like cat.jpg").click()
    expect_texts(page, *ALL)
    expect(page.locator("#grid .likeness")).to_have_count(0)


def test_the_way_back_leads_through_searches_by_picture_and_opened_images(page: Page) -> None:
    page.goto("/?tags=cropped")
    expect_texts(page, "cropped")
    search_by(page, "paste", "face.png", face())
    expect_texts(page, "large", "cropped")
    search_by(page, "paste", "other.png", other())
    expect_texts(page, "alone")
    open_image(page, "alone")
    page.keyboard.press("Escape")
    expect(chip(page, "other.png")).to_be_visible()
    expect_texts(page, "alone")
    page.go_back()
    expect_texts(page, "large", "cropped")
    expect(chip(page, "face.png")).to_be_visible()
    page.go_back()
    expect_texts(page, "cropped")
    expect(page).to_have_url(re.compile(r"/\?tags=cropped$"))


def test_a_tag_takes_the_place_of_the_picture_and_backspace_takes_it_away(page: Page) -> None:
    page.goto("/")
    search_by(page, "paste", "face.png", face())
    expect_texts(page, "large", "cropped")
    search_box(page).press_sequentially("alone")
    expect_texts(page, "alone")
    page.keyboard.press("Escape")  # clears the typed text
    expect_texts(page, "large", "cropped")
    search_box(page).press_sequentially("alone,")
    expect(page).to_have_url(re.compile(r"/\?tags=alone$"))
    expect(chip(page, "face.png")).to_have_count(0)
    expect_texts(page, "alone")
    search_by(page, "paste", "face.png", face())
    expect_texts(page, "large", "cropped")
    search_box(page).press("Backspace")
    expect_texts(page, *ALL)


def test_a_late_answer_about_a_picture_does_not_replace_a_newer_search(page: Page) -> None:
    page.goto("/")
    answers = Gate(page, "**/images/similar?*")
    search_by(page, "paste", "face.png", face())
    answers.expect_waiting(1)
    search_by(page, "paste", "other.png", other())
    answers.expect_waiting(2)
    answers.waiting.reverse()
    answers.let_one_through()
    expect_texts(page, "alone")
    answers.open()
    page.evaluate("fetch('./static/board/icon.svg').then(() => new Promise(requestAnimationFrame))")
    expect_texts(page, "alone")


def test_a_reload_forgets_the_picture(page: Page) -> None:
    page.goto("/")
    search_by(page, "paste", "face.png", face())
    expect_texts(page, "large", "cropped")
    page.reload()
    expect_texts(page, *ALL)


def test_a_picture_that_finds_nothing_can_be_uploaded(page: Page) -> None:
    page.goto("/")
    search_by(page, "paste", "new.png", drawing(5).pngsave_buffer())
    expect(outcome(page)).to_contain_text("No image looks like new.png.")
    outcome(page).get_by_role("button", name="Upload this picture").click()
    expect(page.locator("#uploads .name")).to_have_text("new.png")


def test_several_files_and_files_beside_the_box_are_uploads(page: Page) -> None:
    page.goto("/")
    give(page, "drop", ("a.png", face()), ("b.png", face()), target="#search input")
    expect(page.locator("#uploads > li")).to_have_count(2)
    page.keyboard.press("Escape")
    give(page, "drop", ("c.png", face()))
    expect(page.locator("#uploads .name")).to_have_text(["c.png"])


def test_the_page_says_while_a_picture_is_over_the_box_what_dropping_it_does(page: Page) -> None:
    page.goto("/")
    drag = """selector => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([], "a.png", {type: "image/png"}));
        for (const event of ["dragenter", "dragover"]) document.querySelector(selector).dispatchEvent(
            new DragEvent(event, {dataTransfer, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drag, "#grid")
    expect(page.get_by_text("Drop images to upload them, or one on the search box")).to_be_visible()
    page.evaluate(drag, "#search input")
    expect(page.get_by_text("Drop the image to find images like it")).to_be_visible()


def test_what_is_no_picture_is_refused_in_the_words_of_the_board(page: Page) -> None:
    page.goto("/")
    search_by(page, "paste", "bad.png", b"no image")
    expect(outcome(page)).to_have_text("The file is not a readable JPEG, PNG, GIF or WebP image.")
    page.get_by_role("button", name="Remove Like bad.png").click()
    expect_texts(page, *ALL)


def test_of_a_large_file_a_small_copy_is_sent(page: Page) -> None:
    page.goto("/")
    with page.expect_request("**/images/similar?*") as request:
        search_by(page, "paste", "large.png", bytes(drawing(2).pngsave_buffer()) + padded(1_500_000))
    expect_texts(page, "large", "cropped")
    assert 1000 < int(request.value.all_headers()["content-length"]) < 500_000


def test_the_menu_lets_a_file_be_chosen(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Menu").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Search by picture").click()
    chooser.value.set_files([file_of("face.png", face())])  # type: ignore[arg-type]
    expect_texts(page, "large", "cropped")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_picture_finds_is_accessible(open_page: OpenPage, scheme: str, size: Any) -> None:
    page = open_page(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page.goto("/")
    search_by(page, "paste", "a-cat-with-a-very-long-name-from-a-chat-program.jpg", face())
    expect(page.locator("#grid .likeness")).to_have_count(2)
    expect(page.locator("#grid .tile.loaded")).to_have_count(2)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
