"""What a picture is: its format, dimensions and number of frames."""

from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder import structure
from reaction_board_decoder.errors import TooLarge, Unreadable
from reaction_board_decoder.formats import MIME_TYPES, open_picture

MAX_SIDE = 65_535  # pixels; only a PNG can have more. libvips buffers hundreds of lines, however long they are


def identify(file: BinaryIO, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    """Return `mime_type`, `width` and `height` in pixels as displayed, and `frames`. No pixel is decoded.

    Raises Unreadable, and TooLarge if a frame has over `max_pixels` or the structure is too complex.
    """
    frames = structure.check(file)
    try:
        image = open_picture(file)
        mime_type = MIME_TYPES[image.get("vips-loader")]
    except (pyvips.Error, KeyError):
        raise Unreadable from None
    width, height = image.width, image.height
    if max(width, height) > MAX_SIDE:
        raise TooLarge(f"The picture has a side of more than {MAX_SIDE} pixels.")
    if width * height > max_pixels:
        raise TooLarge(f"The picture has more than {max_pixels} pixels.")
    # EXIF orientations 5 to 8 turn the picture by a quarter.
    if image.get_typeof("orientation") and image.get("orientation") >= 5:
        width, height = height, width
    return {"mime_type": mime_type, "width": width, "height": height, "frames": frames}, b""
