"""Thumbnails: small WebP pictures of the images."""

import contextlib
from typing import Any, BinaryIO

from reaction_board.media import decoder
from reaction_board.media.decoder import Bounds, Decoder, DecoderDied, RefusedByDecoder, alone_on_this_machine

MIME_TYPE = "image/webp"
PREVIEW_MIME_TYPE = "image/jpeg"

# The longer side of a thumbnail in pixels, at most. A tile of the page is about 190 pixels high, so 640 pixels are
# sharp on screens with a pixel ratio of two. Animations are smaller, because each frame costs bytes and time.
STILL_SIDE = 640
ANIMATED_SIDE = 320

# Most pictures are light: they take a moment, and are read line by line. Heavy pictures take seconds, or can be read
# only as a whole: a small file may have many pixels (a GIF of 134 kB, 200 million). Heavy pictures have their own
# decoder, and a machine decodes only one very large picture at a time. The limits for the decoder's estimates are below
# the bounds, because an estimate may be too low.
LIGHT = Bounds(memory_bytes=96_000_000, cpu_seconds=1, wall_seconds=6)
LIGHT_SECONDS = 0.3  # of CPU time, estimated
LIGHT_MEMORY = 80_000_000  # bytes, estimated
HEAVY = Bounds(memory_bytes=96_000_000, cpu_seconds=8, wall_seconds=20)
LARGE = Bounds(memory_bytes=320_000_000, cpu_seconds=8, wall_seconds=20)
MAX_MEMORY = 280_000_000  # bytes, estimated; a larger picture is not decoded at all
WAIT_SECONDS = 10


class UndecodablePicture(Exception):
    """The picture cannot be decoded within the bounds."""


class HeavyPicture(Exception):
    """The picture exceeds the limits for light pictures. It may take `memory_bytes`."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        super().__init__(memory_bytes)


def side_of(frames: int) -> int:
    """Return the longest side in pixels of the thumbnail of a picture with this number of frames."""
    return ANIMATED_SIDE if frames > 1 else STILL_SIDE


def thumbnail_size(width: int, height: int, frames: int) -> tuple[int, int]:
    """Return the width and height in pixels of the thumbnail of a picture of this size."""
    scale = min(1.0, side_of(frames) / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def render(file: BinaryIO, side: int) -> bytes:
    """Return the thumbnail of a picture in a file, with at most `side` pixels on its longer side.

    Raises HeavyPicture if `render_heavy` must render it, and ServiceUnavailable if the decoder is busy.
    """
    _, data = run_light("thumbnail", file, decoder.light, WAIT_SECONDS, LIGHT_SECONDS, side=side)
    return data


def run_light(
    job: str, file: BinaryIO, child: Decoder, wait_seconds: float, max_seconds: float, **options: Any
) -> tuple[dict[str, Any], bytes]:
    """Return the result of a decoder's job on a light picture in a file, and its bytes.

    `max_seconds` is the limit for the estimated CPU time. Raises HeavyPicture if the picture exceeds the limits, and
    ServiceUnavailable if other jobs take longer than `wait_seconds`.
    """
    limits = {"max_bytes": LIGHT_MEMORY, "max_seconds": max_seconds}
    try:
        return child.run(job, file, LIGHT, wait_seconds=wait_seconds, **limits, **options)
    except RefusedByDecoder as refused:
        # A picture that seems damaged may have needed more memory, which libraries do not always report.
        raise HeavyPicture(refused.memory_bytes or MAX_MEMORY) from refused
    except DecoderDied as error:  # the estimate was wrong
        raise HeavyPicture(MAX_MEMORY) from error


def render_heavy(file: BinaryIO, side: int, memory_bytes: int) -> bytes:
    """Return the thumbnail of a picture in a file, with at most `side` pixels, that may take `memory_bytes`.

    Raises UndecodablePicture, and ServiceUnavailable if the decoder is busy.
    """
    try:
        if memory_bytes <= LIGHT_MEMORY:
            # A picture that seems damaged may have needed more memory, so the larger bounds follow.
            with contextlib.suppress(RefusedByDecoder):
                return _render_heavy(file, side, HEAVY, LIGHT_MEMORY)
        with alone_on_this_machine(WAIT_SECONDS):
            return _render_heavy(file, side, LARGE, MAX_MEMORY)
    except (RefusedByDecoder, DecoderDied) as error:
        raise UndecodablePicture from error


def render_preview(file: BinaryIO) -> bytes:
    """Return a thumbnail in a file as a JPEG.

    Raises UndecodablePicture, and ServiceUnavailable if the decoder is busy.
    """
    try:
        _, data = decoder.light.run("preview", file, LIGHT, wait_seconds=WAIT_SECONDS)
    except (RefusedByDecoder, DecoderDied) as error:
        raise UndecodablePicture from error
    return data


def _render_heavy(file: BinaryIO, side: int, bounds: Bounds, max_bytes: int) -> bytes:
    limits = {"max_bytes": max_bytes, "max_seconds": bounds.cpu_seconds}
    _, data = decoder.heavy.run("thumbnail", file, bounds, wait_seconds=WAIT_SECONDS, side=side, **limits)
    return data
