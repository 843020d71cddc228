"""Filenames: as the board stores them, and as clients save them."""

import re
import unicodedata
from pathlib import PurePosixPath

from reaction_board.media.formats import EXTENSIONS

MAX_FILENAME = 255  # characters
MAX_EXTENSION = 10  # characters; longer text after a dot is part of the name

# Arabic letter mark, the marks and embeddings of both directions, and the isolates (Unicode Standard Annex 9). Other
# format characters are not removed: emoji sequences, flags and Persian words need them.
DIRECTION_CHANGING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
INVISIBLE = ("Cf", "Zs")  # categories: format characters, spaces
CONTROL = ("Cc", "Cs", "Zl", "Zp")  # categories: control characters, lone surrogates, line and paragraph separators

ALIASES = {"image/jpeg": (".jpeg", ".jpe", ".jfif"), "image/png": (".apng",)}
# The extension of a picture, with the text that some programs append: `.jpg_large`, `.png?w=100`.
_PICTURE_EXTENSION = re.compile(
    r"\.(jpe?g|jpe|jfif|a?png|gif|webp|avif|heic|bmp|tiff?)([?#&].*|[^a-z0-9.][^.]*)?$", re.IGNORECASE
)


def clean_filename(filename: str, mime_type: str) -> str:
    """Return the base name of a client's filename, with 1 to 255 characters.

    Both `/` and the backslash of Windows separate directories. Control characters, and characters that change the
    direction of text, are removed.
    """
    name = "".join(
        character
        for character in re.split(r"[/\\]", filename)[-1]
        if character not in DIRECTION_CHANGING and unicodedata.category(character) not in CONTROL
    ).strip()
    if all(character == "." or unicodedata.category(character) in INVISIBLE for character in name):
        return f"image{EXTENSIONS[mime_type]}"
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= MAX_EXTENSION:
        return stem[: MAX_FILENAME - len(dot + extension)] + dot + extension
    return name[:MAX_FILENAME]


def download_name(filename: str, mime_type: str) -> str:
    """Return the name under which a client saves a file of this type: a stem, and a matching extension.

    The extension of another type of picture is replaced. Any other extension counts as part of the name.
    """
    stem, extension = filename, EXTENSIONS[mime_type]
    for name in (filename, _PICTURE_EXTENSION.sub("", filename)):
        path = PurePosixPath(name)
        if path.suffix.lower() in (EXTENSIONS[mime_type], *ALIASES.get(mime_type, ())):
            stem, extension = path.stem, path.suffix
            break
        stem = name
    return (stem[: MAX_FILENAME - len(extension)].strip(". ") or "image") + extension


def ascii_name(filename: str) -> str:
    """Return a download's name in ASCII, without accents, for clients that support no other names.

    `_` replaces characters with a meaning in paths or escapes. They may result from the decomposition: a full-width
    solidus, for example, becomes a slash.
    """
    decomposed = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    stem, dot, extension = re.sub(r'[/\\:*?"<>|%]', "_", decomposed).rpartition(".")
    return (stem.strip(". ") if re.search("[A-Za-z0-9]", stem) else "image") + dot + extension
