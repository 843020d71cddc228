"""What the page shows of boards that each test fills itself."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.browser import violations
from tests.command_line import served
from tests.page import MARKS
from tests.page.actions import give, open_image, outcome, search_box, status
from tests.page.conftest import OpenPage
from tests.pictures import MIME_TYPES, animation, picture

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]


def test_the_picker_of_an_empty_board_offers_no_upload(another: Callable[..., Flask], open_page: OpenPage) -> None:
    with served(another(PICKER_ORIGINS=["https://chat.example"])) as url:
        page = open_page(base_url=url)
        page.goto("/pick")
        expect(outcome(page)).to_have_text("This board has no pictures yet.")
        expect(page.get_by_text("Filter")).to_be_hidden()


def test_an_empty_board_says_what_to_do(page: Page) -> None:
    page.goto("/")
    expect(outcome(page).get_by_role("heading")).to_have_text("Nothing here yet")
    expect(status(page)).to_have_text("0 images")
    assert violations(page) == []
    outcome(page).get_by_role("button", name="Upload pictures").click()
    expect(page.get_by_role("heading", name="Upload images")).to_be_visible()


def test_an_empty_board_offers_only_what_makes_sense_until_it_has_an_image(page: Page) -> None:
    page.goto("/")
    expect(outcome(page).get_by_role("heading")).to_have_text("Nothing here yet")
    tools = [page.get_by_text("Filter"), page.get_by_role("button", name="Shuffle"), page.get_by_text("Copies:")]
    for tool in tools:
        expect(tool).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Tags"])
    page.keyboard.press("Escape")
    give(page, "drop", ("first.png", picture()))
    page.locator("#start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    for tool in tools:
        expect(tool).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Search by picture", "Select images", "Tags"])


def test_popular_tags_are_offered_first_among_very_many(page: Page, board: Board) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    board.added(tags=",".join(f"a{one}{two}" for one in letters[:7] for two in letters))
    board.added(tags=",".join(f"a{one}{two}" for one in letters[7:14] for two in letters))
    for _ in range(3):
        board.added(tags="azz-popular")
    page.goto("/")
    search_box(page).press_sequentially("a")
    expect(page.get_by_role("option").first).to_have_text("azz-popular3")


def test_a_transparent_picture_has_squares_behind_it_that_show_black_and_white(page: Page, board: Board) -> None:
    board.added(tags="clear")
    page.goto("/")
    open_image(page, "clear")
    squares = re.compile(
        r"^repeating-conic-gradient\(rgb\(141, 141, 141\).*rgb\(180, 180, 180\)[^u]*$"
    )  # without url()
    expect(page.locator("#viewer-image")).to_have_css("background-image", squares)
    expect(page.locator(".tile img")).to_have_css("background-image", squares)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_animations_move_unless_that_is_not_wanted(open_page: OpenPage, board: Board, motion: str) -> None:
    board.added(data=animation("gif", width=200, height=200), declared=MIME_TYPES["gif"], filename="moving.gif")
    page = open_page(reduced_motion=motion)
    page.goto("/")
    expect(page.locator(".tile.loaded")).to_have_count(1)
    page.mouse.move(0, 0)
    frame = page.locator(".tile canvas")
    expect(frame).to_have_count(1 if motion == "reduce" else 0)
    if motion == "reduce":
        expect(frame).to_be_visible()
        page.locator(".tile").hover()
        expect(frame).to_be_hidden()


@pytest.mark.parametrize(
    ("filename", "saved"),
    [("blob", "blob.png"), ("y.jpg_large", "y.png"), ("z.png?w=100", "z.png"), ("caffè.gif", "caffè.png")],
)
def test_a_download_has_an_extension_that_fits_the_picture(page: Page, board: Board, filename: str, saved: str) -> None:
    image = board.added(filename=filename, data=picture("png"))
    page.goto(f"/?image={image['id']}")
    viewer = page.get_by_role("dialog")
    expect(viewer.get_by_role("heading")).to_have_text(filename)
    with page.expect_download() as download:
        viewer.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == saved
    page.goto(f"/i/{image['id']}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == saved


def test_no_filename_is_markup_in_markdown(page: Page, board: Board, origin: str) -> None:
    image = board.added(filename="*a*_b_ [x] &amp;.png")
    page.goto("/")
    page.get_by_role("button", name="Copies: Direct link").click()
    page.get_by_role("menuitemradio", name="Markdown").click()
    page.get_by_role("link", name=image["filename"]).click()
    expect(page.get_by_role("alert")).to_contain_text("Copied the Markdown.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == rf"![\*a\*\_b\_ \[x\] \&amp;.png]({origin}/i/{image['id']}.png)"
