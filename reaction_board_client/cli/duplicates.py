"""`reaction-board duplicates`."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from rich.progress import Progress

from reaction_board_client import links
from reaction_board_client.api import MAX_PAGE
from reaction_board_client.cli.options import (
    board_options,
    condition_options,
    distance_option,
    examples,
    jobs_option,
    search_parameters,
)
from reaction_board_client.cli.progress import bars, end_interrupted, stoppable
from reaction_board_client.cli.session import open_board
from reaction_board_client.duplicates import Groups, current, neighbours
from reaction_board_client.records import Image
from reaction_board_client.terminal import json_line, printable
from reaction_board_client.transfers import several_at_once


@click.command(epilog=examples("duplicates --distance 4", "duplicates --tags cat --limit 500 --json"))
@condition_options
@distance_option
@click.option("--limit", type=click.IntRange(1), help="Maximum number of images to look at, the newest first.")
@jobs_option
@board_options
def duplicates(distance: int | None, limit: int | None, jobs: int, url: str, as_json: bool, **conditions: Any) -> None:
    """Find groups of images that look alike, the largest group first.

    Each line has the id, type, size, bytes, tags and address of an image, the largest picture of a group first. An
    empty line separates groups. With --json, each line is a group.

    Each image of a group looks like at least one other of it, but not always like all. A smaller --distance makes
    smaller groups. With conditions or --limit, the client looks only at the images that these find. Their groups
    include all images that look like them, whatever their tags.

    The client asks the board once for each image and prints nothing before the end. A million images can take hours.
    Nothing on the board is changed.
    """
    groups, looked_at, crowded = Groups(), 0, 0
    faults = []
    with open_board(url, jobs) as api:
        with stoppable() as stop, bars(hidden=False) as progress:
            images = _walk(api.search(search_parameters(conditions), limit), limit, progress)
            for found in several_at_once(lambda image: neighbours(api, image, distance), images, jobs, stop.is_set):
                looked_at += 1
                groups.join(found.image_id, found.ids)
                crowded += found.may_be_more
                if found.fault:
                    faults.append(f"{found.image_id}: {found.fault}")
        for fault in faults:
            click.echo(printable(fault), err=True)
        sizes = _print(api.address, current(api, groups.largest_first(), jobs), as_json)
    if crowded:
        click.echo(f"Images with {MAX_PAGE} similar ones or more: {crowded}. Their groups may be incomplete.", err=True)
    if not as_json:
        click.echo(f"{len(sizes)} groups with {sum(sizes)} images; looked at {looked_at}", err=True)
    if stop.is_set():
        end_interrupted("Groups may be incomplete.")
    if faults:
        sys.exit(1)


def _walk(matches: Iterable[tuple[Image, int]], limit: int | None, progress: Progress) -> Iterator[Image]:
    """Yield the images of a search, and show how many of them are yielded."""
    task = progress.add_task("", total=None)
    for number, (image, matching) in enumerate(matches, 1):
        total = min(limit or matching, matching)
        progress.update(task, total=total, completed=number, description=f"{number} of {total}")
        yield image


def _print(board: str, groups: Iterable[Sequence[Image]], as_json: bool) -> list[int]:
    """Print groups of images; return how many images each has."""
    sizes: list[int] = []
    for group in groups:
        linked = [{**image, "link": links.page(board, image)} for image in group]
        if as_json:
            click.echo(json_line({"images": linked}))
        else:
            click.echo(("\n" if sizes else "") + "\n".join(map(_line, linked)))
        sizes.append(len(group))
    return sizes


def _line(image: Image) -> str:
    size = f"{image['width']}x{image['height']}"
    columns = [image["id"], image["mime_type"], size, image["size_bytes"], ",".join(image["tags"]), image["link"]]
    return "\t".join(map(printable, columns))
