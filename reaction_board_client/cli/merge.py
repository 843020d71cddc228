"""`reaction-board tag-merge` and `reaction-board tag-rename`."""

from collections.abc import Sequence

import click

from reaction_board_client.api import Api
from reaction_board_client.cli.options import TAG, board_options, examples
from reaction_board_client.cli.progress import bars, end_interrupted, stoppable
from reaction_board_client.cli.session import open_board
from reaction_board_client.terminal import json_line


@click.command(epilog=examples("tag-merge lol laughing", "tag-merge kitten kitty cats cat --json"))
@click.argument("names", metavar="NAME...", nargs=-1, required=True, type=TAG)
@click.argument("into", type=TAG)
@board_options
def tag_merge(names: tuple[str, ...], into: str, url: str, as_json: bool) -> None:
    """Merge each tag NAME into the tag INTO.

    Every image with NAME gets INTO, and NAME becomes an alias of it. If INTO is new, the first NAME is renamed. If the
    merge is interrupted, run the same command again to finish it.
    """
    with open_board(url) as api:
        _merge(api, names, into, as_json)


@click.command(epilog=examples("tag-rename kitty cat", "tag-rename lol laughing --json"))
@click.argument("name", type=TAG)
@click.argument("new", type=TAG)
@board_options
def tag_rename(name: str, new: str, url: str, as_json: bool) -> None:
    """Rename the tag NAME. The old name stays as an alias of the new one.

    If there is a tag or an alias NEW already, nothing is changed: tag-merge merges two tags. If the renaming is
    interrupted, run the same command again to finish it.
    """
    with open_board(url) as api:
        there = api.find_tag(new)
        if there and name not in there["aliases"]:  # it is an alias of `new` once the renaming has begun
            raise click.ClickException(f"There is a tag or alias {new!r} already. To merge, use tag-merge.")
        _merge(api, [name], new, as_json)


def _merge(api: Api, names: Sequence[str], into: str, as_json: bool) -> None:
    with stoppable() as stop:
        for name in names:
            moved = 0
            with bars(hidden=as_json) as progress:
                task = progress.add_task(f"{name} → {into}", total=None)
                for step in api.merge(name, into):
                    moved += step.moved
                    progress.update(task, completed=moved, total=moved + step.remaining)
                    if stop.is_set():
                        break
            if step.remaining:
                end_interrupted()
            if as_json:
                click.echo(json_line({"moved": moved, "tag": step.tag}))
            else:
                click.echo(f"{moved} moved. {name} → {step.tag['name']}, now on {step.tag['image_count']} images.")
            if stop.is_set() and name != names[-1]:
                end_interrupted()
