"""`reaction-board search`."""

from typing import Any

import click

from reaction_board_client.cli.options import TAGS, board_options, examples, search_options, search_parameters
from reaction_board_client.cli.session import open_board, print_image

DEFAULT_LIMIT = 20


@click.command(epilog=examples("search cat funny --type gif", "search --any cat,dog --none bird --random --limit 5"))
@click.argument("with_", metavar="[TAG]...", nargs=-1, type=TAGS)
@search_options
@click.option("--limit", type=click.IntRange(1), show_default=str(DEFAULT_LIMIT), help="Maximum number of images.")
@click.option("--all", "all_", is_flag=True, help="List every match.")
@board_options
def search(with_: tuple[str, ...], limit: int | None, all_: bool, url: str, as_json: bool, **conditions: Any) -> None:
    """List the images that have all of these tags, newest first.

    Each line has the id, type, size, tags, filename and address of an image. A TAG here is the same as in --tags.
    Without conditions, all images are listed.
    """
    if all_ and limit is not None:
        raise click.UsageError("--limit and --all exclude each other.")
    conditions["tags"] = ",".join([*with_, conditions["tags"]]).strip(",")
    conditions["tags"] = ",".join([*with_, conditions["tags"]]).strip(",")
    listed, matches = 0, 0
    with open_board(url) as api:
        for image, total in api.search(search_parameters(conditions), None if all_ else limit or DEFAULT_LIMIT):
            listed, matches = listed + 1, total
            print_image(api.address, image, as_json)
    if not as_json:
        click.echo(f"{listed} of {matches}", err=True)
