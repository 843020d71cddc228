"""The page of the tags: finding, renaming and merging them, and their aliases."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from reaction_board.database.queries import merges
from tests.board import Board
from tests.browser import violations
from tests.command_line import served
from tests.page import MARKS
from tests.page.actions import DESKTOP, Gate, expect_texts, search_box
from tests.page.conftest import OpenPage

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]

MERGES = "**/tags/*/merge"


def rows(page: Page) -> Locator:
    return page.locator("#tags > li")


def edit(page: Page, name: str) -> Locator:
    """Open the dialog of a tag; return it."""
    page.get_by_role("button", name=f"Edit {name}", exact=True).click()
    dialog = page.locator("#editor")
    expect(dialog.get_by_label("New name, or another tag")).to_have_value(name)
    return dialog


def move(dialog: Locator, into: str, button: str) -> None:
    dialog.get_by_label("New name, or another tag").fill(into)
    dialog.get_by_role("button", name=button).click()


@pytest.fixture
def page_of_small_steps(
    another: Callable[..., Flask], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """The page of a board whose merges move one image in a step."""
    monkeypatch.setattr(merges, "STEP", 1)
    with served(another()) as url:
        page = open_page(base_url=url)
        yield page
        page.context.close()


def test_tags_are_listed_with_their_counts_and_found_by_a_part_of_a_name_or_alias(page: Page, board: Board) -> None:
    for names in ("cat,funny", "cat,face-palm", "dog"):
        board.added(tags=names)
    board.set_aliases("funny", "lol")
    page.goto("/tags")
    expect(rows(page)).to_have_text(["cat2 imagesEdit", "dog1 imageEdit", "face-palm1 imageEdit", "funny1 imageEdit"])
    expect(page.get_by_role("status")).to_have_text("4 tags")
    page.get_by_role("searchbox", name="Find a tag").press_sequentially("palm")
    expect(rows(page)).to_have_text(["face-palm1 imageEdit"])
    page.get_by_role("searchbox", name="Find a tag").fill("lol")
    expect(rows(page)).to_have_text(["funny also called lol1 imageEdit"])
    page.get_by_role("searchbox", name="Find a tag").fill("nothing")
    expect(page.get_by_role("status")).to_have_text("No tag contains “nothing”.")
    page.get_by_role("searchbox", name="Find a tag").fill("")
    page.get_by_role("link", name="cat").click()
    expect_texts(page, "cat, face-palm", "cat, funny")


def test_more_tags_than_a_page_has_are_shown_by_a_button(page: Page, board: Board) -> None:
    board.added(tags=",".join(f"t{number:03}" for number in range(120)))
    page.goto("/tags")
    page.get_by_label("Order").select_option("By name")
    expect(rows(page)).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(120)
    expect(rows(page).last).to_contain_text("t119")
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_late_answer_does_not_replace_a_newer_one(page: Page, board: Board) -> None:
    board.added(tags="cat,cow")
    page.goto("/tags")
    expect(rows(page)).to_have_count(2)
    answers = Gate(page, "**/tags?match=c&*")
    page.get_by_role("searchbox", name="Find a tag").fill("c")
    answers.expect_waiting(1)
    page.get_by_role("searchbox", name="Find a tag").fill("co")
    expect(rows(page)).to_have_text(["cow1 imageEdit"])
    answers.open()
    page.evaluate("fetch('/api/v1/tags?match=c').then(answer => answer.json())")  # takes as long as the late answer
    expect(rows(page)).to_have_text(["cow1 imageEdit"])


def test_a_tag_is_renamed_and_its_old_name_stays_as_an_alias(page: Page, board: Board) -> None:
    board.added(tags="lol")
    page.goto("/tags")
    dialog = edit(page, "lol")
    expect(dialog.get_by_role("button", name="Rename")).to_be_disabled()
    move(dialog, " Laughing", "Rename")
    expect(dialog.get_by_role("heading")).to_have_text("laughing")
    expect(dialog.get_by_role("button", name="Remove lol")).to_be_visible()
    expect(rows(page)).to_have_text(["laughing1 imageEdit"])
    assert board.tag("lol")["name"] == "laughing"


def test_a_tag_that_matches_by_its_name_and_an_alias_is_listed_once(page: Page, board: Board) -> None:
    board.added(tags="mondays")
    board.set_aliases("mondays", "monday")
    page.goto("/tags")
    page.get_by_role("searchbox", name="Find a tag").fill("mon")
    expect(page.get_by_role("status")).to_have_text("2 matches")
    expect(rows(page)).to_have_count(1)
    page.goto("/")
    search_box(page).press_sequentially("mon")
    expect(page.get_by_role("option")).to_have_count(1)


def test_a_merge_shows_how_far_it_is_and_can_be_stopped_and_continued(page_of_small_steps: Page, board: Board) -> None:
    for names in ("lol", "lol", "lol", "laughing"):
        board.added(tags=names)
    page = page_of_small_steps
    page.goto("/tags")
    dialog = edit(page, "lol")
    steps = Gate(page, MERGES)
    move(dialog, "laughing", "Merge")
    steps.expect_waiting(1)
    steps.let_one_through()
    expect(dialog.get_by_text("Merging lol into laughing: 1 of 3 images")).to_be_visible()
    steps.expect_waiting(1)
    dialog.get_by_role("button", name="Stop").click()
    steps.let_one_through()
    expect(dialog.get_by_text("is not finished: 2 of 3 images")).to_be_visible()
    expect(rows(page).filter(has_text="merge of lol not finished")).to_have_count(1)
    steps.open()
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_text("Done: lol is an alias of laughing now.")).to_be_visible()
    expect(rows(page)).to_have_text(["laughing4 imagesEdit"])
    assert [image["tags"] for image in board.search()["items"]] == [["laughing"]] * 4


def test_a_merge_that_another_browser_began_is_continued(page_of_small_steps: Page, board: Board) -> None:
    for names in ("lol", "lol", "laughing"):
        board.added(tags=names)
    assert board.merged("lol", "laughing")["remaining"] == 1
    page = page_of_small_steps
    page.goto("/tags")
    expect(rows(page)).to_have_text(["laughing merge of lol not finished3 imagesEdit"])
    dialog = edit(page, "laughing")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_text("Done: lol is an alias of laughing now.")).to_be_visible()
    assert board.merged("lol", "laughing")["moved"] == 0


def test_a_merge_continues_after_the_board_could_not_be_reached(page_of_small_steps: Page, board: Board) -> None:
    for names in ("lol", "lol", "laughing"):
        board.added(tags=names)
    page = page_of_small_steps
    page.goto("/tags")
    dialog = edit(page, "lol")
    steps = Gate(page, MERGES)
    move(dialog, "laughing", "Merge")
    steps.expect_waiting(1)
    steps.let_one_through()
    steps.expect_waiting(1)
    steps.waiting.pop().abort()
    expect(dialog.get_by_text("The board cannot be reached.")).to_be_visible()
    steps.open()
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_text("Done: lol is an alias of laughing now.")).to_be_visible()


def test_aliases_are_changed_and_conflicts_are_explained(page: Page, board: Board) -> None:
    board.added(tags="cat,dog")
    page.goto("/tags")
    dialog = edit(page, "cat")
    dialog.get_by_role("combobox", name="Aliases").fill("kitten")
    dialog.get_by_role("button", name="Save aliases").click()
    expect(dialog.get_by_text("Saved.")).to_be_visible()
    assert board.tag("cat")["aliases"] == ["kitten"]
    dialog.get_by_role("combobox", name="Aliases").fill("dog")
    dialog.get_by_role("button", name="Save aliases").click()
    expect(dialog.locator("#editor-message")).to_contain_text("merge")
    assert board.tag("cat")["aliases"] == ["kitten"]


def test_a_board_whose_lists_need_a_token_asks_for_it(
    another: Callable[..., Flask], open_page: OpenPage, board: Board
) -> None:
    board.added(tags="cat")
    with served(another(API_TOKENS=["right"], READING="links")) as url:
        page = open_page(base_url=url)
        page.goto("/tags")
        page.get_by_role("textbox", name="Token").fill("right")
        page.keyboard.press("Enter")
        expect(rows(page)).to_have_text(["cat1 imageEdit"])
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, {"width": 320, "height": 640}], ids=["desktop", "narrow"])
def test_the_page_is_accessible(open_page: OpenPage, board: Board, scheme: str, size: Any) -> None:
    board.added(tags=f"cat,{'long' * 16}")
    page = open_page(color_scheme=scheme, viewport=size)
    page.goto("/tags")
    expect(rows(page)).to_have_count(2)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    edit(page, "long" * 16)
    assert violations(page) == []
    assert page.evaluate("(dialog => dialog.scrollWidth - dialog.clientWidth)(document.querySelector('#editor'))") == 0
