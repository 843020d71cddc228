"""Thumbnails: small WebP pictures in sRGB, which look as browsers show the picture."""

from typing import Any, BinaryIO

from reaction_board_decoder import cost
from reaction_board_decoder import picture as pictures
from reaction_board_decoder.formats import open_picture
from reaction_board_decoder.picture import Picture

# If an animation exceeds one of these limits, its thumbnail is its first frame.
MAX_FRAMES = 150
MAX_FRAMES_PIXELS = 30_000_000  # all frames of the picture together
MAX_BYTES = 1024 * 1024  # of the thumbnail
EFFORT = 2  # of 6: takes a fifth less time than libvips' default of 4, and the files are as small


def thumbnail(file: BinaryIO, side: int, max_bytes: int, max_seconds: float) -> tuple[dict[str, Any], bytes]:
    """Return the thumbnail of a picture, of at most `side` pixels on its longer side, never larger than the picture.

    It keeps transparency and animation. libvips does not decode the frames of an animated PNG, so the thumbnail of one
    is its first frame. Only the parts of the picture that the thumbnail needs are decoded, and the parts after damage
    are left out. Raises Unreadable, and Heavy if decoding may take more than `max_bytes` of memory or `max_seconds` of
    CPU time.
    """
    with cost.decoding(max_bytes):
        picture = pictures.read(file)
        header = open_picture(picture.source)
        frames = _frames(picture, header)
        cost.check(picture, header, frames, max_bytes, max_seconds)
        delays = header.get("delay") if frames > 1 else []
        plain_inks = pictures.has_plain_inks(header)
        del header  # frees the frame that libvips keeps with it
        if frames > 1:
            animated = _animation(picture, side, delays)
            if len(animated) <= MAX_BYTES:
                return {}, animated
        return {}, _save(pictures.thumbnail(picture, side, picture.first_page, plain_inks=plain_inks))


def _animation(picture: Picture, side: int, delays: list[int]) -> bytes:
    """Return the animated thumbnail of an animation. `delays` are those of all pages, in milliseconds."""
    if picture.pages is None:
        return _save(pictures.thumbnail(picture, side, "n=-1", plain_inks=False))
    # Pages before the first one to show would be visible at the upper edge, so they are not loaded.
    first = picture.pages[0]
    image = pictures.thumbnail(picture, side, f"page={first},n=-1", plain_inks=False)
    shown = [page - first for page in picture.pages]
    return _save(pictures.pages_of(image, shown, [delays[page] for page in picture.pages]))


def _save(image: Any) -> bytes:
    data: bytes = image.webpsave_buffer(Q=75, effort=EFFORT, keep="none")
    return data


def _frames(picture: Picture, header: Any) -> int:
    """Return the number of frames that libvips decodes: 1 if the thumbnail is not animated."""
    frames: int = header.get("n-pages") if header.get_typeof("n-pages") else 1
    shown = len(picture.pages) if picture.pages else frames
    moves = 1 < shown <= MAX_FRAMES and shown * header.width * header.height <= MAX_FRAMES_PIXELS
    return frames if moves else 1
