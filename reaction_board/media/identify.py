"""What a file is: its type and dimensions, by its bytes."""

from dataclasses import dataclass

import pyvips

from reaction_board.errors import FileTooLarge, InvalidMimeType
from reaction_board.media.formats import EXTENSIONS, MIME_TYPES
from reaction_board.media.received_file import ReceivedFile

# What a client may declare a file to be: nothing, one of the four, or what old browsers and tools call them.
DECLARED_TYPES = {*EXTENSIONS, "", "application/octet-stream", "image/jpg", "image/pjpeg", "image/x-png"}


@dataclass(frozen=True)
class Media:
    """What a file's bytes say about it."""

    hash: str  # SHA-256, 64 hexadecimal digits
    size_bytes: int
    mime_type: str
    width: int  # pixels, as displayed
    height: int


def identify(received: ReceivedFile, declared_type: str, max_pixels: int) -> Media:
    """Return what a file is, by its bytes. Only its header is read: no pixel is decoded.

    `declared_type` is the client's claim, "" if there is none.
    Raises InvalidMimeType if either is not an accepted type, FileTooLarge if one frame has over `max_pixels`.
    """
    if declared_type.lower() not in DECLARED_TYPES:
        raise InvalidMimeType(f"{declared_type[:100]!r} is not accepted. Upload a JPEG, PNG, GIF or WebP image.")
    try:
        image = pyvips.Image.new_from_source(pyvips.Source.new_from_descriptor(received.file.fileno()), "")
        mime_type = MIME_TYPES[image.get("vips-loader")]
    except (pyvips.Error, KeyError) as error:
        raise InvalidMimeType from error
    width, height = image.width, image.height
    if width * height > max_pixels:
        raise FileTooLarge(f"The picture has more than {max_pixels} pixels.")
    # EXIF orientations 5 to 8 turn the picture by a quarter.
    if image.get_typeof("orientation") and image.get("orientation") >= 5:
        width, height = height, width
    return Media(received.hash, received.size_bytes, mime_type, width, height)
