"""What a file is: its type and dimensions, by its bytes."""

from dataclasses import dataclass

from reaction_board.errors import FileTooLarge, InvalidMimeType
from reaction_board.media import decoder
from reaction_board.media.decoder import Bounds, DecoderDied, RefusedByDecoder
from reaction_board.media.formats import EXTENSIONS
from reaction_board.media.received_file import ReceivedFile

# What a client may declare a file to be: one of the four, another name of one, or nothing in particular.
ALIASES = {"image/jpg", "image/pjpeg", "image/x-png", "image/apng", "image/vnd.mozilla.apng"}
PLACEHOLDERS = {"", "application/octet-stream", "binary/octet-stream", "image/*", "*/*"}
DECLARED_TYPES = {*EXTENSIONS, *ALIASES, *PLACEHOLDERS}

BOUNDS = Bounds(memory_bytes=48_000_000, cpu_seconds=1, wall_seconds=6)
WAIT_SECONDS = 4


@dataclass(frozen=True)
class Media:
    """What a file's bytes say about it."""

    hash: str  # SHA-256, 64 hexadecimal digits
    size_bytes: int
    mime_type: str
    width: int  # pixels, as displayed
    height: int
    frames: int


def identify(received: ReceivedFile, declared_type: str, max_pixels: int) -> Media:
    """Return what a file is, by its bytes. No pixel is decoded.

    `declared_type` is the client's claim, "" if there is none.
    Raises InvalidMimeType if either is not an accepted type, FileTooLarge if one frame has over `max_pixels` or the
    structure of the file is too complex, and ServiceUnavailable if too much is waiting to be identified.
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
        raise FileTooLarge("The structure of the picture is too complex.") from error
    return Media(received.hash, received.size_bytes, **result)
