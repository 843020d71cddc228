"""Previews: thumbnails for programs that do not read WebP."""

from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder.errors import Unreadable
from reaction_board_decoder.formats import open_picture

WHITE = 255  # behind transparency, which JPEG does not have


def preview(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """Return a thumbnail as a JPEG: its first frame, on white. Raises Unreadable."""
    try:
        return {}, open_picture(file).jpegsave_buffer(Q=85, background=WHITE, keep="none")
    except pyvips.Error as error:
        raise Unreadable(ascii(str(error))[:200]) from None
