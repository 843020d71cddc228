"""Lists of files with their tags: lines of `path<TAB>tags`."""

from collections.abc import Iterable
from pathlib import Path

from reaction_board_client.path_tags import split
from reaction_board_client.tag_names import TAG


class WrongLines(Exception):
    """Some lines of a list are wrong. The message names each by its number."""


def read(lines: Iterable[str]) -> dict[Path, list[str]]:
    """Return the files of a list in its order, with their tags. Empty lines are skipped.

    Tags are separated by commas; without a tab, a file has none. If a file is in several lines, it gets the tags of
    all. Raises WrongLines.
    """
    files: dict[Path, list[str]] = {}
    wrong = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        path, _, tags = text.partition("\t")
        if fault := _fault(path, tags):
            wrong.append(f"line {number}: {fault}")
        files.setdefault(Path(path), []).extend(split(tags))
    if wrong:
        raise WrongLines("\n".join(wrong))
    return files


def _fault(path: str, tags: str) -> str:
    """Say what is wrong with a line, if anything is."""
    if "\t" in tags:
        return "More than one tab."
    for name in split(tags):
        if not TAG.fullmatch(name):
            return f"{name[:100]!r} is not a tag."
    try:
        if not path or Path(path).is_dir():
            return f"{path!r} is not a file."
        return "" if Path(path).exists() else f"{path!r} does not exist."
    except OSError as error:  # a name that is too long, for example
        return f"{path!r}: {error.strerror}."
