"""`reaction-board import`."""

from functools import partial
from pathlib import Path

import click

from reaction_board_client import archive, sidecars, transfers
from reaction_board_client.api import Api
from reaction_board_client.cli.options import board_options, examples, jobs_option
from reaction_board_client.cli.progress import transfer
from reaction_board_client.cli.session import open_board
from reaction_board_client.imports import Import, add_aliases
from reaction_board_client.terminal import printable


@click.command("import", epilog=examples("import backup/ --url https://example.org/board", "import danbooru/ --json"))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tag-duplicates", is_flag=True, help="Add the tags to images that the board already has, too.")
@jobs_option
@board_options
def import_(folder: Path, tag_duplicates: bool, jobs: int, url: str, as_json: bool) -> None:
    """Upload the pictures of FOLDER with their names and tags: an export of a board, or pictures of another program.

    The board gives each image a new id and a new time. The oldest images are sent first, so that their order
    stays. Images that are sent at the same time can change places. With --jobs 1, the order is exact.

    Images that the board already has keep their tags, unless --tag-duplicates is given. Aliases are added to those that
    a tag has. If the import is interrupted, run the same command again to continue.

    A FOLDER without images.jsonl comes from another program. The tags of cat.jpg are those in cat.jpg.txt and
    cat.txt (separated by commas or line ends), in cat.jpg.json and cat.json (gallery-dl), and in posts in
    FOLDER/*.json and FOLDER/*.jsonl (szurubooru, Danbooru) that have its checksum or its name. Tags become lower case
    without accents, with "-" for other characters: "Artist_(Name)" becomes artist-name. Links are not followed.
    """
    with open_board(url, jobs) as api:
        is_archive = archive.is_archive(folder)
        pictures = archive.Pictures(folder) if is_archive else _foreign(folder)
        running = Import(api, tag_duplicates)
        tagged = {"tagged": "tagged"} if tag_duplicates else {}
        try:
            transfer(
                pictures,
                lambda progress: partial(running.run, progress=progress),
                jobs,
                {"new": "new", **tagged, "duplicate": "already there", "refused": "refused"},
                as_json,
                lambda: not is_archive or _add_aliases(api, folder),
                partial(transfers.prepare_thumbnails, api),
            )
        finally:
            _report_tags(running)


def _foreign(folder: Path) -> sidecars.Pictures:
    pictures = sidecars.Pictures(folder)
    links = pictures.selection.linked_files + pictures.selection.linked_folders
    for count, what in (
        (pictures.other_files, "files that are not JPEG, PNG, GIF or WebP"),
        (links, "links, which may lead out of the folder"),
        (pictures.posts_without_picture, "posts whose pictures are not in the folder"),
    ):
        if count:
            click.echo(f"Skipped {what}: {count}", err=True)
    for path in pictures.other_lists:
        click.echo(printable(f"Skipped, not a list of posts: {path}"), err=True)
    return pictures


def _report_tags(running: Import) -> None:
    counts = running.counts
    if counts["changed"] or counts["dropped"]:
        click.echo(
            f"Tags changed to fit this board: {counts['changed']}. Left out: {counts['dropped']}. --json lists them.",
            err=True,
        )
    if counts["full"]:
        click.echo(
            f"Images with more tags than this board allows: {counts['full']}. {counts['excess']} tags were left out.",
            err=True,
        )


def _add_aliases(api: Api, folder: Path) -> bool:
    """Give the tags of an export their aliases. Return whether the board accepted all of them."""
    refused = False
    for name, aliases in archive.aliases(folder):
        for error in add_aliases(api, name, aliases):
            refused = True
            click.echo(printable(error), err=True)
    return not refused
