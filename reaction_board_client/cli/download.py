"""`reaction-board download`."""

from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from reaction_board_client import transfers
from reaction_board_client.cli.options import board_options, examples, jobs_option, search_options, search_parameters
from reaction_board_client.cli.progress import transfer
from reaction_board_client.cli.session import open_board


@click.command(epilog=examples("download --tags cat,funny --to funny/", "download ID ID"))
@click.argument("ids", nargs=-1, type=click.UUID)
@search_options
@click.option("--limit", type=click.IntRange(1), help="Maximum number of images.")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="Folder to save them in.",
)
@jobs_option
@board_options
def download(
    ids: tuple[UUID, ...], limit: int | None, to: Path, jobs: int, url: str, as_json: bool, **conditions: Any
) -> None:
    """Download images by id, or those that a search finds.

    Images that are already in the folder are not downloaded again. If the download is interrupted, run the same command
    again to continue.
    """
    parameters = search_parameters(conditions)
    if bool(ids) == bool(parameters or limit):
        raise click.UsageError("Give either ids or a search. --limit alone finds the newest images.")
    with open_board(url, jobs) as api:
        to.mkdir(parents=True, exist_ok=True)
        matches = (image for image, _ in api.search(parameters, limit))
        transfer(
            list(dict.fromkeys(map(str, ids))) if ids else matches,
            lambda progress: partial(transfers.download, api, folder=to, progress=progress),
            jobs,
            {"new": "new", "duplicate": "already here", "refused": "failed"},
            as_json,
        )
