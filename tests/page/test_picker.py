"""The picker, in pages of an origin that may show it and of others: localhost may, and 127.0.0.1 may not."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from reaction_board import create_app
from tests.board import Board
from tests.browser import violations
from tests.command_line import served
from tests.page import MARKS
from tests.page.actions import TIMEOUT, wait_for
from tests.pictures import picture
from tests.servers import ROOT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = MARKS

EXAMPLE = (ROOT / "docs/picker.html").read_text()
BOARD = "http://127.0.0.1:8000"  # its address in the example
SMALL = {"width": 320, "height": 400}
LISTEN = "window.messages = []; addEventListener('message', ({ data }) => messages.push(data));"


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, str]]:
    """A server of other pages, by the URLs of its origins; the board's address in the example is set by tests."""
    addresses = {"board": ""}

    def show(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        page = EXAMPLE if environ["PATH_INFO"] == "/example" else "<title>Empty</title>"
        return [page.replace(BOARD, addresses["board"]).encode()]

    with served(show) as url:
        addresses |= {"named": url.replace("127.0.0.1", "localhost"), "other": url}
        yield addresses


@pytest.fixture(scope="module")
def shared_picker(shared_board: Board, pages: dict[str, str]) -> Iterator[str]:
    """The address of the picker of a board with two pictures."""
    for filename, tags in (("sigh.png", "facepalm,sigh"), ("cat.png", "cat")):
        shared_board.added(data=picture("png", 300, 200), filename=filename, tags=tags)
    origins = ["https://chat.example", pages["named"]]
    app = create_app({**shared_board.client.application.config, "PICKER_ORIGINS": origins, "DATABASE_POOL_SIZE": 2})
    with served(app) as url:
        pages["board"] = url
        yield f"{url}/pick"
    app.extensions["engine"].dispose()


@pytest.fixture
def open_plain(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open tabs whose consoles may have errors: the browser reports each message that it does not deliver."""
    contexts = []

    def open_plain(**options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(TIMEOUT)
        page = contexts[-1].new_page()
        page.add_init_script(LISTEN)
        return page

    yield open_plain
    for context in contexts:
        context.close()


@pytest.fixture
def tab(open_plain: Callable[..., Page], shared_picker: str) -> Page:
    return open_plain()


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def type_into(picker: FrameLocator | Page, text: str) -> None:
    picker.get_by_role("combobox", name="Search by tags").press_sequentially(text)


def expect_alternatives(picker: FrameLocator | Page, *expected: str) -> None:
    pictures = picker.locator("#grid .tile img")
    expect(pictures).to_have_count(len(expected))
    for position, text in enumerate(expected):
        expect(pictures.nth(position)).to_have_attribute("alt", text)


def messages(page: Page) -> list[dict[str, Any]]:
    received: list[dict[str, Any]] = page.evaluate("window.messages")
    return received


def test_the_example_shows_what_is_chosen_by_the_keys(tab: Page, pages: dict[str, str], shared_board: Board) -> None:
    tab.goto(f"{pages['named']}/example")
    type_into(frame(tab), "fac")
    expect_alternatives(frame(tab), "facepalm, sigh")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    shown = tab.locator("#chat img")
    expect(shown).to_have_attribute("alt", "facepalm, sigh")
    assert wait_for(tab, "document.querySelector('#chat img').naturalWidth") == 300
    [image] = shared_board.search(tags="sigh")["items"]
    page_address = f"{pages['board']}/i/{image['id']}"
    assert messages(tab) == [
        {
            "type": "reaction-board:picked",
            "page": page_address,
            "direct": f"{page_address}.png",
            "thumbnail": f"{pages['board']}/api/v1/images/{image['id']}/thumbnail",
            **{name: image[name] for name in ("filename", "mime_type", "width", "height", "tags")},
        }
    ]


def test_a_click_chooses_again_and_again_and_is_remembered(tab: Page, pages: dict[str, str]) -> None:
    tab.goto(f"{pages['named']}/example")
    expect_alternatives(frame(tab), "cat", "facepalm, sigh")
    frame(tab).get_by_role("link", name="cat").click()
    frame(tab).get_by_role("link", name="facepalm, sigh").click()
    expect(tab.locator("#chat img")).to_have_count(2)
    assert [message["filename"] for message in messages(tab)] == ["cat.png", "sigh.png"]
    tab.reload()
    expect(frame(tab).locator("#strip .tile img")).to_have_count(2)


def test_the_history_stays_that_of_the_other_page(tab: Page, pages: dict[str, str]) -> None:
    tab.goto(f"{pages['named']}/")
    tab.goto(f"{pages['named']}/example")
    type_into(frame(tab), "cat,")
    expect(frame(tab).get_by_role("button", name="Remove cat")).to_be_visible()
    expect_alternatives(frame(tab), "cat")
    tab.go_back()
    expect(tab).to_have_url(f"{pages['named']}/")


def test_a_page_of_another_origin_cannot_show_the_picker(tab: Page, pages: dict[str, str]) -> None:
    with tab.expect_console_message(lambda message: "frame-ancestors" in message.text):
        tab.goto(f"{pages['other']}/example")
    expect(frame(tab).locator("#search")).to_have_count(0)


@pytest.mark.parametrize(("origin", "received"), [("named", ["cat.png"]), ("other", [])])
def test_a_window_tells_its_opener_if_that_is_named(
    tab: Page, pages: dict[str, str], shared_picker: str, origin: str, received: list[str]
) -> None:
    tab.goto(pages[origin])
    with tab.expect_popup() as opened:
        tab.evaluate("address => { window.open(address, 'picker', 'popup,width=360,height=480') }", shared_picker)
    opened.value.get_by_role("link", name="cat").click()
    expect(opened.value.get_by_role("alert")).to_contain_text("Chosen: cat")
    opened.value.evaluate("address => opener.postMessage('last', '*')")
    wait_for(tab, "messages.includes('last')")
    assert [message["filename"] for message in messages(tab)[:-1]] == received


def test_a_picker_that_no_page_has_opened_says_so(tab: Page, shared_picker: str) -> None:
    tab.goto(shared_picker)
    tab.get_by_role("link", name="cat").click()
    expect(tab.get_by_role("alert")).to_contain_text("No page has opened this picker")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_picker_has_all_in_reach_and_nothing_else(
    open_plain: Callable[..., Page], shared_picker: str, scheme: str
) -> None:
    page = open_plain(viewport=SMALL, color_scheme=scheme)
    page.goto(shared_picker)
    expect_alternatives(page, "cat", "facepalm, sigh")
    expect(page.get_by_role("option")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
    for name in ("Upload", "Menu", "Open", "Copy"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.get_by_text("Filter").click()
    box = page.locator(".panel").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["y"] + box["height"] <= SMALL["height"]
    assert violations(page) == []
    page.get_by_label("Without tags").check()
    expect(page.get_by_text("No image matches untagged.")).to_be_visible()
    assert violations(page) == []


def test_the_example_is_short_and_the_one_in_the_guide() -> None:
    assert len(EXAMPLE.splitlines()) == 20
    assert f"```html\n{EXAMPLE}```" in (ROOT / "docs/page.md").read_text()
