"""JPEG (ITU T.81): bounds on its structure, and its orientation."""

import mmap
import re
import struct
from collections.abc import Iterator

from reaction_board_decoder import exif
from reaction_board_decoder.errors import TooLarge

MAX_SCANS = 60  # encoders make about 10, and jpegtran's scripts up to 30; each is a pass over the whole picture
MAX_SEGMENTS = 10_000  # before the first scan; 50 MB of full ones are 800
PORTION_BYTES = 1024 * 1024

START_OF_SCAN, END_OF_IMAGE, APP1 = 0xDA, 0xD9, 0xE1
# Not a stuffed byte, a restart, a fill byte, or a marker without a segment.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")


def matches(head: bytes) -> bool:
    """Return whether a file that begins like this is a JPEG."""
    return head.startswith(b"\xff\xd8\xff")


def check(data: mmap.mmap) -> int:
    """Return 1, the number of frames. Raises TooLarge if the structure is too complex."""
    directories = exif.Directories()
    for number, (kind, at, size) in enumerate(_segments_before_scans(data)):
        if number >= MAX_SEGMENTS:
            raise TooLarge("The picture is made of too many segments.")
        if kind == APP1:
            directories.add(_exif(data, at, size))
    # Quick, and never too few: it also counts the scans of previews in the metadata.
    portions = range(0, len(data), PORTION_BYTES)
    if sum(data[at : at + PORTION_BYTES + 1].count(b"\xff\xda") for at in portions) <= MAX_SCANS:
        return 1
    if sum(kind == START_OF_SCAN for kind, _, _ in _segments(data)) > MAX_SCANS:
        raise TooLarge(f"The picture has more than {MAX_SCANS} scans.")
    return 1


def orientation(data: mmap.mmap) -> int:
    """Return the orientation in the first segment of EXIF data, as Chromium does."""
    segments = (_exif(data, at, size) for kind, at, size in _segments_before_scans(data) if kind == APP1)
    return exif.orientation(next(filter(None, segments), b""))


def _exif(data: mmap.mmap, at: int, size: int) -> bytes:
    """Return the EXIF data in a segment; none if there is something else in it."""
    # The sixth byte should be a zero. Chromium does not look at it.
    return data[at + 8 : at + size] if data[at + 2 : at + 7] == b"Exif\0" else b""


def _segments_before_scans(data: mmap.mmap) -> Iterator[tuple[int, int, int]]:
    for segment in _segments(data):
        if segment[0] == START_OF_SCAN:
            return
        yield segment


def _segments(data: mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment, where its two bytes of size are, and that size."""
    at = 2
    while marker := _MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        # At the end of the picture a multi-picture file goes on, and nobody reads that.
        if kind == END_OF_IMAGE or at + 2 > len(data):
            return
        (size,) = struct.unpack_from(">H", data, at)
        yield kind, at, size
        at += size
