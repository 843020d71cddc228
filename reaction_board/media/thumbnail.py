"""Thumbnails: small WebP pictures of the images."""

import contextlib
from typing import BinaryIO

from reaction_board.media import decoder
from reaction_board.media.decoder import Bounds, Decoder, DecoderDied, RefusedByDecoder, alone_on_this_machine

MIME_TYPE = "image/webp"
PREVIEW_MIME_TYPE = "image/jpeg"

# Pixels: the longer side of a thumbnail, at most. A tile of the page is about 190 pixels high, so 640 are sharp on
# screens that have two pixels for one of the page. Each frame of an animation costs bytes and time.
STILL_SIDE = 640
ANIMATED_SIDE = 320

# Most pictures take a moment and are read line by line. Some take seconds, and some can be read only as a whole: small
# files may have many pixels (a GIF of 134 kB, 200 million). Those are decoded apart, and very large ones one at a time.
# What the decoder estimates is less than the bounds: it may be wrong.
LIGHT = Bounds(memory_bytes=96_000_000, cpu_seconds=1, wall_seconds=6)
LIGHT_SECONDS = 0.3  # of CPU time, estimated
LIGHT_MEMORY = 80_000_000  # bytes, estimated
HEAVY = Bounds(memory_bytes=96_000_000, cpu_seconds=8, wall_seconds=20)
LARGE = Bounds(memory_bytes=320_000_000, cpu_seconds=8, wall_seconds=20)
MAX_MEMORY = 280_000_000  # bytes, estimated; a larger picture is not decoded at all
WAIT_SECONDS = 10


class UndecodablePicture(Exception):
    """The bytes cannot be decoded, or not within bounds."""


class HeavyPicture(Exception):
    """The picture takes more than a moment; `memory_bytes` says how much memory it may take."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        super().__init__(memory_bytes)


def side_of(frames: int) -> int:
    """Return how many pixels the longer side of the thumbnail of a picture with so many frames has, at most."""
    return ANIMATED_SIDE if frames > 1 else STILL_SIDE


def thumbnail_size(width: int, height: int, frames: int) -> tuple[int, int]:
    """Return the width and height in pixels of the thumbnail of a picture as large as that."""
    scale = min(1.0, side_of(frames) / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def render(file: BinaryIO, side: int) -> bytes:
    """Return the thumbnail of a picture in a file, of at most `side` pixels.

    Raises HeavyPicture if it is to be rendered by `render_heavy`, and ServiceUnavailable if the decoder is busy.
    """
    try:
        return _render(file, side, decoder.light, LIGHT, LIGHT_MEMORY, LIGHT_SECONDS)
    except RefusedByDecoder as refused:
        # One that seems damaged may have needed more memory: libraries do not always say so.
        raise HeavyPicture(refused.memory_bytes or MAX_MEMORY) from refused
    except DecoderDied as error:  # the estimate was wrong
        raise HeavyPicture(MAX_MEMORY) from error


def render_heavy(file: BinaryIO, side: int, memory_bytes: int) -> bytes:
    """Return the thumbnail, of at most `side` pixels, of a picture that may take that much memory.

    Raises UndecodablePicture, and ServiceUnavailable if the decoder is busy.
    """
    try:
        if memory_bytes <= LIGHT_MEMORY:
            # One that seems damaged may have needed more memory: go on to the larger bounds.
            with contextlib.suppress(RefusedByDecoder):
                return _render(file, side, decoder.heavy, HEAVY, LIGHT_MEMORY, HEAVY.cpu_seconds)
        with alone_on_this_machine(WAIT_SECONDS):
            return _render(file, side, decoder.heavy, LARGE, MAX_MEMORY, LARGE.cpu_seconds)
    except (RefusedByDecoder, DecoderDied) as error:
        raise UndecodablePicture from error


def render_preview(file: BinaryIO) -> bytes:
    """Return a thumbnail, which is in a file, as a JPEG.

    Raises UndecodablePicture, and ServiceUnavailable if the decoder is busy.
    """
    try:
        _, data = decoder.light.run("preview", file, LIGHT, wait_seconds=WAIT_SECONDS)
    except (RefusedByDecoder, DecoderDied) as error:
        raise UndecodablePicture from error
    return data


def _render(file: BinaryIO, side: int, child: Decoder, bounds: Bounds, max_bytes: int, max_seconds: float) -> bytes:
    _, data = child.run(
        "thumbnail", file, bounds, wait_seconds=WAIT_SECONDS, side=side, max_bytes=max_bytes, max_seconds=max_seconds
    )
    return data
