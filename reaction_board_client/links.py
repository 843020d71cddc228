"""Links to share: the address of an image's page, the address of its bytes, and markup that shows it."""

import html
import re

from reaction_board_client.files import bare_name, extension_of
from reaction_board_client.records import Image
from reaction_board_client.terminal import printable

# What Markdown could take for markup within a line. Other punctuation stays as it is, to keep the text readable.
_MARKUP = re.compile(r"([\\`*_\[\]<>&~$|])")


def page(board: str, image: Image) -> str:
    """Return the address of the page of an image. `board` is the address of the board, without a trailing slash."""
    return f"{board}/i/{image['id']}"


def direct(board: str, image: Image) -> str:
    """Return the address of the bytes of an image."""
    if extension := extension_of(image["mime_type"]):
        return f"{board}/i/{image['id']}{extension}"
    return f"{board}/api/v1/images/{image['id']}/file"


def markdown(board: str, image: Image) -> str:
    """Return Markdown that shows an image, with a description of it as alternative text."""
    text = _MARKUP.sub(r"\\\1", _description(image))
    return f"![{text}]({direct(board, image)})"


def markup(board: str, image: Image) -> str:
    """Return HTML that shows an image, with a description of it as alternative text."""
    source, text = html.escape(direct(board, image)), html.escape(_description(image))
    return f'<img src="{source}" width="{image["width"]}" height="{image["height"]}" alt="{text}">'


def _description(image: Image) -> str:
    """Return the tags of an image or, if it has none, its filename without the extension."""
    return printable(", ".join(image["tags"]) or bare_name(image["filename"]) or image["filename"])
