"""Tags from lists, and from the names of files and folders."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from reaction_board_client.tag_names import TAG, tag_of


def split(text: str) -> list[str]:
    """Return the tags of a text, which are separated by commas: trimmed, in lower case, distinct, not checked."""
    names = (name.strip().lower() for name in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def words(text: str) -> tuple[list[str], list[str]]:
    """Return the words of a name, and all parts of it that may be tags: words, numbers, and joined words.

    For `judging-you_01`, these are the whole name, `judging-you`, `01`, `judging` and `you`: `_` can separate tags that
    contain `-`, and the other way round.

    Letters lose their accents. Words with characters that tags cannot have are left out.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    chunks = re.findall(r"[\w-]+", letters)
    parts = [part for chunk in chunks for part in re.split("[_-]+", chunk)]
    named = [part for part in parts if TAG.fullmatch(part) and not part.isdigit()]
    joined = [part for separator in "_-" for chunk in chunks for part in chunk.split(separator)]
    others = [name.strip("_-") for name in (*chunks, *joined, *parts)]
    return list(dict.fromkeys(named)), [name for name in dict.fromkeys(others) if TAG.fullmatch(name)]


def folders(path: Path, given: Iterable[Path]) -> list[str]:
    """Return the tags for the folders that contain a file, below the outermost of the `given` paths.

    Names that cannot become tags are left out.
    """
    tops = [parent for parent in path.parents if parent in given]
    if not tops:
        return []
    names = map(tag_of, path.parent.relative_to(tops[-1]).parts)
    return [name for name in dict.fromkeys(names) if name]
