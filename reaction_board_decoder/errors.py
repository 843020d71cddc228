"""The reasons to refuse a picture."""

from typing import Any


class Refused(Exception):
    """The picture is refused. The message is for people, and `facts` are for the server."""

    def __init__(self, detail: str = "", **facts: Any) -> None:
        self.facts = facts
        super().__init__(detail)


class Unreadable(Refused):
    """The bytes are not a picture of an accepted format, or cannot be decoded."""


class TooLarge(Refused):
    """The picture has too many pixels, or too complex a structure."""


class Heavy(Refused):
    """The job would exceed its limits. It may need `memory_bytes`."""
