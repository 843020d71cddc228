"""`reaction-board delete`."""

import sys
from uuid import UUID

import click

from reaction_board_client.cli.options import board_options, examples
from reaction_board_client.cli.session import open_board
from reaction_board_client.terminal import json_line


@click.command(
    epilog=examples("delete ID ID", "search --all --json blurry | jq -r .id | xargs reaction-board delete --yes")
)
@click.argument("ids", nargs=-1, required=True, type=click.UUID)
@click.option("--yes", is_flag=True, help="Delete without asking.")
@board_options
def delete(ids: tuple[UUID, ...], yes: bool, url: str, as_json: bool) -> None:
    """Delete images from the board. This cannot be undone.

    Ids without an image are reported, and the exit status is 1.
    """
    distinct = list(dict.fromkeys(map(str, ids)))
    if not yes:
        _confirm(len(distinct))
    deleted: list[str] = []
    missing: list[str] = []
    try:
        with open_board(url) as api:
            for there, not_there in api.delete(distinct):
                deleted += there
                missing += not_there
    finally:
        _report(deleted, missing, as_json)
    if missing:
        sys.exit(1)


def _confirm(count: int) -> None:
    """Ask whether to delete, and end the command unless the answer is yes."""
    question = f"Delete {count} images?" if count > 1 else "Delete this image?"
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as error:
        if sys.stdin.isatty() or not isinstance(error.__context__, EOFError):
            raise
        click.echo(err=True)  # ends the line of the question
        raise click.ClickException(
            "Nothing was deleted, because there is no terminal to answer on. To delete without being asked, add --yes."
        ) from error


def _report(deleted: list[str], missing: list[str], as_json: bool) -> None:
    if as_json:
        for ids, status in (deleted, "deleted"), (missing, "missing"):
            for image_id in ids:
                click.echo(json_line({"id": image_id, "status": status}))
    else:
        for image_id in missing:
            click.echo(f"{image_id}: No image has this id.")
        click.echo(f"{len(deleted)} deleted, {len(missing)} missing")
