"""`reaction-board link`: addresses of images, and markup that shows them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
import requests
from flask import Flask
from markdown_it import MarkdownIt

from tests.board import Board
from tests.command_line import CommandLine, served
from tests.pictures import MIME_TYPES, picture

UNKNOWN = "01890000-0000-7000-8000-000000000000"
NAMES = [
    "cat.png",
    "_a_ *b* [c](d) `e` \\f <g> & \"h\" 'i' !.png",
    "猫 ~~x~~ &amp; #1. $y$.png",
    "</alt><script>.png",
    "]](x",
]


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


@pytest.mark.parametrize("kind", MIME_TYPES)
def test_links_lead_to_the_page_and_to_the_bytes(
    cli: CommandLine, board: Board, http: requests.Session, kind: str
) -> None:
    data = picture(kind)
    image = board.added(data=data, declared=MIME_TYPES[kind])
    page, direct = cli.done("link", image["id"]).strip(), cli.done("link", image["id"], "--direct").strip()
    assert page == f"{cli.url}/i/{image['id']}"
    assert http.get(page).headers["Content-Type"].startswith("text/html")
    assert http.get(direct).content == data
    assert cli.lines("link", image["id"], "--direct") == [{"id": image["id"], "link": direct}]


@pytest.mark.parametrize(("filename", "tags"), [*((name, "") for name in NAMES), ("cat.png", "thumbs-up,_a_")])
def test_markdown_and_html_describe_the_image_by_its_tags_or_its_filename(
    cli: CommandLine, board: Board, filename: str, tags: str
) -> None:
    image = board.added(filename=filename, tags=tags)
    text = "_a_, thumbs-up" if tags else image["filename"].removesuffix(".png")
    direct = cli.done("link", image["id"], "--direct").strip()
    tokens = MarkdownIt().parse(cli.done("link", "--markdown", image["id"]))
    (shown,) = (child for token in tokens for child in token.children or ())
    assert (shown.type, shown.attrs["src"]) == ("image", direct)
    assert "".join(child.content for child in shown.children or ()) == text

    attributes: dict[str, str | None] = {}

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert (tag, attributes) == ("img", {})
            attributes.update(attrs)

    Parser().feed(cli.done("link", "--html", image["id"]))
    assert attributes == {"src": direct, "alt": text, "width": "40", "height": "30"}


def test_markdown_is_readable_as_it_is(cli: CommandLine, board: Board) -> None:
    image = board.added(filename="works-on-my-machine (2).jpg")
    assert cli.done("link", "--markdown", image["id"]).startswith("![works-on-my-machine (2)](")
    image = board.added(filename=".png")
    assert cli.done("link", "--markdown", image["id"]).startswith("![.png](")


def test_a_link_to_no_image_is_reported_and_the_others_go_on(cli: CommandLine, board: Board) -> None:
    image = board.added()
    result = cli.run("link", UNKNOWN, image["id"])
    assert (result.exit_code, result.stdout) == (1, f"{cli.url}/i/{image['id']}\n")
    assert result.stderr == f"{UNKNOWN}: Image not found. (image_not_found)\n"


def test_a_link_has_no_password_and_no_path_of_the_api(cli: CommandLine, board: Board) -> None:
    image = board.added()
    with_password = CommandLine(re.sub("^http://", "http://me:secret@", cli.url) + "/api/v1/")
    assert with_password.done("link", image["id"]) == f"{cli.url}/i/{image['id']}\n"
