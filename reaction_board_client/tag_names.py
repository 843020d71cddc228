"""Names of tags: what can be one, and those that the names of files and folders have in them."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_TAG = re.compile("[a-z0-9_-]{1,64}")  # as the API has it


def is_tag_name(text: str) -> bool:
    """Say whether a text can be the name of a tag as it is, in lower case."""
    return bool(_TAG.fullmatch(text))


def split(text: str) -> list[str]:
    """Return the tags of a text in which commas separate them, trimmed and in lower case, distinct, not checked."""
    names = (name.strip().lower() for name in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def words(text: str) -> tuple[list[str], list[str]]:
    """Return the words of a name, and what else in it may be a tag: `judging-you` as a whole, and numbers.

    Letters lose their accents. A word that has other characters than a tag is left out.
    """
    chunks = re.findall(r"[\w-]+", _folded(text))
    parts = [part for chunk in chunks for part in re.split("[_-]+", chunk)]
    named = [part for part in parts if is_tag_name(part) and not part.isdigit()]
    others = [name.strip("_-") for name in (*chunks, *parts)]
    return list(dict.fromkeys(named)), [name for name in dict.fromkeys(others) if is_tag_name(name)]


def of_folders(path: Path, given: Iterable[Path]) -> list[str]:
    """Return the names of the folders in which a file lies, from below the outermost of the `given` paths.

    What a tag cannot have becomes a hyphen: `Black Cats` is `black-cats`. What then is empty or too long is left out.
    """
    tops = [parent for parent in path.parents if parent in given]
    if not tops:
        return []
    names = (re.sub("[^a-z0-9_]+", "-", _folded(name)).strip("-") for name in path.parent.relative_to(tops[-1]).parts)
    return [name for name in dict.fromkeys(names) if is_tag_name(name)]


def _folded(text: str) -> str:
    """Return a text in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
