"""`reaction-board export`."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from reaction_board_client.archive import Export
from reaction_board_client.cli.options import board_options, examples, jobs_option, search_options, search_parameters
from reaction_board_client.cli.progress import transfer
from reaction_board_client.cli.session import open_board


@click.command(epilog=examples("export backup/", "export cats/ --tags cat --type gif"))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@search_options
@jobs_option
@board_options
def export(folder: Path, jobs: int, url: str, as_json: bool, **conditions: Any) -> None:
    """Write all images, or those that a search finds, into FOLDER, with their records and tags.

    FOLDER gets the bytes of each image in files/, a line of JSON for each image in images.jsonl, and one for each of
    their tags, with its aliases, in tags.jsonl. `reaction-board import FOLDER` uploads them to another board.

    Run the same command again to continue after an interruption, or to bring the folder up to date: it compares all
    files with their hashes, and fetches only what is missing or damaged. At the end, it replaces the lists. Files of
    images that are no longer found stay in files/.
    """
    with open_board(url, jobs) as api:
        matches = api.search({**search_parameters(conditions), "include": "frames"}, limit=None)
        with Export(api, folder) as running:

            def finish() -> bool:
                running.write_lists(jobs)
                return True

            transfer(
                running.images(matches),
                lambda progress: partial(running.download, progress=progress),
                jobs,
                {"new": "new", "duplicate": "already here", "refused": "failed"},
                as_json,
                finish,
            )
