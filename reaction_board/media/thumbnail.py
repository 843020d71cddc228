"""Thumbnails."""

from contextlib import nullcontext
from threading import Lock
from typing import Any, BinaryIO

import pyvips

from reaction_board.media.formats import MIME_TYPES

MIME_TYPE = "image/webp"
SIZE = 320  # pixels: the longer side of a thumbnail, at most
# Bytes that decoding may take. Most pictures are read line by line; some only as a whole, and small files may have many
# pixels: a GIF of 134 kB 200 million. Large ones are decoded one at a time in a process.
MAX_MEMORY = 200_000_000
LARGE = 50_000_000
_one_at_a_time = Lock()
# An animation that has more, or whose thumbnail has, is shown by its first frame. They bound a rendering to some
# seconds: 60 frames of 480 × 270 take 1.2 s, and 20 MB.
MAX_FRAMES = 150
MAX_FRAMES_PIXELS = 30_000_000  # of all frames together, before
MAX_BYTES = 1024 * 1024  # after
EFFORT = 2  # of 6: takes a fifth less time than libvips' own 4, for files as small


class UndecodablePicture(Exception):
    """libvips cannot make sense of the bytes."""


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """Return the width and height in pixels of the thumbnail of a picture as large as that."""
    scale = min(1.0, SIZE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def render(file: BinaryIO) -> bytes:
    """Return the thumbnail of the picture in a file: a WebP, upright, in sRGB, never larger than the picture.

    Animation and transparency are kept. No more of the picture is decoded than the thumbnail needs, and what follows a
    damage is left out, as browsers do. Raises UndecodablePicture, also for one that would take too much memory.
    """
    try:
        header = _opened(file, pyvips.Image.new_from_source, "")
        if header.get("vips-loader") not in MIME_TYPES:
            raise UndecodablePicture
        memory = _memory(header)
        if memory > MAX_MEMORY:
            raise UndecodablePicture
        with _one_at_a_time if memory > LARGE else nullcontext():
            return _thumbnail(file, header)
    except pyvips.Error as error:
        raise UndecodablePicture from error


def _memory(header: pyvips.Image) -> int:
    """Return about how many bytes a picture, or a frame of it, takes to decode beside the lines that are read."""
    pixels: int = header.width * header.height
    loader = header.get("vips-loader")
    if loader in ("gifload_source", "webpload_source"):
        return pixels * 4
    if not header.get_typeof("interlaced"):
        return 0
    if loader == "pngload_source":
        return pixels * header.bands * (2 if header.format == "ushort" else 1)
    # A progressive JPEG: all coefficients, two bytes each; mostly the colours have a quarter of them.
    return pixels * (3 if header.get("jpeg-chroma-subsample") == "4:2:0" else 2 * header.bands)


def _thumbnail(file: BinaryIO, header: pyvips.Image) -> bytes:
    frames = header.get("n-pages") if header.get_typeof("n-pages") else 1
    if 1 < frames <= MAX_FRAMES and frames * header.width * header.height <= MAX_FRAMES_PIXELS:
        animated = _rendered(file, "n=-1")
        if len(animated) <= MAX_BYTES:
            return animated
    return _rendered(file, "")


def _rendered(file: BinaryIO, frames: str) -> bytes:
    image = _opened(
        file,
        pyvips.Image.thumbnail_source,
        SIZE,
        height=SIZE,
        size="down",
        export_profile="srgb",
        option_string=frames,
    )
    data: bytes = image.webpsave_buffer(Q=75, effort=EFFORT, keep="none")
    return data


def _opened(file: BinaryIO, load: Any, *arguments: Any, **options: Any) -> pyvips.Image:
    file.seek(0)
    return load(pyvips.Source.new_from_descriptor(file.fileno()), *arguments, **options)
