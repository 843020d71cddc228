"""The structure of a file: the parts that can be counted without decoding, and limits on their numbers.

A few bytes of a file can cost seconds: an empty frame, an empty scan, a comment that inflates a thousand times. The
limits in the modules of the formats are far above any honest picture.
"""

import contextlib
import mmap
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from reaction_board_decoder import gif, jpeg, png, webp
from reaction_board_decoder.errors import Unreadable


class Format(Protocol):
    """The functions in the module of a format."""

    def matches(self, head: bytes, /) -> bool:
        """Return whether a file that begins like this has the format. The head is 12 bytes, or the whole file."""

    def check(self, data: mmap.mmap, /) -> int:
        """Return the number of frames, at least 1. Raises TooLarge if the structure is too complex."""

    def orientation(self, data: mmap.mmap, /) -> int:
        """Return the orientation in which browsers show the picture, as in EXIF: 1 (upright) to 8."""


FORMATS: tuple[Format, ...] = (png, gif, webp, jpeg)


@contextlib.contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[Format, mmap.mmap]]:
    """Yield the format and the bytes of a picture. Raises Unreadable if it does not begin like one of the formats."""
    file.seek(0)
    head = file.read(12)
    kind = next((each for each in FORMATS if each.matches(head)), None)
    if kind is None:
        raise Unreadable
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield kind, data
