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

    The board gives each image a new id and a new time. The oldest are sent first, so that the order of the board stays;
    of those that are sent at the same time, any can come first. With --jobs 1, the order is exact.

    Images that the board already has keep their tags, unless --tag-duplicates is given. Aliases are added to those that
    a tag has. If the import is interrupted, run the same command again to continue.

    Without a list images.jsonl, FOLDER is one of another program. The tags of cat.jpg are those in cat.jpg.txt and
    cat.txt (separated by commas or in a line each), in cat.jpg.json and cat.json (gallery-dl), and in posts in
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
        (pictures.other_files, "files, not JPEG, PNG, GIF or WebP"),
        (links, "links, which may lead out of the folder"),
        (pictures.posts_without_picture, "posts, their pictures are not in the folder"),
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
            f"To be tags of this board, {counts['changed']} were changed and {counts['dropped']} left out."
            " --json says which.",
            err=True,
        )
    if counts["full"]:
        click.echo(
            f"Images with more tags than this board takes: {counts['full']}. {counts['excess']} tags were left out.",
            err=True,
        )


def _add_aliases(api: Api, folder: Path) -> bool:
    """Give the tags of an export their aliases; say whether the board has taken all."""
    refused = False
    for name, aliases in archive.aliases(folder):
        for error in add_aliases(api, name, aliases):
            refused = True
            click.echo(printable(error), err=True)
    return not refused
