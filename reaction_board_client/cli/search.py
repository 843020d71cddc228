"""`reaction-board search`."""

from pathlib import Path
from typing import Any

import click

from reaction_board_client.api import MAX_PAGE
from reaction_board_client.cli.options import (
    TAGS,
    board_options,
    distance_option,
    examples,
    search_options,
    search_parameters,
)
from reaction_board_client.cli.session import open_board, print_image

DEFAULT_LIMIT = 20


@click.command(epilog=examples("search cat funny --type gif", "search --like cat.gif --limit 5"))
@click.argument("with_", metavar="[TAG]...", nargs=-1, type=TAGS)
@search_options
@click.option("--limit", type=click.IntRange(1), show_default=str(DEFAULT_LIMIT), help="Maximum number of images.")
@click.option(
    "--like",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Images that look like this picture, the nearest first.",
)
@distance_option
@click.option("--all", "all_", is_flag=True, help="List every match.")
@board_options
def search(
    with_: tuple[str, ...],
    limit: int | None,
    like: Path | None,
    distance: int | None,
    all_: bool,
    url: str,
    as_json: bool,
    **conditions: Any,
) -> None:
    """List the images that have all of these tags, newest first.

    Each line has the id, type, size, tags, filename and address of an image. A TAG here is the same as in --tags.
    Without conditions, all images are listed.

    With --like, the images that look like a picture are listed: in another size, type or quality, cropped a little, or
    with a caption. Their distance (0 to 9) comes before the address. The board does not store the picture, and cannot
    combine this with tags or other conditions.
    """
    if all_ and limit is not None:
        raise click.UsageError("--limit and --all exclude each other.")
    conditions["tags"] = ",".join([*with_, conditions["tags"]]).strip(",")
    parameters = search_parameters(conditions)
    if like:
        if parameters or all_:
            raise click.UsageError("--like excludes tags, --all and all other conditions.")
        _search_like(like, distance, limit or DEFAULT_LIMIT, url, as_json)
        return
    if distance is not None:
        raise click.UsageError("--distance needs --like.")
    listed, matches = 0, 0
    with open_board(url) as api:
        for image, total in api.search(parameters, None if all_ else limit or DEFAULT_LIMIT):
            listed, matches = listed + 1, total
            print_image(api.address, image, as_json)
    if not as_json:
        click.echo(f"{listed} of {matches}", err=True)


def _search_like(path: Path, distance: int | None, limit: int, url: str, as_json: bool) -> None:
    if limit > MAX_PAGE:
        raise click.UsageError(f"With --like, --limit is at most {MAX_PAGE}.")
    if not path.is_file():  # reading a pipe could wait for ever
        raise click.BadParameter("It is not a file that can be read.", param_hint="--like")
    with open_board(url) as api, path.open("rb") as file:
        images = api.similar_to_file(file, distance, limit)
        for image in images:
            print_image(api.address, image, as_json, image["distance"])
    if not as_json:
        click.echo(f"{len(images)} found", err=True)
