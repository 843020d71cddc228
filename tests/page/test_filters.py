"""Searches of every kind, by the box, the filter and the address. All tests share one board and change nothing."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import expect_texts, outcome, search_box, status, texts, tiles
from tests.pictures import MIME_TYPES, animation, picture

pytestmark = MARKS


@pytest.fixture(scope="module", autouse=True)
def images(shared_images: dict[str, dict[str, Any]], shared_board: Board) -> None:
    """Add to the five images one that moves, and a JPEG."""
    moving = animation("gif", width=300, height=200)
    shared_board.added(data=moving, declared=MIME_TYPES["gif"], filename="wave.gif", tags="wave,funny")
    shared_board.added(data=picture("jpg"), declared=MIME_TYPES["jpg"], filename="photo.jpg", tags="photo")


def expect_address(page: Page, query: str) -> None:
    expect(page).to_have_url(re.compile(rf"/{re.escape(query)}$"))


def filter_by(page: Page, choice: str) -> None:
    page.get_by_text("Filter", exact=True).click()
    page.locator(".panel").get_by_text(choice, exact=True).click()
    page.keyboard.press("Escape")


def test_a_minus_searches_for_images_without_a_tag(page: Page) -> None:
    page.goto("/?tags=funny")
    expect_texts(page, "funny, wave", "dog, funny", "cat, funny")
    search_box(page).press_sequentially("-do")
    expect_texts(page, "funny, wave", "cat, funny")
    page.keyboard.press("Enter")
    expect_address(page, "?tags=funny&none=dog")
    expect(page.locator(".chip.none")).to_contain_text("not dog")
    page.reload()
    expect_texts(page, "funny, wave", "cat, funny")
    page.get_by_role("button", name="Remove not dog").click()
    expect_address(page, "?tags=funny")


def test_any_of_several_tags_is_searched_for(page: Page) -> None:
    page.goto("/?tags=cat")
    filter_by(page, "Any of them")
    expect_address(page, "?any=cat")
    search_box(page).press_sequentially("pho")
    page.keyboard.press("Enter")
    expect_address(page, "?any=cat,photo")
    expect_texts(page, "photo", "cat", "cat, funny")
    filter_by(page, "All of them")
    expect_address(page, "?tags=cat,photo")
    expect_texts(page)


def test_images_are_filtered_by_motion_type_and_lack_of_tags(page: Page) -> None:
    page.goto("/?tags=funny")
    filter_by(page, "Animated")
    expect_texts(page, "funny, wave")
    expect_address(page, "?tags=funny&animated=true")
    filter_by(page, "Still")
    expect_texts(page, "dog, funny", "cat, funny")
    page.get_by_role("button", name="Remove still").click()
    page.goto("/?type=jpeg")
    expect_texts(page, "photo")
    page.get_by_role("button", name="Remove JPEG").click()
    expect(tiles(page)).to_have_count(7)
    filter_by(page, "Without tags")
    expect_texts(page, "five.png")
    expect_address(page, "?untagged")
    page.go_back()
    expect(tiles(page)).to_have_count(7)


def test_what_goes_together_with_a_search_refines_it(page: Page) -> None:
    page.goto("/?tags=funny")
    expect(page.get_by_role("option")).to_have_text(["cat1", "dog1", "wave1"])
    page.get_by_role("option", name="dog").click()
    expect_texts(page, "dog, funny")
    expect(page.get_by_role("option")).to_have_count(0)


def test_no_suggestion_leads_to_nothing_under_a_filter_either(page: Page) -> None:
    page.goto("/?tags=funny&animated=true")
    expect(page.get_by_role("option")).to_have_text(["wave1"])
    page.goto("/?none=cat,dog")
    expect(page.get_by_role("option")).to_have_text(["photo1", "funny1", "wave1"])


def test_of_the_tags_like_a_text_those_that_go_together_come_first(page: Page) -> None:
    page.goto("/?tags=wave")
    expect_texts(page, "funny, wave")
    search_box(page).press_sequentially("f")
    expect(page.get_by_role("option")).to_have_text(["funny3"])
    search_box(page).fill("")
    search_box(page).press_sequentially("o")
    expect(page.get_by_role("option")).to_have_text(["dog2", "photo1"])


def test_a_search_that_finds_nothing_offers_to_take_each_condition_away(page: Page) -> None:
    page.goto("/?tags=cat,wave&type=png")
    expect(outcome(page)).to_contain_text("No image matches cat, wave, PNG.")
    expect(status(page)).to_have_text("0 images")
    expect(outcome(page).get_by_role("button")).to_have_text(["Without “cat”", "Without “wave”", "Without “PNG”"])
    outcome(page).get_by_role("button", name="Without “wave”").click()
    expect_address(page, "?tags=cat&type=png")
    expect_texts(page, "cat", "cat, funny")
    expect(outcome(page)).to_be_empty()


def test_an_empty_search_for_any_tag_is_described_correctly(page: Page) -> None:
    page.goto("/?any=wave,nope&none=wave&type=gif")
    expect(outcome(page)).to_contain_text("No image matches wave or nope, not wave, GIF.")


def test_several_tags_are_pasted_at_once(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(7)
    page.evaluate("navigator.clipboard.writeText('cat, funny')")
    search_box(page).press("Control+V")
    expect_address(page, "?tags=cat,funny")
    expect_texts(page, "cat, funny")


def test_commas_end_tags_even_if_typed_fast(page: Page) -> None:
    page.goto("/")
    expect(tiles(page)).to_have_count(7)
    search_box(page).fill("ca,fun,")
    expect_address(page, "?tags=cat,funny")
    expect_texts(page, "cat, funny")
    expect(search_box(page)).to_have_value("")


def test_a_shuffled_search_is_a_state_of_its_own(page: Page) -> None:
    page.goto("/?any=cat,dog")
    expect(tiles(page)).to_have_count(4)
    page.get_by_role("button", name="Shuffle").click()
    expect(page).to_have_url(re.compile(r"/\?any=cat,dog&order=random&seed=\d+$"))
    order = texts(page)
    page.reload()
    expect_texts(page, *order)
