"""The installed page: its manifest, and pictures that other apps share with it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.board import Board
from tests.command_line import served
from tests.page import MARKS
from tests.page.actions import expect_texts, file_of, wait_for
from tests.page.conftest import OpenPage
from tests.pictures import picture
from tests.servers import Gunicorn, Nginx, needs_nginx

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]


@pytest.fixture(params=["root", pytest.param("path", marks=needs_nginx)])
def installed(
    request: pytest.FixtureRequest, open_page: OpenPage, session_gunicorn: Gunicorn
) -> Iterator[tuple[Page, str]]:
    """The page as it is when it is installed, at the root of a host and under a path; and its address."""
    url = session_gunicorn.url
    with Nginx.running(session_gunicorn.socket) as nginx:
        if request.param == "path":
            url = nginx.url_below
        address = url.removesuffix("api/v1")
        page = open_page(base_url=address)
        page.goto("./")
        page.evaluate("dispatchEvent(new Event('appinstalled'))")
        yield page, address
        page.context.close()


SHARE = """async fields => {
    const form = document.createElement("form");
    Object.assign(form, {method: "post", enctype: "multipart/form-data", action: "share"});
    for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement("input");
        Object.assign(input, {name, value});
        form.append(input);
    }
    const files = document.createElement("input");
    Object.assign(files, {type: "file", name: "files", multiple: true, id: "shared"});
    form.append(files);
    document.body.append(form);
}"""


def share(page: Page, *files: dict[str, Any], **fields: str) -> None:
    """Send what a phone sends when another app shares something with the page."""
    wait_for(
        page, "navigator.serviceWorker.getRegistration('share').then(worker => worker?.active?.state === 'activated')"
    )
    page.evaluate(SHARE, fields)
    page.locator("#shared").set_input_files(list(files))  # type: ignore[arg-type]
    with page.expect_navigation(url="**/"):
        page.evaluate("document.querySelector('form[action=share]').submit()")


def test_shared_pictures_open_the_uploader(installed: tuple[Page, str], board: Board) -> None:
    page, address = installed
    share(page, file_of("größe.png", picture()), file_of("b.png", picture()))
    expect(page.locator("#uploads .name")).to_have_text(["größe.png", "b.png"])
    expect(page).to_have_url(address)
    page.keyboard.type("phone")
    page.keyboard.press("Control+Enter")
    expect_texts(page, "phone", "phone")
    assert {image["filename"] for image in board.search(tags="phone")["items"]} == {"größe.png", "b.png"}
    page.reload()
    expect_texts(page, "phone", "phone")
    expect(page.locator("#uploader")).to_be_hidden()


def test_the_address_in_a_shared_text_is_fetched(
    installed: tuple[Page, str], another: Callable[..., Flask], board: Board
) -> None:
    page, _ = installed
    image = board.added()
    with served(another(CORS_ORIGINS=["*"])) as elsewhere:
        share(page, text=f"Look at this: {elsewhere}/i/{image['id']}.png")
        expect(page.locator("#uploads .name")).to_have_text(f"{image['id']}.png")
        page.locator("#start").click()
        expect(page.get_by_role("button", name="already here")).to_be_visible()


def test_a_page_that_is_not_installed_has_no_service_worker(page: Page, board: Board) -> None:
    board.added(tags="cat")
    page.goto("/")
    expect_texts(page, "cat")
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0


def test_the_manifest_is_one_that_the_browser_understands(installed: tuple[Page, str]) -> None:
    page, address = installed
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.getAppManifest")
    assert answer["errors"] == []
    manifest = answer["manifest"]
    assert (manifest["startUrl"], manifest["scope"]) == (address, address)
    assert manifest["shareTarget"]["action"] == f"{address}share"
    icons = [icon["url"] for icon in manifest["icons"]]
    assert [page.request.get(icon).headers["content-type"] for icon in icons] == ["image/svg+xml; charset=utf-8"] + [
        "image/png"
    ] * 3
