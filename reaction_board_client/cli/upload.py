"""`reaction-board upload`."""

from functools import partial
from pathlib import Path

import click

from reaction_board_client import files, transfers
from reaction_board_client.cli.options import board_options, jobs_option
from reaction_board_client.cli.progress import transfer
from reaction_board_client.cli.session import open_board


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, readable=False, path_type=Path))
@click.option("--tags", default="", help="Tags for the images that are new, for example cat,funny.")
@jobs_option
@board_options
def upload(paths: tuple[Path, ...], tags: str, jobs: int, url: str, as_json: bool) -> None:
    """Upload files, and all images in folders and below them.

    Images that the board already has are neither sent nor tagged. In folders, hidden files, links to folders, and files
    that are not JPEG, PNG, GIF or WebP are skipped. If the upload is interrupted, run the same command again to
    continue.
    """
    with open_board(url, jobs) as api:
        if tags:
            api.check_tags(tags)
        selection = files.select(paths)
        _report_skipped(selection)
        transfer(
            selection.files,
            lambda progress: partial(transfers.upload, api, tags=tags, progress=progress),
            jobs,
            {"new": "new", "duplicate": "already there", "refused": "refused"},
            as_json,
        )


def _report_skipped(selection: files.Selection) -> None:
    if selection.other_files:
        click.echo(f"Skipped in folders, not JPEG, PNG, GIF or WebP: {selection.other_files}", err=True)
    if selection.linked_folders:
        count = selection.linked_folders
        click.echo(f"Skipped links to folders: {count}. To upload what is in them, name them.", err=True)
