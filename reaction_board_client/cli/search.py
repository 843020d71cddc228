"""`reaction-board search`."""

from typing import Any

import click

from reaction_board_client.cli.options import board_options, search_options, search_parameters
from reaction_board_client.cli.session import open_board, print_image

DEFAULT_LIMIT = 20


@click.command()
@search_options
@click.option("--limit", type=click.IntRange(1), show_default=str(DEFAULT_LIMIT), help="Maximum number of images.")
@click.option("--all", "all_", is_flag=True, help="List every match.")
@board_options
def search(limit: int | None, all_: bool, url: str, as_json: bool, **conditions: Any) -> None:
    """List images, newest first: id, type, size, tags and filename."""
    if all_ and limit is not None:
        raise click.UsageError("--limit and --all exclude each other.")
    listed, matches = 0, 0
    with open_board(url) as api:
        for image, total in api.search(search_parameters(conditions), None if all_ else limit or DEFAULT_LIMIT):
            listed, matches = listed + 1, total
            print_image(image, as_json)
    if not as_json:
        click.echo(f"{listed} of {matches}", err=True)
