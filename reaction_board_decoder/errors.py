"""Why a picture is refused."""

from typing import Any


class Refused(Exception):
    """The picture is not taken; the message is for a person, `facts` for the server."""

    def __init__(self, detail: str = "", **facts: Any) -> None:
        self.facts = facts
        super().__init__(detail)


class Unreadable(Refused):
    """The bytes are not a picture of an accepted format, or cannot be decoded."""


class TooLarge(Refused):
    """The picture has too many pixels, or too complex a structure."""


class Heavy(Refused):
    """The job would exceed its bounds; `memory_bytes` says how much memory it may need."""
