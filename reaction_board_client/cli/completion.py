"""Parameters that are tags. The shell completes them with the tags of the board."""

from threading import Thread
from typing import Any

import click
from click.shell_completion import CompletionItem, FishComplete, add_completion_class
from click.types import StringParamType

from reaction_board_client.api import Api
from reaction_board_client.cli.session import access_token
from reaction_board_client.errors import BoardError
from reaction_board_client.path_tags import split
from reaction_board_client.records import Tag
from reaction_board_client.tag_names import TAG

SECONDS = 1.0  # the shell waits for suggestions after a key press


class TagName(StringParamType):
    """One tag, in lower case. It may become a part of a path."""

    name = "tag"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the tag."""
        name = value.strip().lower()
        if not TAG.fullmatch(name):
            self.fail(f"{value!r} is not a tag, which is 1 to 64 letters (a-z), digits, - and _.", param, ctx)
        return name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the tags and aliases that begin with `incomplete`."""
        return _complete(ctx, incomplete)


class TagList(StringParamType):
    """Tags, separated by commas. The board checks them."""

    name = "tags"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return completions of the last tag, each after the tags before it."""
        before, comma, last = incomplete.rpartition(",")
        return [
            CompletionItem(f"{before}{comma}{item.value}", help=item.help)
            for item in _complete(ctx, last)
            if item.value not in split(before)
        ]


@add_completion_class
class Fish(FishComplete):
    """Completion for fish. click's own script cuts a value at its first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


def _complete(ctx: click.Context, beginning: str) -> list[CompletionItem]:
    found: list[Tag] = []
    # In a thread, because looking up a host name has no timeout.
    thread = Thread(target=_ask, args=(ctx.params.get("url"), beginning.lower(), found), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return [CompletionItem(tag.get("alias", tag["name"]), help=_help(tag)) for tag in found]


def _ask(url: Any, beginning: str, found: list[Tag]) -> None:
    try:
        with Api(url, access_token()) as api:
            found.extend(api.complete(beginning, SECONDS))
    except (BoardError, click.ClickException):
        pass  # a message would appear in the middle of the line being typed


def _help(tag: Tag) -> str:
    return f"→ {tag['name']}" if "alias" in tag else f"images: {tag['image_count']}"
