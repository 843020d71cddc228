"""Uploads of pictures that look like one that the board has."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from tests.board import Board
from tests.browser import violations
from tests.command_line import served
from tests.drawings import drawing
from tests.page import MARKS
from tests.page.actions import DESKTOP, PHONE, Gate, expect_texts, give, tiles
from tests.page.conftest import OpenPage
from tests.pictures import padded

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]


@pytest.fixture
def known(board: Board) -> dict[str, Any]:
    """An image of the board, which the files of the tests look like."""
    return board.added(data=drawing(2).pngsave_buffer(), filename="known.png", tags="old")


def smaller(scale: float = 0.5) -> bytes:
    data: bytes = drawing(2).resize(scale).pngsave_buffer()
    return data


def large() -> bytes:
    """Return a file of more than 1 MB that looks like the image of the board."""
    return bytes(drawing(2).pngsave_buffer()) + padded(1_500_000)


def question(page: Page) -> Locator:
    return page.locator("#uploads > .similar")


def begin(page: Page, *files: tuple[str, bytes], tags: str = "") -> None:
    """Paste files and send them."""
    give(page, "paste", *files)
    page.get_by_role("combobox", name="Tags for all of them").fill(tags)
    page.keyboard.press("Control+Enter")


@pytest.mark.parametrize("data", [smaller, large], ids=["small", "large"])
def test_both_pictures_are_shown_before_the_file_is_sent(
    page: Page, board: Board, known: dict[str, Any], data: Callable[[], bytes]
) -> None:
    page.goto("/")
    with page.expect_request("**/images/similar?*") as request:
        begin(page, ("again.png", data()))
    expect(question(page)).to_contain_text("Looks like one you have")
    expect(question(page)).to_contain_text("640 × 480")
    expect(question(page)).to_contain_text("nearly identical")
    expect(question(page).get_by_role("img", name="again.png")).to_be_visible()
    expect(question(page).get_by_role("img", name="old")).to_be_visible()
    expect(page.locator("#uploader-message")).to_have_text("1 to be decided")
    assert board.search()["total"] == 1
    assert 1000 < int(request.value.all_headers()["content-length"]) < 500_000  # of a large file, a small copy


def test_its_tags_are_added_to_the_one_on_the_board_by_the_keyboard(
    page: Page, board: Board, known: dict[str, Any]
) -> None:
    page.goto("/")
    begin(page, ("again.png", smaller()), tags="new")
    expect(question(page)).to_be_visible()
    question(page).get_by_role("button", name="Add these tags to it").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#uploads")).to_contain_text("Not uploaded. Tags added to one you have")
    expect_texts(page, "new, old")
    assert board.search(tags="new,old")["total"] == 1
    page.get_by_role("button", name="one you have").click()
    expect(page.get_by_role("heading", name="known.png")).to_be_visible()


def test_it_is_uploaded_anyway_if_the_user_says_so(page: Page, board: Board, known: dict[str, Any]) -> None:
    page.goto("/")
    begin(page, ("again.png", smaller()), tags="new")
    question(page).get_by_role("button", name="Upload anyway").click()
    expect_texts(page, "new", "old")
    expect(page.locator("#uploader")).to_be_hidden()
    assert board.search(tags="new")["items"][0]["filename"] == "again.png"


def test_other_files_are_uploaded_meanwhile_and_the_focus_goes_to_the_next_question(
    page: Page, board: Board, known: dict[str, Any]
) -> None:
    page.goto("/")
    files = [("first.png", smaller()), ("second.png", large()), ("other.png", drawing(0).pngsave_buffer())]
    begin(page, *files, tags="new")
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded, 2 to be decided")
    question(page).nth(0).get_by_role("button", name="Add these tags to it").click()
    expect(question(page)).to_have_count(1)
    expect(question(page).get_by_role("button", name="Add these tags to it")).to_be_focused()
    question(page).get_by_role("button", name="Remove second.png").click()
    expect(page.locator("#uploads > li")).to_have_count(2)
    expect(page.locator("#uploader-message")).to_have_text("1 uploaded, 1 not uploaded")
    assert sorted(image["filename"] for image in board.search()["items"]) == ["known.png", "other.png"]


def test_one_answer_adds_the_tags_of_all_files(page: Page, board: Board, known: dict[str, Any]) -> None:
    page.goto("/")
    begin(page, ("first.png", smaller()), ("second.png", large()), ("same.png", board.file(known).data), tags="new")
    expect(page.locator("#uploader-message")).to_have_text("1 already here, 2 to be decided")
    page.get_by_role("button", name="Add the tags (3)").click()
    expect(page.locator("#uploader-message")).to_have_text("1 already here, 2 not uploaded")
    expect(page.locator("#uploads > .known")).to_contain_text("tags added")
    expect(page.get_by_text("For all:")).to_be_hidden()
    expect(page.locator("#uploader").get_by_role("button", name="Close")).to_be_focused()
    assert [image["id"] for image in board.search(tags="new,old")["items"]] == [known["id"]]
    assert board.search()["total"] == 1


def test_one_answer_uploads_all_files_that_still_wait(page: Page, board: Board, known: dict[str, Any]) -> None:
    page.goto("/")
    begin(page, ("first.png", smaller()), ("second.png", large()), ("third.png", smaller(0.4)))
    expect(page.get_by_role("button", name="Do not upload (3)")).to_be_visible()
    question(page).get_by_role("button", name="Remove second.png").click()
    page.get_by_role("button", name="Upload anyway (2)").click()
    expect(tiles(page)).to_have_count(3)
    expect(page.locator("#uploader")).to_be_hidden()
    names = sorted(image["filename"] for image in board.search()["items"])
    assert names == ["first.png", "known.png", "third.png"]


def test_a_question_waits_for_its_answer_while_the_dialog_is_closed(page: Page, known: dict[str, Any]) -> None:
    page.goto("/")
    looks = Gate(page, "**/images/similar?*")
    begin(page, ("again.png", smaller()))
    looks.expect_waiting(1)
    page.keyboard.press("Escape")
    looks.open()
    expect(page.get_by_role("alert")).to_contain_text("Uploads: 1 to be decided.")
    page.get_by_role("button", name="Show").click()
    question(page).get_by_role("button", name="Upload anyway").click()
    expect(tiles(page)).to_have_count(2)


@pytest.mark.parametrize("status", [404, 503])
def test_a_file_is_uploaded_if_the_board_cannot_say_what_it_looks_like(
    page: Page, known: dict[str, Any], status: int
) -> None:
    page.goto("/")
    page.route("**/images/similar?*", lambda route: route.fulfill(status=status, body="{}"))
    begin(page, ("again.png", smaller()), tags="new")
    expect_texts(page, "new", "old")


def test_a_failure_to_add_the_tags_is_reported_and_the_choice_stays(
    page: Page, board: Board, known: dict[str, Any]
) -> None:
    page.goto("/")
    begin(page, ("again.png", smaller()), tags="new")
    expect(question(page)).to_be_visible()
    assert board.delete(known["id"]).status_code == 204
    question(page).get_by_role("button", name="Add these tags to it").click()
    expect(question(page).get_by_role("status")).not_to_be_empty()
    question(page).get_by_role("button", name="Upload anyway").click()
    expect_texts(page, "new")


def test_a_token_is_asked_for_before_the_board_looks_at_a_file(
    another: Callable[..., Flask], open_page: OpenPage, known: dict[str, Any]
) -> None:
    with served(another(API_TOKENS=["right"])) as url:
        page = open_page(base_url=url)
        page.goto("/")
        begin(page, ("again.png", smaller()))
        page.get_by_role("textbox", name="Token").fill("right")
        page.keyboard.press("Enter")
        expect(question(page)).to_be_visible()
        page.context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_question_is_accessible(open_page: OpenPage, known: dict[str, Any], scheme: str, size: Any) -> None:
    page = open_page(color_scheme=scheme, viewport=size)
    page.goto("/")
    begin(page, ("again.png", smaller()), ("large.png", large()), tags="new")
    expect(page.get_by_role("button", name="Upload anyway (2)")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
