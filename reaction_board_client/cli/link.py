"""`reaction-board link`."""

import sys
from uuid import UUID

import click

from reaction_board_client import links
from reaction_board_client.cli.options import board_options, examples
from reaction_board_client.cli.session import open_board
from reaction_board_client.errors import Refused
from reaction_board_client.terminal import json_line, printable

FORMS = {"page": links.page, "direct": links.direct, "markdown": links.markdown, "html": links.markup}


@click.command(epilog=examples("link ID", "link --markdown ID ID"))
@click.argument("ids", nargs=-1, required=True, type=click.UUID)
@click.option("--direct", "form", flag_value="direct", help="Print the address of the picture itself.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown that shows the picture.")
@click.option("--html", "form", flag_value="html", help="Print HTML that shows the picture.")
@board_options
def link(ids: tuple[UUID, ...], form: str | None, url: str, as_json: bool) -> None:
    """Print the addresses of images.

    Without an option, these are the addresses of their pages, which unfold with the picture in chat programs. Addresses
    begin with that of the board in --url.

    Ids without an image are reported, and the exit status is 1.
    """
    is_missing = False
    with open_board(url) as api:
        for image_id in map(str, ids):
            try:
                text = FORMS[form or "page"](api.address, api.get(image_id))
            except Refused as error:
                is_missing = True
                click.echo(printable(f"{image_id}: {error}"), err=True)
            else:
                click.echo(json_line({"id": image_id, "link": text}) if as_json else text)
    if is_missing:
        sys.exit(1)
