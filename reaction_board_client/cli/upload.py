"""`reaction-board upload`."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from reaction_board_client import files, listing, path_tags, transfers
from reaction_board_client.api import Api
from reaction_board_client.cli.options import TAGS, board_options, distance_option, examples, jobs_option
from reaction_board_client.cli.progress import transfer
from reaction_board_client.cli.session import open_board
from reaction_board_client.errors import Refused
from reaction_board_client.terminal import printable
from reaction_board_client.transfers import Upload


@click.command(
    epilog=examples("upload pictures/ cat.gif --tags funny", "upload pictures/ --tags-from folder --skip-similar")
)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, readable=False, path_type=Path))
@click.option("--tags", type=TAGS, default="", help="Tags for new images, for example cat,funny.")
@click.option(
    "--tags-from",
    "sources",
    type=click.Choice(["name", "folder"]),
    multiple=True,
    help="Further tags: the words in the name of each file that are tags or aliases already, or the names of the"
    " folders below the given one. Give it twice for both.",
)
@click.option("--new-tags", is_flag=True, help="With --tags-from name: all words, new ones too, except numbers.")
@click.option("--tag-duplicates", is_flag=True, help="Add the tags to images that the board already has, too.")
@click.option("--skip-similar", is_flag=True, help="Do not send files that look like an image on the board.")
@distance_option
@click.option(
    "--from",
    "list_",
    type=click.File(encoding="utf-8-sig", errors="surrogateescape"),
    help="File (- for standard input) that lists what to upload: in each line a path, a tab, and tags.",
)
@jobs_option
@board_options
def upload(
    paths: tuple[Path, ...],
    tags: str,
    sources: tuple[str, ...],
    new_tags: bool,
    tag_duplicates: bool,
    skip_similar: bool,
    distance: int | None,
    list_: TextIO | None,
    jobs: int,
    url: str,
    as_json: bool,
) -> None:
    """Upload files, and all images in folders and below them.

    Images that the board already has are not sent, and keep their tags. In folders, hidden files, links to folders, and
    files that are not JPEG, PNG, GIF or WebP are skipped. If the upload is interrupted, run the same command again to
    continue.

    With --skip-similar, the board looks at each new file first. If it has a similar image, the file is not sent, and
    the address of that image is printed. The exit status stays 0. If similar files are sent at the same time, both can
    be stored; --jobs 1 sends one after the other.
    """
    if bool(paths) == bool(list_):
        raise click.UsageError("Give either files and folders, or --from.")
    if list_ and "folder" in sources:
        raise click.UsageError("--from names files, not folders, so --tags-from folder finds nothing.")
    if new_tags and "name" not in sources:
        raise click.UsageError("--new-tags needs --tags-from name.")
    if distance is not None and not skip_similar:
        raise click.UsageError("--distance needs --skip-similar.")
    listed = _read(list_) if list_ else {}
    given = path_tags.split(tags)
    with open_board(url, jobs) as api:
        if given:
            api.check_tags(tags)
        own_tags = listed or {path: [] for path in _select(paths)}
        uploads = [_upload(path, [*given, *own], paths, sources, new_tags) for path, own in own_tags.items()]
        _check_most_tags(api, uploads, len(given))
        tagged = {"tagged": "tagged"} if tag_duplicates else {}
        similar = {"similar": "similar"} if skip_similar else {}
        send = partial(
            transfers.upload, api, tag_duplicates=tag_duplicates, skip_similar=skip_similar, distance=distance
        )
        transfer(
            uploads,
            lambda progress: partial(send, progress=progress),
            jobs,
            {"new": "new", **tagged, "duplicate": "already there", **similar, "refused": "refused"},
            as_json,
            use_new=partial(transfers.prepare_thumbnails, api),
        )


def _read(list_: TextIO) -> dict[Path, list[str]]:
    try:
        return listing.read(list_)
    except listing.WrongLines as error:
        raise click.BadParameter(str(error), param_hint="--from") from error


def _select(paths: Iterable[Path]) -> list[Path]:
    """Return the files to upload, and report what is skipped."""
    selection = files.select(paths)
    if selection.other_files:
        click.echo(f"Skipped in folders, not JPEG, PNG, GIF or WebP: {selection.other_files}", err=True)
    if selection.linked_folders:
        count = selection.linked_folders
        click.echo(f"Skipped links to folders: {count}. To upload what is in them, name them.", err=True)
    return selection.files


def _upload(path: Path, tags: Sequence[str], given: Iterable[Path], sources: Sequence[str], new_tags: bool) -> Upload:
    """Return the upload of a file with these tags, and those that its path gives it."""
    folders = path_tags.folders(path, given) if "folder" in sources else []
    words, candidates = path_tags.words(files.bare_name(path.name)) if "name" in sources else ([], [])
    return Upload(path, tuple(dict.fromkeys([*tags, *folders, *(words if new_tags else [])])), tuple(candidates))


def _check_most_tags(api: Api, uploads: Sequence[Upload], checked: int) -> None:
    """End the command if the file with the most tags has more than the board allows.

    `checked` is the number of tags from the command line, which every file has. They have been checked already.
    """
    longest = max(uploads, key=lambda upload: len(upload.tags), default=None)
    if longest is None or len(longest.tags) == checked:
        return
    try:
        api.check_tags(",".join(longest.tags))
    except Refused as error:
        raise click.ClickException(printable(f"{longest.path}: {error}")) from error
