"""How a file is put together: what can be counted without decoding anything, and bounds on it.

A few bytes of a file can cost seconds: an empty frame, an empty scan, a comment that inflates a thousand times. What is
counted here is far beyond any honest picture. Formats: PNG (ISO/IEC 15948), GIF89a, WebP (RFC 9649), JPEG (ITU T.81).
"""

import mmap
import re
import struct
import zlib
from typing import BinaryIO

from reaction_board_decoder.errors import TooLarge

MAX_FRAMES = 10_000
MAX_WEBP_FRAMES = 3_000  # libwebp's time grows with the square: 10,000 frames take 0.3 s to identify
MAX_SCANS = 60  # encoders make about 10, and jpegtran's scripts up to 30; each is a pass over the whole picture
MAX_CHUNKS = 100_000  # of a PNG; encoders write chunks of 8 KB and more, which makes 6,400 of 50 MB
MAX_BLOCKS = 2_000_000  # of a GIF; full blocks of 255 bytes make 200,000 of 50 MB
MAX_METADATA_BYTES = 16 * 1024 * 1024  # of all compressed texts and profiles of a PNG, inflated
PORTION_BYTES = 1024 * 1024


def check(file: BinaryIO) -> int:
    """Return the number of frames of a picture; 1 if the file is none, which others find out.

    Raises TooLarge if the structure is too complex.
    """
    file.seek(0)
    magic = file.read(12)
    if not magic:
        return 1
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        most = MAX_FRAMES
        if magic.startswith(b"\x89PNG\r\n\x1a\n"):
            frames = _check_png(data)
        elif magic[:6] in (b"GIF87a", b"GIF89a"):
            frames = _count_gif_frames(data)
        elif magic[:4] == b"RIFF" and magic[8:12] == b"WEBP":
            frames, most = _count_webp_frames(data), MAX_WEBP_FRAMES
        else:
            frames = 1
            if magic.startswith(b"\xff\xd8"):
                _check_jpeg(data)
    if frames > most:
        raise TooLarge(f"The picture has more than {most} frames.")
    return max(1, frames)


def _check_png(data: mmap.mmap) -> int:
    """Walk along the chunks; return the number of frames that an animated PNG announces, else 1."""
    frames, inflated, at = 1, 0, 8
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return frames
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"acTL" and at + 12 <= len(data):
            (frames,) = struct.unpack_from(">I", data, at + 8)
        elif kind in (b"zTXt", b"iTXt", b"iCCP"):
            inflated += _inflated_size(kind, data[at + 8 : at + 8 + size], MAX_METADATA_BYTES - inflated)
            if inflated >= MAX_METADATA_BYTES:
                raise TooLarge("The picture has too many or too large texts and profiles.")
        elif kind == b"IEND":
            return frames
        at += 12 + size
    raise TooLarge("The picture is made of too many chunks.")


def _inflated_size(kind: bytes, chunk: bytes, most: int) -> int:
    """Return how many bytes the compressed part of a chunk has when it is inflated, `most` if it has more."""
    keyword, _, rest = chunk.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\1":  # not compressed
            return len(chunk)
        rest = b"\0" + rest[2:].split(b"\0", 2)[-1]
    try:
        return len(keyword) + len(zlib.decompressobj().decompress(rest[1:], most))
    except zlib.error:
        return len(chunk)


def _count_gif_frames(data: mmap.mmap) -> int:
    """Walk along the blocks and count the images. A file that ends early is counted as far as it goes."""
    frames, blocks = 0, 0
    try:
        at = 13 + _colour_table_size(data[10])
        while (introducer := data[at]) != 0x3B and frames <= MAX_FRAMES:
            if introducer == 0x2C:  # an image: its descriptor, its own colours, the size of its codes
                frames += 1
                at += 11 + _colour_table_size(data[at + 9])
            elif introducer == 0x21:  # an extension and its label
                at += 2
            else:
                return frames
            while size := data[at]:
                at += 1 + size
                blocks += 1
                if blocks > MAX_BLOCKS:
                    raise TooLarge("The picture is made of too many blocks.")
            at += 1
    except IndexError:
        pass
    return frames


def _colour_table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _count_webp_frames(data: mmap.mmap) -> int:
    frames, at = 0, 12
    while at + 8 <= len(data) and frames <= MAX_FRAMES:
        kind, size = struct.unpack_from("<4sI", data, at)
        frames += kind == b"ANMF"
        at += 8 + size + size % 2
    return frames


def _check_jpeg(data: mmap.mmap) -> None:
    # Quick, and never too few: it also counts the scans of previews in the metadata.
    portions = range(0, len(data), PORTION_BYTES)
    if sum(data[at : at + PORTION_BYTES + 1].count(b"\xff\xda") for at in portions) <= MAX_SCANS:
        return
    if _count_jpeg_scans(data) > MAX_SCANS:
        raise TooLarge(f"The picture has more than {MAX_SCANS} scans.")


_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed byte, a restart or a fill byte


def _count_jpeg_scans(data: mmap.mmap) -> int:
    scans, at = 0, 2
    while marker := _MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        if kind == 0xD9:  # the end of the picture; a multi-picture file goes on, and nobody reads that
            return scans
        scans += kind == 0xDA
        if at + 2 > len(data):
            return scans
        at += struct.unpack_from(">H", data, at)[0]
    return scans
