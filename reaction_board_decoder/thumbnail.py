"""Thumbnails: small WebP pictures, upright and in sRGB."""

from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder.errors import Heavy, Unreadable
from reaction_board_decoder.formats import MIME_TYPES, open_picture

# An animation that has more, or whose thumbnail has, is shown by its first frame.
MAX_FRAMES = 150
MAX_FRAMES_PIXELS = 30_000_000  # of all frames together, before
MAX_BYTES = 1024 * 1024  # after
EFFORT = 2  # of 6: takes a fifth less time than libvips' own 4, for files as small

# Rough CPU time on a core of 2020, in seconds, to tell jobs that take a moment from others.
SECONDS_PER_PIXEL = {"image/jpeg": 5e-9, "image/png": 25e-9, "image/gif": 25e-9, "image/webp": 25e-9}
SECONDS_PER_PROGRESSIVE_PIXEL = 40e-9
SECONDS_PER_FRAME = 0.02
SECONDS_WITH_STAGES = 1.0  # a colour profile may send each pixel through any number of stages
# Memory, measured as what the kernel counts in a new process.
FIXED_BYTES = 24_000_000  # threads, tables, the thumbnail
LINES_IN_MEMORY = 1_700  # that libvips keeps of a PNG, at most


def thumbnail(file: BinaryIO, side: int, max_bytes: int, max_seconds: float) -> tuple[dict[str, Any], bytes]:
    """Return the thumbnail of a picture, of at most `side` pixels on its longer side, never larger than the picture.

    Animation and transparency are kept. No more of the picture is decoded than the thumbnail needs, and what follows a
    damage is left out, as browsers do. Raises Unreadable, and Heavy if decoding may take more memory than `max_bytes`
    or more CPU time than `max_seconds`.
    """
    try:
        header = open_picture(file)
        mime_type = MIME_TYPES[header.get("vips-loader")]
        frames = _frames(header)
        memory_bytes, seconds = _memory(header, mime_type), _seconds(header, mime_type, frames)
        if memory_bytes > max_bytes or seconds > max_seconds:
            raise Heavy(memory_bytes=memory_bytes)
        del header  # and the frame that libvips keeps with it
        return {}, _thumbnail(file, side, frames)
    except (pyvips.Error, KeyError) as error:
        if "out of memory" in str(error):  # the bound is reached: that is no damage
            raise Heavy(memory_bytes=max_bytes + 1) from None
        raise Unreadable(ascii(str(error))[:200]) from None


def _frames(header: Any) -> int:
    """Return how many frames the thumbnail shows."""
    frames = header.get("n-pages") if header.get_typeof("n-pages") else 1
    shown = 1 < frames <= MAX_FRAMES and frames * header.width * header.height <= MAX_FRAMES_PIXELS
    return int(frames) if shown else 1


def _memory(header: Any, mime_type: str) -> int:
    """Return about how many bytes decoding takes, of a frame if there are many."""
    return FIXED_BYTES + _bytes_of_pixels(header, mime_type)


def _bytes_of_pixels(header: Any, mime_type: str) -> int:
    pixels: int = header.width * header.height
    if mime_type == "image/gif":
        return pixels * 8  # two frames
    if mime_type == "image/webp":
        return pixels * 4
    bytes_per_pixel: int = header.bands * (2 if header.format == "ushort" else 1)
    if mime_type == "image/png":
        interlaced = pixels * bytes_per_pixel if header.get_typeof("interlaced") else 0
        return interlaced + min(header.height, LINES_IN_MEMORY) * header.width * bytes_per_pixel
    if not header.get_typeof("interlaced"):
        return header.width * bytes_per_pixel * 64
    # A progressive JPEG: all coefficients, two bytes each; mostly the colours have a quarter of them.
    return pixels * (3 if header.get("jpeg-chroma-subsample") == "4:2:0" else 2 * header.bands)


def _seconds(header: Any, mime_type: str, frames: int) -> float:
    if header.get_typeof("icc-profile-data") and b"mpet" in header.get("icc-profile-data"):
        return SECONDS_WITH_STAGES
    rate = SECONDS_PER_PIXEL[mime_type]
    if mime_type == "image/jpeg" and header.get_typeof("interlaced"):
        rate = SECONDS_PER_PROGRESSIVE_PIXEL
    return float(header.width * header.height * frames * rate + (frames - 1) * SECONDS_PER_FRAME)


def _thumbnail(file: BinaryIO, side: int, frames: int) -> bytes:
    if frames > 1:
        animated = _render(file, side, "n=-1")
        if len(animated) <= MAX_BYTES:
            return animated
    return _render(file, side, "")


def _render(file: BinaryIO, side: int, load_options: str) -> bytes:
    image = open_picture(
        file,
        pyvips.Image.thumbnail_source,
        side,
        height=side,
        size="down",
        export_profile="srgb",
        option_string=load_options,
    )
    data: bytes = image.webpsave_buffer(Q=75, effort=EFFORT, keep="none")
    return data
