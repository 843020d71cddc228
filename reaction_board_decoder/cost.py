"""Estimates the cost of decoding a picture by its header, and refuses pictures that would cost too much."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pyvips

from reaction_board_decoder.errors import Heavy, Unreadable
from reaction_board_decoder.formats import MIME_TYPES
from reaction_board_decoder.picture import Picture

# Approximate CPU seconds on a core of 2020, to distinguish jobs that take a moment from others.
SECONDS_PER_PIXEL = {"image/jpeg": 5e-9, "image/png": 25e-9, "image/gif": 25e-9, "image/webp": 25e-9}
SECONDS_PER_PROGRESSIVE_PIXEL = 40e-9
SECONDS_PER_CONVERTED_PIXEL = 12e-9  # from the colours of a PNG to sRGB
SECONDS_PER_FRAME = 0.02
SECONDS_WITH_STAGES = 1.0  # a colour profile may process each pixel in any number of stages
# Memory, as the kernel counts it in a new process.
FIXED_BYTES = 24_000_000  # threads, tables, the thumbnail
LINES_IN_MEMORY = 1_700  # of a PNG, at most, in libvips


@contextlib.contextmanager
def decoding(max_bytes: int) -> Iterator[None]:
    """Translate the errors of libvips into Unreadable, or into Heavy if `max_bytes` of memory are not enough."""
    try:
        yield
    except MemoryError:
        raise Heavy(memory_bytes=max_bytes + 1) from None
    except (pyvips.Error, KeyError) as error:
        if "out of memory" in str(error):  # the limit is reached, and the picture is not damaged
            raise Heavy(memory_bytes=max_bytes + 1) from None
        raise Unreadable(ascii(str(error))[:200]) from None


def check(picture: Picture, header: Any, frames: int, max_bytes: int, max_seconds: float) -> None:
    """Raise Heavy if decoding `frames` frames may exceed the limits. `header` is the image of libvips."""
    memory_bytes = _memory(picture, header)
    if memory_bytes > max_bytes or _seconds(picture, header, frames) > max_seconds:
        raise Heavy(memory_bytes=memory_bytes)


def _memory(picture: Picture, header: Any) -> int:
    """Return the approximate number of bytes that decoding takes. Of an animation, one frame counts."""
    copy = len(picture.source) if isinstance(picture.source, bytes) else 0
    return FIXED_BYTES + copy + _bytes_of_pixels(picture, header)


def _bytes_of_pixels(picture: Picture, header: Any) -> int:
    mime_type = MIME_TYPES[header.get("vips-loader")]
    width, height = _size(picture, header)
    pixels = width * height
    if mime_type == "image/gif":
        return pixels * 8  # two frames
    if mime_type == "image/webp":
        return pixels * 4
    bytes_per_pixel: int = header.bands * (2 if header.format == "ushort" else 1)
    if mime_type == "image/png":
        interlaced = pixels * bytes_per_pixel if header.get_typeof("interlaced") else 0
        return interlaced + min(height, LINES_IN_MEMORY) * width * bytes_per_pixel
    if not header.get_typeof("interlaced"):
        return width * bytes_per_pixel * 64
    # A progressive JPEG needs all coefficients, of two bytes each. Usually the colours have a quarter of them.
    return pixels * (3 if header.get("jpeg-chroma-subsample") == "4:2:0" else 2 * header.bands)


def _seconds(picture: Picture, header: Any, frames: int) -> float:
    """Return the approximate CPU time that decoding takes, in seconds."""
    if header.get_typeof("icc-profile-data") and b"mpet" in header.get("icc-profile-data"):
        return SECONDS_WITH_STAGES
    mime_type = MIME_TYPES[header.get("vips-loader")]
    rate = SECONDS_PER_PIXEL[mime_type]
    if picture.profile and header.format == "uchar":
        rate += SECONDS_PER_CONVERTED_PIXEL
    if mime_type == "image/jpeg" and header.get_typeof("interlaced"):
        rate = SECONDS_PER_PROGRESSIVE_PIXEL
    width, height = _size(picture, header)
    return float(width * height * frames * rate + (frames - 1) * SECONDS_PER_FRAME)


def _size(picture: Picture, header: Any) -> tuple[int, int]:
    """Return the width and height in pixels of the picture before it is shrunk."""
    frame = picture.frame
    return (frame.canvas_width, frame.canvas_height) if frame else (header.width, header.height)
