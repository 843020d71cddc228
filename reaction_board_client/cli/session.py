"""What commands share: opening the board, reporting errors, and printing images."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

from reaction_board_client import links
from reaction_board_client.api import Api
from reaction_board_client.connection import EXAMPLES
from reaction_board_client.contents import Fault
from reaction_board_client.errors import BoardError, NotABoard, WrongAddress
from reaction_board_client.records import Image
from reaction_board_client.terminal import json_line, printable


def access_token() -> str:
    """Return the access token from the environment, or an empty text. Raises ClickException if it is not valid."""
    token = os.environ.get("REACTION_BOARD_TOKEN", "").strip()
    if not re.fullmatch("[!-~]*", token):
        raise click.ClickException(
            "REACTION_BOARD_TOKEN is not a valid token: it contains spaces or characters that are not ASCII."
        )
    return token


@contextmanager
def open_board(url: str, connections: int = 1) -> Iterator[Api]:
    """Give the API of a board. Errors of the board or the disk end the command with a message of one line."""
    try:
        with Api(url, access_token(), connections) as api:
            yield api
    except WrongAddress as error:
        raise click.UsageError(printable(error)) from error
    except NotABoard as error:
        hint = f"--url must be the address of a board's page, {EXAMPLES}."
        raise click.ClickException(printable(f"{error} {hint}")) from error
    except BrokenPipeError:
        raise  # click ends the program quietly: `| head` has read enough
    except (BoardError, Fault, OSError) as error:
        raise click.ClickException(printable(error)) from error


def print_image(board: str, image: Image, as_json: bool, *more: object) -> None:
    """Print an image as a line: JSON, or columns between tabs.

    The columns are its id, type, size, tags and filename, then those in `more`, then its address.
    """
    link = links.page(board, image)
    if as_json:
        click.echo(json_line({**image, "link": link}))
    else:
        size = f"{image['width']}x{image['height']}"
        columns = [image["id"], image["mime_type"], size, ",".join(image["tags"]), image["filename"], *more, link]
        click.echo("\t".join(map(printable, columns)))
