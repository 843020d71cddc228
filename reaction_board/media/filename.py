"""Filenames, as clients send them and as the board keeps them."""

import re
import unicodedata

from reaction_board.media.formats import EXTENSIONS

MAX_FILENAME = 255  # characters
MAX_EXTENSION = 10  # characters; a longer one is part of the name


def clean_filename(filename: str, mime_type: str) -> str:
    """Return the base name of a client's filename, without control characters, of 1 to 255 characters.

    The path may be of any system. Format characters, which can turn the direction of a line, count as control.
    """
    name = "".join(c for c in re.split(r"[/\\]", filename)[-1] if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    name = name.strip()
    if not name.strip("."):
        return f"image{EXTENSIONS[mime_type]}"
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= MAX_EXTENSION:
        return stem[: MAX_FILENAME - len(dot + extension)] + dot + extension
    return name[:MAX_FILENAME]
