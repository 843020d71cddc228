"""Identifies a picture: its format, dimensions and number of frames."""

from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder import gif, structure
from reaction_board_decoder.errors import TooLarge, Unreadable
from reaction_board_decoder.formats import MIME_TYPES, open_picture

MAX_SIDE = 65_535  # pixels; only a PNG can have more. libvips buffers hundreds of lines of any length


def identify(file: BinaryIO, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    """Return `mime_type`, `width` and `height` in pixels as browsers display them, and `frames`. No pixel is decoded.

    Raises Unreadable, and TooLarge if a frame has more than `max_pixels` or the structure is too complex.
    """
    with structure.opened(file) as (kind, data):
        frames = kind.check(data)
        orientation = kind.orientation(data)
        canvas = gif.canvas(data) if kind is gif else None
    try:
        image = open_picture(file)
        mime_type = MIME_TYPES[image.get("vips-loader")]
    except (pyvips.Error, KeyError):
        raise Unreadable from None
    width, height = canvas or (image.width, image.height)
    if not width or not height:
        raise Unreadable
    if max(width, height) > MAX_SIDE:
        raise TooLarge(f"The picture is wider or higher than {MAX_SIDE:,} pixels. Scale it down.")
    if width * height > max_pixels:
        raise TooLarge(f"The picture has more than {max_pixels / 1_000_000:.4g} megapixels. Scale it down.")
    if orientation >= 5:  # rotated by 90 degrees
        width, height = height, width
    return {"mime_type": mime_type, "width": width, "height": height, "frames": frames}, b""
