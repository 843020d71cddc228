"""EXIF data: limits on its directories, and the orientation that browsers read from it. Source: EXIF 2.32."""

import struct
from collections.abc import Iterator

from reaction_board_decoder.errors import TooLarge

MAX_DIRECTORIES = 50  # per file; cameras write five. A directory may point to others, and to itself
MAX_TAGS = 100_000  # per file; cameras write a hundred

ORIENTATION = 0x0112
EXIF_DIRECTORY = 0x8769
POINTERS = (EXIF_DIRECTORY, 0x8825, 0xA005)  # the tags that point to the directories of EXIF, GPS and interoperability
SHORT, LONG = 3, 4  # types of values
BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


class Directories:
    """Counts the directories in all EXIF data of a file. libexif follows their pointers, even in a cycle."""

    def __init__(self) -> None:
        self._directories = self._tags = 0

    def add(self, data: bytes) -> None:
        """Follow the directories of EXIF data, as libexif would. Raises TooLarge if the file has too many of them."""
        order = BYTE_ORDERS.get(data[:4])
        if order is None:
            return
        following = list(struct.unpack_from(order + "I", data.ljust(8, b"\0"), 4))
        while following:
            at = following.pop()
            if at + 2 > len(data):
                continue
            (count,) = struct.unpack_from(order + "H", data, at)
            entries = list(_entries(data, order, at))
            self._directories, self._tags = self._directories + 1, self._tags + len(entries)
            if self._directories > MAX_DIRECTORIES or self._tags > MAX_TAGS:
                raise TooLarge("The EXIF data of the picture is too complex. Save it again without metadata.")
            following += [value for tag, _, _, value in entries if tag in POINTERS]
            end = at + 2 + count * 12
            if end + 4 <= len(data):
                following += filter(None, struct.unpack_from(order + "I", data, end))


def orientation(data: bytes) -> int:
    """Return the orientation in EXIF data, from 1 (upright) to 8. It is 1 if there is none that Chromium honours.

    Chromium takes the first valid orientation of the first directory and the EXIF directory within it. It must be a
    single SHORT.
    """
    order = BYTE_ORDERS.get(data[:4])
    if order is None or len(data) < 8:
        return 1
    (first,) = struct.unpack_from(order + "I", data, 4)
    return next(_orientations(data, order, first, depth=0), 1)


def _orientations(data: bytes, order: str, at: int, depth: int) -> Iterator[int]:
    for tag, kind, count, value in _entries(data, order, at):
        if count != 1:
            continue
        if tag == ORIENTATION and kind == SHORT:
            short = value >> 16 if order == ">" else value & 0xFFFF
            if 1 <= short <= 8:
                yield short
        elif tag == EXIF_DIRECTORY and kind == LONG and depth == 0:
            yield from _orientations(data, order, value, depth=1)


def _entries(data: bytes, order: str, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the tag, type, count and value of each entry of a directory. Truncated data ends the entries."""
    if at + 2 > len(data):
        return
    (count,) = struct.unpack_from(order + "H", data, at)
    entry = struct.Struct(order + "HHII")
    whole = min(count, (len(data) - at - 2) // entry.size)
    yield from entry.iter_unpack(data[at + 2 : at + 2 + whole * entry.size])
