"""How a file is put together: what can be counted without decoding anything, and bounds on it.

A few bytes of a file can cost seconds: an empty frame, an empty scan, a comment that inflates a thousand times. What is
counted in the modules of the formats is far beyond any honest picture.
"""

import contextlib
import mmap
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from reaction_board_decoder import gif, jpeg, png, webp
from reaction_board_decoder.errors import Unreadable


class Format(Protocol):
    """What the module of a format offers."""

    def matches(self, head: bytes, /) -> bool:
        """Return whether a file that begins like this has the format. The head is 12 bytes, or the whole file."""

    def check(self, data: mmap.mmap, /) -> int:
        """Return the number of frames, at least 1. Raises TooLarge if the structure is too complex."""

    def orientation(self, data: mmap.mmap, /) -> int:
        """Return how browsers turn the picture: an orientation as EXIF has it, 1 (not at all) to 8."""


FORMATS: tuple[Format, ...] = (png, gif, webp, jpeg)


@contextlib.contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[Format, mmap.mmap]]:
    """Give the format and the bytes of a picture. Raises Unreadable if it begins like none of the formats."""
    file.seek(0)
    head = file.read(12)
    kind = next((each for each in FORMATS if each.matches(head)), None)
    if kind is None:
        raise Unreadable
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield kind, data
