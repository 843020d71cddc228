"""The command line: a module per command, and what several of them share."""

import io
import sys
from typing import Any

import click

from reaction_board_client.cli.delete import delete
from reaction_board_client.cli.download import download
from reaction_board_client.cli.duplicates import duplicates
from reaction_board_client.cli.export import export
from reaction_board_client.cli.import_ import import_
from reaction_board_client.cli.link import link
from reaction_board_client.cli.merge import tag_merge, tag_rename
from reaction_board_client.cli.progress import INTERRUPTED
from reaction_board_client.cli.search import search
from reaction_board_client.cli.tag import tag
from reaction_board_client.cli.tags import tag_alias, tags
from reaction_board_client.cli.upload import upload


class _Commands(click.Group):
    """Commands that end with the shell's exit status for an interruption, wherever it happens."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reaction-board")
def main() -> None:
    """Upload, find, compare, download, tag, delete, export and import the images of a Reaction Image Board.

    If the board needs an access token, set REACTION_BOARD_TOKEN. It is sent with every request. Proxies are taken from
    http_proxy, https_proxy and no_proxy.

    The exit status is 0 on success, 1 if something was refused or failed, 2 for a wrong command line, and 130 after an
    interruption.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the terminal may be unable to encode a name
            stream.reconfigure(errors="backslashreplace")


for command in (
    *(upload, search, duplicates, link, download, delete, tag, tags, tag_alias, tag_merge, tag_rename, export, import_),
):
    main.add_command(command)
