"""Thumbnails: small WebP pictures in sRGB, which show what browsers show of a picture."""

from typing import Any, BinaryIO

from reaction_board_decoder import cost
from reaction_board_decoder import picture as pictures
from reaction_board_decoder.formats import open_picture
from reaction_board_decoder.picture import Picture

# An animation that has more, or whose thumbnail has, is shown by its first frame.
MAX_FRAMES = 150
MAX_FRAMES_PIXELS = 30_000_000  # of all frames together, before
MAX_BYTES = 1024 * 1024  # after
EFFORT = 2  # of 6: takes a fifth less time than libvips' own 4, for files as small


def thumbnail(file: BinaryIO, side: int, max_bytes: int, max_seconds: float) -> tuple[dict[str, Any], bytes]:
    """Return the thumbnail of a picture, of at most `side` pixels on its longer side, never larger than the picture.

    Transparency is kept, and so is animation, but for PNG: libvips does not decode its frames, so the thumbnail shows
    the first one. No more of the picture is decoded than the thumbnail needs, and what follows a damage is left out.
    Raises Unreadable, and Heavy if decoding may take more memory than `max_bytes` or more CPU time than
    `max_seconds`.
    """
    with cost.decoding(max_bytes):
        picture = pictures.read(file)
        header = open_picture(picture.source)
        frames = _frames(picture, header)
        cost.check(picture, header, frames, max_bytes, max_seconds)
        delays = header.get("delay") if frames > 1 else []
        plain_inks = pictures.has_plain_inks(header)
        del header  # and the frame that libvips keeps with it
        if frames > 1:
            animated = _animation(picture, side, delays)
            if len(animated) <= MAX_BYTES:
                return {}, animated
        return {}, _save(pictures.thumbnail(picture, side, picture.first_page, plain_inks=plain_inks))


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
