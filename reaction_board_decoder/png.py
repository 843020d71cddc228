"""PNG (third edition): limits on its structure, and the differences between browsers and libvips."""

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from reaction_board_decoder import exif, icc
from reaction_board_decoder.errors import TooLarge

MAX_FRAMES = 10_000
MAX_CHUNKS = 100_000  # encoders write chunks of at least 8 KB, so 50 MB are 6,400
MAX_METADATA_BYTES = 16 * 1024 * 1024  # all compressed texts and profiles, inflated
PORTION_BYTES = 1024 * 1024

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks that define how browsers show the pixels, and the chunks that libvips needs to read them.
SHOWN_BY = (b"acTL", b"fcTL", b"eXIf", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
READ_BY = (b"PLTE", b"tRNS", b"iCCP")
GAMMA_TOLERANCE = 0.05  # libpng's threshold: a gamma this close to 1/2.2 counts as that of sRGB


def matches(head: bytes) -> bool:
    """Return whether a file that begins like this is a PNG."""
    return head.startswith(SIGNATURE)


def check(data: mmap.mmap) -> int:
    """Return the number of frames that an animated PNG declares, else 1. Raises TooLarge if it is too complex."""
    directories = exif.Directories()
    frames, inflated = 1, 0
    for number, (kind, at, size) in enumerate(_chunks(data)):
        if number >= MAX_CHUNKS:
            raise TooLarge("The PNG has too many chunks. Save it again with another program.")
        if kind == b"acTL" and at + 4 <= len(data):
            (frames,) = struct.unpack_from(">I", data, at)
        elif kind in (b"zTXt", b"iTXt", b"iCCP"):
            inflated += _inflated_size(kind, data[at : at + size], MAX_METADATA_BYTES - inflated)
            if inflated >= MAX_METADATA_BYTES:
                raise TooLarge("The PNG has too much text or colour profile data. Save it again without metadata.")
        elif kind == b"eXIf":
            directories.add(data[at : at + size])
    if frames > MAX_FRAMES:
        raise TooLarge(f"The animation has more than {MAX_FRAMES:,} frames.")
    return max(1, frames)


def orientation(data: mmap.mmap) -> int:
    """Return the orientation in the first chunk of EXIF data, if the chunk precedes the pixels."""
    return exif.orientation(_head(data).get(b"eXIf", b""))


def colour_profile(data: mmap.mmap) -> bytes | None:
    """Return an ICC profile for the colours that the chunks describe, or None if libvips needs none.

    libvips needs none for sRGB, and for iCCP, which is the only chunk that it honours. The first valid chunk of cICP,
    iCCP, sRGB and gAMA counts. cHRM counts only together with gAMA.
    """
    head = _head(data)
    if len(head.get(b"cICP", b"")) == 4:
        profile = icc.profile_of_code_points(*head[b"cICP"])
        if profile:
            return profile
    if _is_profile(head.get(b"iCCP", b"")) or head.get(b"sRGB") in (b"\0", b"\1", b"\2", b"\3"):
        return None
    gamma = int.from_bytes(head.get(b"gAMA", b"")) / 100_000
    if not gamma or len(head[b"gAMA"]) != 4:
        return None
    if len(head.get(b"cHRM", b"")) != 32:
        return icc.profile(icc.SRGB, icc.gamma(1 / gamma)) if abs(gamma * 2.2 - 1) >= GAMMA_TOLERANCE else None
    primaries = tuple(value / 100_000 for value in struct.unpack(">8I", head[b"cHRM"]))
    return icc.profile(primaries, icc.gamma(1 / gamma))


@dataclass(frozen=True)
class Frame:
    """The first frame of an animation: a PNG, and its position on the canvas, in pixels."""

    data: bytes
    left: int
    top: int
    canvas_width: int
    canvas_height: int


def first_frame(data: mmap.mmap) -> Frame | None:
    """Return the first frame of an animation without its default image, which browsers hide; None for any other PNG."""
    head = _head(data)
    if int.from_bytes(head.get(b"acTL", b"")[:4]) == 0 or b"fcTL" in head:
        return None
    chunks = _chunks(data)
    pixels_follow = takewhile(lambda chunk: chunk[0] != b"IDAT", chunks)
    before = [data[at - 8 : at + size + 4] for kind, at, size in pixels_follow if kind in READ_BY]
    control = next((data[at : at + size] for kind, at, size in chunks if kind == b"fcTL"), b"")
    frame_follows = takewhile(lambda chunk: chunk[0] != b"fcTL", chunks)
    pixels = [_chunk(b"IDAT", data[at + 4 : at + size]) for kind, at, size in frame_follows if kind == b"fdAT"]
    if len(control) != 26 or not pixels:
        return None
    width, height, left, top = struct.unpack_from(">4I", control, 4)
    canvas_width, canvas_height = struct.unpack_from(">2I", data, 16)
    if not width or not height or left + width > canvas_width or top + height > canvas_height:
        return None
    header = _chunk(b"IHDR", struct.pack(">2I", width, height) + data[24:29])
    whole = b"".join([SIGNATURE, header, *before, *pixels, _chunk(b"IEND", b"")])
    return Frame(whole, left, top, canvas_width, canvas_height)


def _head(data: mmap.mmap) -> dict[bytes, bytes]:
    """Return the contents of the first valid chunk of each kind in SHOWN_BY."""
    head: dict[bytes, bytes] = {}
    for kind, at, size in _chunks(data):
        if kind == b"IDAT":
            break
        if kind in SHOWN_BY and kind not in head:
            chunk = data[at : at + size]
            if _chunk(kind, chunk)[-4:] == data[at + size : at + size + 4]:
                head[kind] = chunk
    return head


def _chunks(data: mmap.mmap) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk before IEND, and the position and size of its contents. A chunk may be truncated."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, at + 8, size
        at += 12 + size


def _chunk(kind: bytes, contents: bytes) -> bytes:
    checksum = zlib.crc32(contents, zlib.crc32(kind))
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", checksum)


def _inflated_size(kind: bytes, chunk: bytes, most: int) -> int:
    """Return the inflated size of the compressed part of a chunk in bytes, limited to about `most`."""
    keyword, _, rest = chunk.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\1":  # not compressed
            return len(chunk)
        rest = b"\0" + rest[2:].split(b"\0", 2)[-1]
    inflate = zlib.decompressobj()
    compressed, inflated = rest[1:], 0
    try:
        while compressed and inflated < most:  # in portions, because data before an error were inflated, too
            inflated += len(inflate.decompress(compressed, min(PORTION_BYTES, most - inflated)))
            compressed = inflate.unconsumed_tail
    except zlib.error:
        inflated += PORTION_BYTES
    return len(keyword) + inflated


def _is_profile(chunk: bytes) -> bool:
    """Return whether the contents of an iCCP chunk look like an ICC profile."""
    compressed = chunk.partition(b"\0")[2][1:]
    try:
        return icc.is_profile(zlib.decompressobj().decompress(compressed, icc.HEADER_BYTES))
    except zlib.error:
        return False
