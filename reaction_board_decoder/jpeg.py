"""JPEG (ITU T.81): limits on its structure, and its orientation."""

import mmap
import re
import struct
from collections.abc import Iterator

from reaction_board_decoder import exif
from reaction_board_decoder.errors import TooLarge

MAX_SCANS = 60  # encoders write about 10, and jpegtran's scripts up to 30; each is a pass over the whole picture
MAX_SEGMENTS = 10_000  # before the first scan; 50 MB in full segments are 800
PORTION_BYTES = 1024 * 1024

START_OF_SCAN, END_OF_IMAGE, APP1 = 0xDA, 0xD9, 0xE1
# This excludes stuffed bytes, restarts, fill bytes and markers without a segment.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")


def matches(head: bytes) -> bool:
    """Return whether a file that begins like this is a JPEG."""
    return head.startswith(b"\xff\xd8\xff")


def check(data: mmap.mmap) -> int:
    """Return 1, the number of frames. Raises TooLarge if the structure is too complex."""
    directories = exif.Directories()
    for number, (kind, at, size) in enumerate(_segments_before_scans(data)):
        if number >= MAX_SEGMENTS:
            raise TooLarge("The JPEG has too many metadata segments. Save it again without metadata.")
        if kind == APP1:
            directories.add(_exif(data, at, size))
    # This count is quick and never too low. It also includes the scans of previews in the metadata.
    portions = range(0, len(data), PORTION_BYTES)
    if sum(data[at : at + PORTION_BYTES + 1].count(b"\xff\xda") for at in portions) <= MAX_SCANS:
        return 1
    if sum(kind == START_OF_SCAN for kind, _, _ in _segments(data)) > MAX_SCANS:
        raise TooLarge(f"The JPEG has more than {MAX_SCANS} scans. Save it again as a baseline JPEG.")
    return 1


def orientation(data: mmap.mmap) -> int:
    """Return the orientation in the first segment of EXIF data, as Chromium does."""
    segments = (_exif(data, at, size) for kind, at, size in _segments_before_scans(data) if kind == APP1)
    return exif.orientation(next(filter(None, segments), b""))


def _exif(data: mmap.mmap, at: int, size: int) -> bytes:
    """Return the EXIF data in a segment, or no bytes if the segment contains other data."""
    # The sixth byte should be zero, but Chromium ignores it.
    return data[at + 8 : at + size] if data[at + 2 : at + 7] == b"Exif\0" else b""


def _segments_before_scans(data: mmap.mmap) -> Iterator[tuple[int, int, int]]:
    for segment in _segments(data):
        if segment[0] == START_OF_SCAN:
            return
        yield segment


def _segments(data: mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment, the position of its two bytes of size, and the size."""
    at = 2
    while marker := _MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        # A multi-picture file continues after the end of the first picture, but decoders do not read the rest.
        if kind == END_OF_IMAGE or at + 2 > len(data):
            return
        (size,) = struct.unpack_from(">H", data, at)
        yield kind, at, size
        at += size
