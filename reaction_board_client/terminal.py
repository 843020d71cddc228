"""Printing what a board says. It is text from others, which must not control the terminal."""

import json
import re
from typing import Any

# Control characters (C0, DEL, C1), characters that change the direction of text, line separators, and surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    r"""Return a text in which each character that could control a terminal is written as `\x1b`."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), str(text))


def without_controls(text: str) -> str:
    """Return a text without the characters that could control a terminal, for the name of a file."""
    return _CONTROLS.sub("", text)


def json_line(value: Any) -> str:
    """Return a value as one line of JSON in ASCII, without control characters."""
    return json.dumps(value).replace("\x7f", "\\u007f")  # the only control character that json.dumps does not escape
