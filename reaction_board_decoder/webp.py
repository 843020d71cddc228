"""WebP (RFC 9649): limits on its structure, and the memory that libvips reserves for it."""

import mmap
import struct
from typing import BinaryIO

from reaction_board_decoder import exif
from reaction_board_decoder.errors import TooLarge

MAX_FRAMES = 3_000  # libwebp's time grows quadratically: 10,000 frames take 0.3 s to identify
MAX_SIDE = 16_384  # pixels, the maximum of the format


def matches(head: bytes) -> bool:
    """Return whether a file that begins like this is a WebP."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def check(data: mmap.mmap) -> int:
    """Return the number of frames. Raises TooLarge if the structure is too complex."""
    directories = exif.Directories()
    frames, at = 0, 12
    while at + 8 <= len(data) and frames <= MAX_FRAMES:
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            directories.add(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        frames += kind == b"ANMF"
        # This enters a frame instead of skipping it: libwebp continues after the pixels, and ignores the frame's size.
        at += 24 if kind == b"ANMF" else 8 + size + size % 2
    if frames > MAX_FRAMES:
        raise TooLarge(f"The animation has more than {MAX_FRAMES:,} frames.")
    return max(1, frames)


def orientation(_: mmap.mmap) -> int:
    """Return 1, because browsers ignore the EXIF orientation of a WebP."""
    return 1


def reserved_bytes(file: BinaryIO) -> int:
    """Return the memory that libvips reserves when it reads a header, and uses only for decoding, in bytes.

    It reserves one frame of a WebP, and nothing for the other formats.
    """
    file.seek(0)
    head = file.read(30).ljust(30, b"\0")
    if not matches(head):
        return 0
    if head[12:16] == b"VP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return min(width, MAX_SIDE) * min(height, MAX_SIDE) * 4
