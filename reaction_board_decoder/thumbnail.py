"""Thumbnails: small WebP pictures in sRGB, which show what browsers show of a picture."""

from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder import picture as pictures
from reaction_board_decoder.errors import Heavy, Unreadable
from reaction_board_decoder.formats import MIME_TYPES, open_picture
from reaction_board_decoder.picture import Picture

# An animation that has more, or whose thumbnail has, is shown by its first frame.
MAX_FRAMES = 150
MAX_FRAMES_PIXELS = 30_000_000  # of all frames together, before
MAX_BYTES = 1024 * 1024  # after
EFFORT = 2  # of 6: takes a fifth less time than libvips' own 4, for files as small

# Rough CPU time on a core of 2020, in seconds, to tell jobs that take a moment from others.
SECONDS_PER_PIXEL = {"image/jpeg": 5e-9, "image/png": 25e-9, "image/gif": 25e-9, "image/webp": 25e-9}
SECONDS_PER_PROGRESSIVE_PIXEL = 40e-9
SECONDS_PER_CONVERTED_PIXEL = 12e-9  # from the colours of a PNG to sRGB
SECONDS_PER_FRAME = 0.02
SECONDS_WITH_STAGES = 1.0  # a colour profile may send each pixel through any number of stages
# Memory, measured as what the kernel counts in a new process.
FIXED_BYTES = 24_000_000  # threads, tables, the thumbnail
LINES_IN_MEMORY = 1_700  # that libvips keeps of a PNG, at most


def thumbnail(file: BinaryIO, side: int, max_bytes: int, max_seconds: float) -> tuple[dict[str, Any], bytes]:
    """Return the thumbnail of a picture, of at most `side` pixels on its longer side, never larger than the picture.

    Transparency is kept, and so is animation, but for PNG: libvips does not decode its frames, so the thumbnail shows
    the first one. No more of the picture is decoded than the thumbnail needs, and what follows a damage is left out.
    Raises Unreadable, and Heavy if decoding may take more memory than `max_bytes` or more CPU time than
    `max_seconds`.
    """
    try:
        picture = pictures.read(file)
        header = open_picture(picture.source)
        frames = _frames(picture, header)
        memory_bytes, seconds = _memory(picture, header), _seconds(picture, header, frames)
        if memory_bytes > max_bytes or seconds > max_seconds:
            raise Heavy(memory_bytes=memory_bytes)
        delays = header.get("delay") if frames > 1 else []
        plain_inks = pictures.has_plain_inks(header)
        del header  # and the frame that libvips keeps with it
        if frames > 1:
            animated = _animation(picture, side, delays)
            if len(animated) <= MAX_BYTES:
                return {}, animated
        first = f"page={picture.pages[0]}" if picture.pages else ""
        return {}, _save(pictures.thumbnail(picture, side, first, plain_inks=plain_inks))
    except MemoryError:
        raise Heavy(memory_bytes=max_bytes + 1) from None
    except (pyvips.Error, KeyError) as error:
        if "out of memory" in str(error):  # the bound is reached: that is no damage
            raise Heavy(memory_bytes=max_bytes + 1) from None
        raise Unreadable(ascii(str(error))[:200]) from None


def _animation(picture: Picture, side: int, delays: list[int]) -> bytes:
    """Return the thumbnail of an animation, moving. The delays are those of all pages, in milliseconds."""
    if picture.pages is None:
        return _save(pictures.thumbnail(picture, side, "n=-1", plain_inks=False))
    # What is before the first page to show would shine through at the upper edge.
    first = picture.pages[0]
    image = pictures.thumbnail(picture, side, f"page={first},n=-1", plain_inks=False)
    shown = [page - first for page in picture.pages]
    return _save(pictures.pages_of(image, shown, [delays[page] for page in picture.pages]))


def _save(image: Any) -> bytes:
    data: bytes = image.webpsave_buffer(Q=75, effort=EFFORT, keep="none")
    return data


def _frames(picture: Picture, header: Any) -> int:
    """Return how many frames libvips decodes: 1 if the thumbnail does not move."""
    frames: int = header.get("n-pages") if header.get_typeof("n-pages") else 1
    shown = len(picture.pages) if picture.pages else frames
    moves = 1 < shown <= MAX_FRAMES and shown * header.width * header.height <= MAX_FRAMES_PIXELS
    return frames if moves else 1


def _memory(picture: Picture, header: Any) -> int:
    """Return about how many bytes decoding takes, of a frame if there are many."""
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
    # A progressive JPEG: all coefficients, two bytes each; mostly the colours have a quarter of them.
    return pixels * (3 if header.get("jpeg-chroma-subsample") == "4:2:0" else 2 * header.bands)


def _seconds(picture: Picture, header: Any, frames: int) -> float:
    """Return about how many seconds of CPU time decoding takes."""
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
    """Return the width and height in pixels of what is to be shrunk."""
    frame = picture.frame
    return (frame.canvas_width, frame.canvas_height) if frame else (header.width, header.height)
