"""The access token that a board may need: for changes, or for its lists, too."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.browser import violations
from tests.command_line import served
from tests.drawings import drawing
from tests.page import MARKS
from tests.page.actions import (
    Gate,
    delete,
    expect_texts,
    give,
    open_image,
    outcome,
    status,
    texts,
    tiles,
)
from tests.page.conftest import OpenPage
from tests.pictures import picture

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]


@pytest.fixture
def open_board(another: Callable[..., Flask], open_page: OpenPage) -> Iterator[OpenPage]:
    """Open a tab on the same board that wants the access token "right", with further settings."""
    with contextlib.ExitStack() as stack:

        def open_board(**settings: object) -> Page:
            app = another(API_TOKENS=["right"], **settings)
            page = open_page(base_url=stack.enter_context(served(app)))
            stack.callback(page.context.close)  # before the server stops, because it waits for its connections
            return page

        yield open_board


@pytest.fixture
def guarded_page(open_board: OpenPage) -> Page:
    page = open_board()
    page.goto("/")
    return page


@pytest.fixture
def private_page(open_board: OpenPage) -> Page:
    """A tab on a board whose lists need the token, too."""
    return open_board(READING="links")


def test_a_token_is_asked_for_kept_and_asked_for_again_if_it_is_wrong(guarded_page: Page, board: Board) -> None:
    page = guarded_page
    give(page, "paste", ("a.png", picture()), ("b.png", picture()))
    page.locator("#start").click()
    for token in ("wrong", "right"):
        # Both uploads share the dialog, and the next one is empty.
        expect(page.get_by_role("heading", name="This board needs an access token")).to_be_visible()
        expect(page.get_by_role("textbox", name="Token")).to_have_value("")
        assert violations(page) == []
        page.get_by_role("textbox", name="Token").fill(token)
        page.keyboard.press("Enter")
    expect(tiles(page)).to_have_count(2)
    assert board.search()["total"] == 2
    page.reload()
    expect(tiles(page)).to_have_count(2)
    delete(page, open_image(page, texts(page)[0]))
    expect(tiles(page)).to_have_count(1)
    page.goto("/")  # the deletion takes effect when the page is left, with the token
    expect(tiles(page)).to_have_count(1)


def test_a_token_that_is_refused_is_not_asked_for_again_by_the_other_uploads(guarded_page: Page) -> None:
    page = guarded_page
    uploads = Gate(page, "**/api/v1/images/similar?*")
    give(page, "paste", ("a.png", picture()), ("b.png", picture()))
    page.locator("#start").click()
    uploads.expect_waiting(2)
    uploads.let_one_through()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#uploads .stopped")).to_have_count(1)
    uploads.open()
    expect(page.locator("#uploads .stopped")).to_have_count(2)
    expect(page.locator("#uploader-message")).to_have_text("2 not sent")
    expect(page.locator("#token")).to_be_hidden()


def test_a_token_is_asked_for_before_the_board_looks_at_a_picture(guarded_page: Page, board: Board) -> None:
    page = guarded_page
    board.added(data=drawing(2).pngsave_buffer(), tags="face")
    board.added(tags="other")
    give(page, "paste", ("face.png", drawing(2).resize(0.5).pngsave_buffer()), target="#search input")
    enter_token(page, "right")
    expect_texts(page, "face")


def enter_token(page: Page, token: str) -> None:
    page.get_by_role("textbox", name="Token").fill(token)
    page.get_by_role("button", name="Continue").click()


def test_a_board_whose_lists_need_a_token_asks_for_it_before_it_shows_any(
    private_page: Page, images: dict[str, Any]
) -> None:
    page = private_page
    page.goto("/?tags=cat")
    expect(page.get_by_text("Enter the token that the owner of the board gave you.")).to_be_visible()
    expect(tiles(page)).to_have_count(0)
    enter_token(page, "wrong")
    expect(page.get_by_text("The board did not accept this token.")).to_be_visible()
    enter_token(page, "right")
    expect_texts(page, "cat", "cat, funny")
    expect(page.get_by_role("option")).to_have_text(["funny1"])
    page.reload()
    expect_texts(page, "cat", "cat, funny")
    expect(page.get_by_role("option")).to_have_text(["funny1"])


def test_a_visitor_without_a_token_learns_why_and_can_enter_one_later(
    private_page: Page, images: dict[str, Any]
) -> None:
    page = private_page
    page.goto("/")
    page.get_by_role("button", name="Cancel").click()
    expect(outcome(page)).to_have_text("This board needs an access token.")
    page.get_by_role("button", name="Try again").click()
    enter_token(page, "right")
    expect(tiles(page)).to_have_count(5)
    expect(status(page)).to_have_text("5 images")


def test_a_visitor_with_a_link_but_no_token_sees_the_image(private_page: Page, images: dict[str, Any]) -> None:
    page = private_page
    page.goto(f"/?image={images['two.png']['id']}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="two.png")).to_be_visible()
    expect(tiles(page)).to_have_count(0)


def test_the_browser_forgets_the_token_when_asked(guarded_page: Page, images: dict[str, Any]) -> None:
    page = guarded_page
    page.reload()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("menuitem", name="Forget the access token")).to_have_count(0)
    page.evaluate("import('./static/board/api.js').then(api => api.storeToken('right'))")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Forget the access token").click()
    expect(page.get_by_role("alert")).to_contain_text("This browser has forgotten the access token.")
    open_image(page, "dog").get_by_role("button", name="Remove dog").click()
    expect(page.get_by_text("Enter the token that the owner of the board gave you.")).to_be_visible()
