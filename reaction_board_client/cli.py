"""The command line: what it takes, what it prints, and its exit status."""

import dataclasses
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, TypeVar
from uuid import UUID

import click

try:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from reaction_board_client import transfers
    from reaction_board_client.api import Api, BoardError, Image
    from reaction_board_client.terminal import json_line, printable
    from reaction_board_client.transfers import Result
except ModuleNotFoundError as error:
    sys.exit(f"reaction-board: {error.name} is missing: pip install 'reaction-board[cli]'")

Command = TypeVar("Command", bound=Callable[..., Any])
Job = TypeVar("Job")

TYPES = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
INTERRUPTED = 130  # as shells have it


def _options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return the decorator that gives a command some options, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return decorate


of_all = _options(
    click.option(
        "--url",
        envvar="REACTION_BOARD_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        help="Where the board is.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each, for scripts."),
)
of_transfers = click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="So many at once.")
of_searches = _options(
    click.option("--tags", default="", help="Images that have all of these tags, as cat,funny."),
    click.option("--any", default="", help="Images that have at least one of these."),
    click.option("--none", default="", help="Images that have none of these."),
    click.option("--type", type=click.Choice(list(TYPES)), help="Images of this type."),
    click.option("--random", is_flag=True, help="In a random order, not the newest first."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reaction-board")
def main() -> None:
    """Upload, find, download and tag the images of a Reaction Image Board.

    A token, if the board wants one, is taken from the environment: REACTION_BOARD_TOKEN. The exit status is 0 if all
    was done, 1 if something was refused or failed, 2 for a wrong command line, 130 after an interruption.
    """


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--tags", default="", help="For the images that are new, as cat,funny.")
@of_transfers
@of_all
def upload(paths: tuple[Path, ...], tags: str, jobs: int, url: str, as_json: bool) -> None:
    """Upload files, and the images in folders and below them.

    The board is asked by hash first: what it has already is not sent, and keeps its tags. After an interruption, the
    same command goes on.
    """
    files, others = transfers.images_under(paths)
    if others and not as_json:
        click.echo(f"Passed over in folders, as not named like images: {others}")
    with _board(url, jobs) as api:
        _transfer(
            files,
            lambda progress: partial(transfers.upload, api, tags=tags, progress=progress),
            jobs,
            {"new": "new", "duplicate": "already there", "refused": "refused"},
            as_json,
        )


@main.command()
@of_searches
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="So many at most.")
@click.option("--all", "all_", is_flag=True, help="All there are, instead of so many.")
@of_all
def search(limit: int, all_: bool, url: str, as_json: bool, **conditions: Any) -> None:
    """List images: id, type, size and tags, the newest first."""
    shown, of = 0, 0
    with _board(url) as api:
        for image, total in api.search(_parameters(conditions), None if all_ else limit):
            shown, of = shown + 1, total
            _print_image(image, as_json)
    if not as_json:
        click.echo(f"{shown} of {of}", err=True)


@main.command()
@click.argument("ids", nargs=-1, type=click.UUID)
@of_searches
@click.option("--limit", type=click.IntRange(1), help="So many at most.")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), default=".", help="Into this folder.")
@of_transfers
@of_all
def download(
    ids: tuple[UUID, ...], limit: int | None, to: Path, jobs: int, url: str, as_json: bool, **conditions: Any
) -> None:
    """Download images by their ids, or those that a search finds.

    What is there already is not fetched again. After an interruption, the same command goes on.
    """
    parameters = _parameters(conditions)
    if bool(ids) == bool(parameters or limit):
        raise click.UsageError("Give either ids or what to search for; --limit alone takes the newest.")
    with _board(url, jobs) as api:
        to.mkdir(parents=True, exist_ok=True)
        found = (image for image, _ in api.search(parameters, limit))
        _transfer(
            list(dict.fromkeys(map(str, ids))) if ids else found,
            lambda progress: partial(transfers.download, api, folder=to, progress=progress),
            jobs,
            {"new": "new", "duplicate": "already here", "refused": "failed"},
            as_json,
        )


@main.command()
@click.argument("ids", nargs=-1, required=True, type=click.UUID)
@click.option("--add", default="", help="Tags to give to each, as cat,funny.")
@click.option("--remove", default="", help="Tags to take from each.")
@of_all
def tag(ids: tuple[UUID, ...], add: str, remove: str, url: str, as_json: bool) -> None:
    """Give tags to images, and take others from them: of every hundred, all or none."""
    with _board(url) as api:
        for image in api.change_tags([str(image_id) for image_id in ids], _names(add), _names(remove)):
            _print_image(image, as_json)


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Let the first interruption set an event, and the second one end the process as always."""
    stop = Event()

    def note(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)
        click.echo("Finishing what has begun; interrupt again to leave at once.", err=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _board(url: str, connections: int = 1) -> Iterator[Api]:
    """Give the API of a board; what the board does not do ends the command."""
    token = os.environ.get("REACTION_BOARD_TOKEN", "").strip()
    if not re.fullmatch("[!-~]*", token):
        raise click.ClickException("REACTION_BOARD_TOKEN is no token: it has other characters than those of ASCII.")
    if not re.match("https?://[^/]", url):
        raise click.UsageError(f"{url!r} is no URL of a board: it begins with http:// or https://.")
    try:
        with Api(url, token, connections) as api:
            yield api
    except (BoardError, OSError) as error:
        raise click.ClickException(printable(error)) from error


def _transfer(
    jobs: Iterable[Job],
    runner: Callable[[Progress], Callable[[Job], Result]],
    threads: int,
    words: Mapping[str, str],
    as_json: bool,
) -> None:
    """Run a job for each file, show how far they are, and print what became of them; exit if not all is well."""
    counts: Counter[str] = Counter()
    refused = []
    console = Console(stderr=True)
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn()
    hidden = as_json or not console.is_terminal
    try:
        with _stoppable() as stop, Progress(*columns, console=console, transient=True, disable=hidden) as progress:
            total = len(jobs) if isinstance(jobs, Sized) else None  # what a search finds is not known before
            task = progress.add_task("", total=total)
            for result in transfers.several_at_once(runner(progress), jobs, threads, stop.is_set):
                counts[result.status] += 1
                progress.update(task, advance=1, description=f"{counts.total()} of {total or '…'}")
                if result.status == "refused":
                    refused.append(result)
                if as_json:
                    click.echo(json_line({**dataclasses.asdict(result), "path": str(result.path)}))
    finally:
        if not as_json:
            for result in refused:
                click.echo(printable(f"{result.path}: {result.detail} ({result.code})"))
            click.echo(", ".join(f"{counts[status]} {word}" for status, word in words.items()))
    if stop.is_set():
        click.echo("Interrupted: the same command goes on.", err=True)
        sys.exit(INTERRUPTED)
    if refused:
        sys.exit(1)


def _parameters(conditions: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a search by its options."""
    asked = {name: conditions[name] for name in ("tags", "any", "none") if conditions[name]}
    if conditions["type"]:
        asked["mime_type"] = TYPES[conditions["type"]]
    if conditions["random"]:
        asked["order"] = "random"
    return asked


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name.strip()]


def _print_image(image: Image, as_json: bool) -> None:
    if as_json:
        click.echo(json_line(image))
    else:
        size = f"{image['width']}x{image['height']}"
        columns = [image["id"], image["mime_type"], size, ",".join(image["tags"]), image["filename"]]
        click.echo("\t".join(map(printable, columns)))
