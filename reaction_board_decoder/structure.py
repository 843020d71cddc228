"""How a file is put together: what can be counted without decoding anything, and bounds on it.

A few bytes of a file can cost seconds: an empty frame, an empty scan, a comment that inflates a thousand times. What is
counted here is far beyond any honest picture. Formats: PNG (ISO/IEC 15948), GIF89a, WebP (RFC 9649), JPEG (ITU T.81).
"""

import mmap
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from reaction_board_decoder.errors import TooLarge

MAX_FRAMES = 10_000
MAX_WEBP_FRAMES = 3_000  # libwebp's time grows with the square: 10,000 frames take 0.3 s to identify
MAX_WEBP_SIDE = 16_384  # pixels; the format has no more
MAX_SCANS = 60  # encoders make about 10, and jpegtran's scripts up to 30; each is a pass over the whole picture
MAX_CHUNKS = 100_000  # of a PNG; encoders write chunks of 8 KB and more, which makes 6,400 of 50 MB
MAX_BLOCKS = 2_000_000  # of a GIF; full blocks of 255 bytes make 200,000 of 50 MB
MAX_SEGMENTS = 10_000  # of a JPEG before its first scan; 50 MB of full ones are 800
MAX_DIRECTORIES = 50  # of EXIF data; cameras write five. Each may lead to others, and back to itself
MAX_EXIF_TAGS = 100_000  # cameras write a hundred
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


def reserved_bytes(file: BinaryIO) -> int:
    """Return how much memory libvips reserves when it reads the header of a picture, and touches only to decode it.

    That is a frame of a WebP. Source: RFC 9649.
    """
    file.seek(0)
    head = file.read(30).ljust(30, b"\0")
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return 0
    if head[12:16] == b"VP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return min(width, MAX_WEBP_SIDE) * min(height, MAX_WEBP_SIDE) * 4


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
        elif kind == b"eXIf":
            _check_exif(data[at + 8 : at + 8 + size])
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
    inflate = zlib.decompressobj()
    compressed, inflated = rest[1:], 0
    try:
        while compressed and inflated < most:  # in portions: what comes before an error was inflated, too
            inflated += len(inflate.decompress(compressed, min(PORTION_BYTES, most - inflated)))
            compressed = inflate.unconsumed_tail
    except zlib.error:
        inflated += PORTION_BYTES
    return len(keyword) + inflated


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
        if kind == b"EXIF":
            _check_exif(data[at + 8 : at + 8 + size])
        frames += kind == b"ANMF"
        # Into a frame, not over it: libwebp goes on behind the pixels, whatever size the frame claims.
        at += 24 if kind == b"ANMF" else 8 + size + size % 2
    return frames


def _check_jpeg(data: mmap.mmap) -> None:
    for number, (kind, at, size) in enumerate(_jpeg_segments(data)):
        if kind == 0xDA:
            break
        if number >= MAX_SEGMENTS:
            raise TooLarge("The picture is made of too many segments.")
        if kind == 0xE1:
            _check_exif(data[at + 2 : at + size])
    # Quick, and never too few: it also counts the scans of previews in the metadata.
    portions = range(0, len(data), PORTION_BYTES)
    if sum(data[at : at + PORTION_BYTES + 1].count(b"\xff\xda") for at in portions) <= MAX_SCANS:
        return
    if sum(kind == 0xDA for kind, _, _ in _jpeg_segments(data)) > MAX_SCANS:
        raise TooLarge(f"The picture has more than {MAX_SCANS} scans.")


# Not a stuffed byte, a restart, a fill byte, or a marker without a segment.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")


def _jpeg_segments(data: mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment, where its two bytes of size are, and that size."""
    at = 2
    while marker := _MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        # At the end of the picture a multi-picture file goes on, and nobody reads that.
        if kind == 0xD9 or at + 2 > len(data):
            return
        (size,) = struct.unpack_from(">H", data, at)
        yield kind, at, size
        at += size


_POINTERS = (0x8769, 0x8825, 0xA005)  # the tags that lead to the directories of EXIF, GPS and interoperability


def _check_exif(data: bytes) -> None:
    """Walk along the directories of EXIF data as libexif does: again and again, if they lead back. Source: EXIF 2.32.

    Raises TooLarge if that takes long.
    """
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return
    entry = struct.Struct(order + "HHII")
    tags, directories = 0, 0
    following = list(struct.unpack_from(order + "I", data.ljust(8, b"\0"), 4))
    while following:
        at = following.pop()
        if at + 2 > len(data):
            continue
        (count,) = struct.unpack_from(order + "H", data, at)
        end = at + 2 + count * entry.size
        entries = data[at + 2 : end]
        found = list(entry.iter_unpack(entries[: len(entries) // entry.size * entry.size]))
        directories, tags = directories + 1, tags + len(found)
        if directories > MAX_DIRECTORIES or tags > MAX_EXIF_TAGS:
            raise TooLarge("The EXIF data of the picture is too complex.")
        following += [value for tag, _, _, value in found if tag in _POINTERS]
        if end + 4 <= len(data):
            following += filter(None, struct.unpack_from(order + "I", data, end))
