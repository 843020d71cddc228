"""Fitting the tags of other programs to the board's rules for tags."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

TAG = re.compile("[a-z0-9_-]{1,64}")
MAX_TAG = 64  # characters


@dataclass
class Fitted:
    """Valid tags, distinct and in the order of the names, and what was changed or dropped."""

    tags: list[str] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)  # the new tags, by their old names
    dropped: list[str] = field(default_factory=list)


def fit(names: Iterable[str]) -> Fitted:
    """Fit names to a board. Blank names are skipped."""
    fitted = Fitted()
    for name in dict.fromkeys(name.strip() for name in names):
        if not name:
            continue
        tag = tag_of(name)
        if not tag:
            fitted.dropped.append(name)
            continue
        if tag != name:
            fitted.changed[name] = tag
        fitted.tags.append(tag)
    fitted.tags = list(dict.fromkeys(fitted.tags))
    return fitted


def tag_of(name: str) -> str:
    """Return the tag for a name, or an empty text if there is none.

    Letters lose their accents and become lower case. Each run of spaces, punctuation and other characters, including
    the `-` and `_` in it, becomes one `-`, or nothing at the beginning and the end: `Artist_(Name)` becomes
    `artist-name`, and `blue_eyes` stays. A name that is then empty (`:)`, `猫`), or longer than 64 characters, has no
    tag.
    """
    # A character decomposes into at most 18 (U+FDFA).
    decomposed = unicodedata.normalize("NFKD", name[: MAX_TAG * 20]).casefold()
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    if not TAG.fullmatch(letters):
        letters = re.sub("[^a-z0-9]+", _separator, letters).strip("-")
    return letters if len(letters) <= MAX_TAG else ""


def _separator(run: re.Match[str]) -> str:
    return run[0] if set(run[0]) <= {"-", "_"} else "-"
