"""Addresses of images, to give to others: of the page of one, of its bytes, and markup that shows it."""

import html
import re

from reaction_board_client.files import extension_of
from reaction_board_client.records import Image
from reaction_board_client.terminal import printable

# CommonMark takes a backslash before any ASCII punctuation.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def page(board: str, image: Image) -> str:
    """Return the address of the page of an image, on the board at an address without a slash at its end."""
    return f"{board}/i/{image['id']}"


def direct(board: str, image: Image) -> str:
    """Return the address of the bytes of an image."""
    if extension := extension_of(image["mime_type"]):
        return f"{board}/i/{image['id']}{extension}"
    return f"{board}/api/v1/images/{image['id']}/file"


def markdown(board: str, image: Image) -> str:
    """Return Markdown that shows an image, with its filename as text."""
    text = _PUNCTUATION.sub(r"\\\1", printable(image["filename"]))
    return f"![{text}]({direct(board, image)})"


def markup(board: str, image: Image) -> str:
    """Return HTML that shows an image, with its filename as text."""
    source, text = html.escape(direct(board, image)), html.escape(printable(image["filename"]))
    return f'<img src="{source}" width="{image["width"]}" height="{image["height"]}" alt="{text}">'
