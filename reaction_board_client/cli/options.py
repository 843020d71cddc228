"""Options that several commands have."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from reaction_board_client.cli.completion import TagList, TagName

Command = TypeVar("Command", bound=Callable[..., Any])

TAG, TAGS = TagName(), TagList()
TYPES = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return the decorator that gives a command some options, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


board_options = _options(
    click.option(
        "--url",
        envvar="REACTION_BOARD_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        help="Address of the board, as in a browser.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print lines of JSON, one per result."),
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="Transfers to run in parallel."
)
condition_options = _options(
    click.option("--tags", type=TAGS, default="", help="Images with all of these tags, for example cat,funny."),
    click.option("--any", type=TAGS, default="", help="Images with at least one of these tags."),
    click.option("--none", type=TAGS, default="", help="Images with none of these tags."),
    click.option("--type", type=click.Choice(list(TYPES)), help="Images of this type."),
)
search_options = _options(
    condition_options, click.option("--random", is_flag=True, help="Shuffle, instead of newest first.")
)
distance_option = click.option(
    "--distance",
    type=click.IntRange(0, 9),
    show_default="9",
    help="How much similar pictures may differ, from 0 (hardly at all) to 9.",
)


def examples(*command_lines: str) -> str:
    """Return the examples for the end of a command's help."""
    return "\b\n" + "\n".join(["Examples:", *(f"  reaction-board {line}" for line in command_lines)])


def search_parameters(conditions: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a search from the values of `search_options`, or of `condition_options`."""
    parameters = {name: conditions[name] for name in ("tags", "any", "none") if conditions[name]}
    if conditions["type"]:
        parameters["mime_type"] = TYPES[conditions["type"]]
    if conditions.get("random"):
        parameters["order"] = "random"
    return parameters
