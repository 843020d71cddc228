"""Identifies a file by its content: its type, dimensions and number of frames."""

from dataclasses import dataclass

from reaction_board.errors import FileTooLarge, InvalidMimeType
from reaction_board.media import decoder
from reaction_board.media.decoder import Bounds, DecoderDied, RefusedByDecoder
from reaction_board.media.formats import EXTENSIONS
from reaction_board.media.received_file import ReceivedFile

# The types that a client may declare: one of the four, an alias of one, or a placeholder.
ALIASES = {"image/jpg", "image/pjpeg", "image/x-png", "image/apng", "image/vnd.mozilla.apng"}
PLACEHOLDERS = {"", "application/octet-stream", "binary/octet-stream", "image/*", "*/*"}
DECLARED_TYPES = {*EXTENSIONS, *ALIASES, *PLACEHOLDERS}

BOUNDS = Bounds(memory_bytes=48_000_000, cpu_seconds=1, wall_seconds=6)
WAIT_SECONDS = 4


@dataclass(frozen=True)
class Media:
    """The properties of a file, from its content."""

    hash: str  # SHA-256, 64 hexadecimal digits
    size_bytes: int
    mime_type: str
    width: int  # pixels, as displayed
    height: int
    frames: int


def identify(received: ReceivedFile, declared_type: str, max_pixels: int) -> Media:
    """Return the properties of a file, from its content. No pixel is decoded.

    `declared_type` is the type that the client declares, or "".
    Raises InvalidMimeType if the declared or the actual type is not accepted, FileTooLarge if a frame has more than
    `max_pixels` or the structure of the file is too complex, and ServiceUnavailable if the decoder is busy.
    """
    if declared_type.lower() not in DECLARED_TYPES:
        raise InvalidMimeType(f"{declared_type[:100]!r} is not accepted. Upload a JPEG, PNG, GIF or WebP image.")
    try:
        result, _ = decoder.uploads.run(
            "identify", received.file, BOUNDS, wait_seconds=WAIT_SECONDS, max_pixels=max_pixels
        )
    except RefusedByDecoder as refused:
        if refused.reason == "TooLarge":
            raise FileTooLarge(str(refused)) from refused
        raise InvalidMimeType from refused
    except DecoderDied as error:
        raise FileTooLarge("The structure of the file is too complex. Save it again with another program.") from error
    return Media(received.hash, received.size_bytes, **result)
