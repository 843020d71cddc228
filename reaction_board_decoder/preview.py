"""Previews: thumbnails for programs that cannot show WebP."""

from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder.errors import Unreadable
from reaction_board_decoder.formats import open_picture

WHITE = 255  # the background of transparent pixels, which JPEG does not support


def preview(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """Return the first frame of a thumbnail as a JPEG on white. Raises Unreadable."""
    try:
        return {}, open_picture(file).jpegsave_buffer(Q=85, background=WHITE, keep="none")
    except pyvips.Error as error:
        raise Unreadable(ascii(str(error))[:200]) from None
