"""Files and folders of the user's disk, and what becomes of an upload when one of them, or the board, is gone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.board import Board
from tests.page import MARKS
from tests.page.actions import drop_from_disk, give
from tests.pictures import picture

pytestmark = [*MARKS, pytest.mark.usefixtures("app")]

UPLOADS = "**/api/v1/images"
HEALTH = "**/api/v1/health"


def names(board: Board) -> list[str]:
    return sorted(image["filename"] for image in board.search()["items"])


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture())


def test_dropped_folders_are_walked(page: Page, board: Board, tmp_path: Path) -> None:
    write(tmp_path, "faces/10.png", "faces/9.png", "faces/by/name/without-extension", "single.png")
    (tmp_path / "faces" / "notes.png").write_text("a name that lies")
    (tmp_path / "faces" / "empty").mkdir()
    page.goto("/")
    drop_from_disk(page, tmp_path / "faces", tmp_path / "single.png")
    expect(page.locator("#uploader-message")).to_have_text("3 pictures in the folder. Left out: 1 file of other types.")
    expect(page.locator("#uploads .name")).to_have_text(["single.png", "9.png", "10.png", "without-extension"])
    page.locator("#start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert names(board) == ["10.png", "9.png", "single.png", "without-extension"]


def test_large_and_empty_folders_are_walked_to_their_end(page: Page, tmp_path: Path) -> None:
    write(tmp_path, *(f"many/{number}.png" for number in range(103)))  # browsers give 100 entries at a time
    (tmp_path / "empty").mkdir()
    page.goto("/")
    drop_from_disk(page, tmp_path / "many")
    expect(page.locator("#uploads > li")).to_have_count(103)
    page.keyboard.press("Escape")
    drop_from_disk(page, tmp_path / "empty")
    expect(page.locator("#uploader-message")).to_have_text("No pictures in the folder.")
    expect(page.locator("#uploads > li")).to_have_count(0)
    expect(page.locator("#start")).to_be_disabled()


def change(path: Path) -> None:
    path.write_bytes(picture())
    os.utime(path, (0, 0))  # browsers compare times in whole seconds


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def test_a_drop_counts_although_what_is_under_the_pointer_has_just_changed(page: Page, tmp_path: Path) -> None:
    write(tmp_path, "a.png")
    page.goto("/")
    cover = """() => {
        const cover = document.createElement("p");
        cover.style.cssText = "position: fixed; inset: 0";
        document.body.append(cover);
    }"""
    drop_from_disk(page, tmp_path / "a.png", before_drop=lambda: page.evaluate(cover))
    expect(page.locator("#uploads > li")).to_have_count(1)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (Path.unlink, "This file was not found."),
        (change, "This file cannot be read."),
        (become_folder, "This file "),
    ],
    ids=["deleted", "changed", "a folder"],
)
def test_a_file_that_cannot_be_read_fails_alone(
    page: Page, board: Board, tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    files = [f"{number}.png" for number in range(6)]  # more than the page sends at the same time
    write(tmp_path, *files)
    page.goto("/")
    drop_from_disk(page, *(tmp_path / name for name in files))
    expect(page.locator("#uploads > li")).to_have_count(6)
    spoil(tmp_path / "1.png")
    page.locator("#start").click()
    expect(page.locator("#uploader-message")).to_have_text("5 uploaded, 1 failed")
    expect(page.locator("#uploads .failed")).to_contain_text(["1.png"])
    expect(page.locator("#uploads .failed")).to_contain_text([reason])
    assert names(board) == [name for name in files if name != "1.png"]


def cut_off(route: Route) -> None:
    route.abort("connectionreset")


def bad_gateway(route: Route) -> None:
    route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")


@pytest.mark.parametrize(
    ("fail", "reason"),
    [(cut_off, "The connection broke off during the upload."), (bad_gateway, "The server answered with 502.")],
)
def test_an_upload_that_fails_on_its_way_fails_alone_while_the_board_answers(
    page: Page, board: Board, fail: Callable[[Route], None], reason: str
) -> None:
    page.route(UPLOADS, lambda r: fail(r) if b"unlucky.png" in (r.request.post_data_buffer or b"") else r.continue_())
    page.goto("/")
    give(page, "drop", ("unlucky.png", picture()), *((f"{number}.png", picture()) for number in range(4)))
    page.locator("#start").click()
    expect(page.locator("#uploader-message")).to_have_text("4 uploaded, 1 failed")
    expect(page.locator("#uploads .failed")).to_contain_text(reason)
    assert names(board) == ["0.png", "1.png", "2.png", "3.png"]


@pytest.mark.parametrize(
    ("fail", "reason"),
    [(cut_off, "The board cannot be reached."), (bad_gateway, "The server answered with 502.")],
)
def test_while_the_board_does_not_answer_files_wait_until_they_are_sent_again(
    page: Page, board: Board, fail: Callable[[Route], None], reason: str
) -> None:
    page.goto("/")
    for address in (UPLOADS, HEALTH):
        page.route(address, fail)
    give(page, "drop", *((f"{number}.png", picture()) for number in range(5)))
    page.get_by_role("combobox", name="Tags for all of them").fill("late")
    page.locator("#start").click()
    expect(page.locator("#uploader-message")).to_have_text("5 not sent")
    expect(page.locator("#uploads .stopped")).to_contain_text([reason] * 5)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Upload", exact=True).click()  # the page has not forgotten them
    page.get_by_role("button", name="Remove 4.png").click()
    page.unroute_all()
    page.locator("#start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert names(board) == ["0.png", "1.png", "2.png", "3.png"]
    assert board.tag_counts() == {"late": 4}
