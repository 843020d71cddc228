"""Links and pictures that leave the page, and links that lead to it. All tests share one board and change nothing."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import violations
from tests.page import MARKS
from tests.page.actions import PHONE, expect_texts, open_image, search_box, tiles, wait_for
from tests.page.conftest import OpenPage

pytestmark = MARKS

NO_CLIPBOARD = """
navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
document.execCommand = () => false;
"""
NO_SHARING = """
navigator.share = (link) => {
    window.shared = link.url;
    return Promise.reject(new DOMException("no", "NotAllowedError"));
};
"""


@pytest.fixture
def images(shared_images: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return shared_images


@pytest.fixture
def insecure_page(open_page: OpenPage, origin: str) -> Page:
    """A page that the browser does not take for a secure context, as on plain http in a LAN."""
    page = open_page(base_url=origin.replace("127.0.0.1", "0.0.0.0"))
    page.goto("/")
    assert page.evaluate("isSecureContext") is False
    return page


def choose(page: Page, viewer: Locator, choice: str) -> None:
    """Copy in another form, which is also what is copied from then on."""
    viewer.get_by_role("button", name="What to copy").click()
    page.get_by_role("menuitemradio", name=choice).click()


def test_link_and_image_are_copied_and_downloaded(page: Page, images: dict[str, Any], origin: str) -> None:
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    link = f"{origin}/i/{images['one.png']['id']}"
    expect(viewer.get_by_role("button", name="Copy direct link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(viewer.get_by_text("Copied the direct link.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{link}.png"
    for choice, text in (
        ("Link to its page", link),
        ("Markdown", f"![cat, funny]({link}.png)"),
        ("HTML", f'<img src="{link}.png" alt="cat, funny" width="300" height="200">'),
    ):
        choose(page, viewer, choice)
        expect(page.get_by_role("alert")).to_contain_text(f"Copied the {choice.replace('Link', 'link')}.")
        assert page.evaluate("navigator.clipboard.readText()") == text
    choose(page, viewer, "Image")
    expect(viewer.get_by_text("Copied the image.")).to_be_visible()
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
    expect_texts(page, "dog, funny", "cat, funny")


def expect_clipboard(page: Page, text: str) -> None:
    """Paste the clipboard into the box for searching, as a user would."""
    search_box(page).fill("")
    search_box(page).press("Control+V")
    expect(search_box(page)).to_have_value(text)


def test_without_a_secure_context_links_are_copied_and_pictures_by_their_links(
    insecure_page: Page, images: dict[str, Any]
) -> None:
    page = insecure_page
    link = page.url + f"i/{images['one.png']['id']}.png"
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Copy direct link").click()
    expect(viewer.get_by_text("Copied the direct link.")).to_be_visible()
    expect(viewer.get_by_role("button", name="Copy direct link")).to_be_focused()
    page.keyboard.press("Escape")
    expect_clipboard(page, link)
    viewer = open_image(page, "cat")
    choose(page, viewer, "Image")
    expect(viewer.get_by_text("The image cannot be copied here. Copied its direct link instead.")).to_be_visible()
    page.keyboard.press("Escape")
    expect_clipboard(page, link.replace(images["one.png"]["id"], images["two.png"]["id"]))
    page.get_by_role("link", name="dog", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Copied its direct link instead.")
    expect_clipboard(page, link.replace(images["one.png"]["id"], images["four.png"]["id"]))


def test_without_a_secure_context_the_page_of_one_image_copies_its_link(
    insecure_page: Page, images: dict[str, Any]
) -> None:
    page = insecure_page
    page.goto(f"/i/{images['three.png']['id']}")
    link = page.url
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    page.get_by_role("link", name="Reactions").click()
    expect_clipboard(page, link)


def test_a_link_that_cannot_be_copied_is_shown_selected(page: Page, images: dict[str, Any]) -> None:
    page.add_init_script(NO_CLIPBOARD)
    page.goto("/")
    viewer = open_image(page, "cat, funny")
    viewer.get_by_role("button", name="Copy direct link").click()
    expect(viewer.get_by_text("This browser does not let the page copy. Copy this:")).to_be_visible()
    wait_for(page, f"getSelection().toString().endsWith('/i/{images['one.png']['id']}.png')")
    page.goto(f"/i/{images['two.png']['id']}")
    page.get_by_role("button", name="Share").click()
    wait_for(page, "getSelection().toString() === location.href")


def test_if_the_system_cannot_share_the_link_is_copied(open_page: OpenPage, images: dict[str, Any]) -> None:
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.add_init_script(NO_SHARING)
    page.goto(f"/i/{images['one.png']['id']}")
    page.get_by_role("button", name="Share").tap()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    assert page.evaluate("shared") == page.url


@pytest.mark.parametrize("path", ["/i/01890000-0000-7000-8000-000000000000", "/i/mistyped", "/nothing/here"])
def test_an_address_of_nothing_leads_to_the_board(page: Page, images: dict[str, Any], path: str) -> None:
    response = page.goto(path)
    assert response is not None
    assert response.status == 404
    assert violations(page) == []
    page.get_by_role("link", name="To the board").click()
    expect(tiles(page)).to_have_count(5)
