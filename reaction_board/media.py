"""What the bytes are: size, hash, type and dimensions. Knows nothing of HTTP, the database or the store."""

import hashlib
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO, cast

import pyvips

from reaction_board.errors import FileTooLarge, InvalidMimeType

# The type that libvips' loader stands for. The loader is chosen by the bytes alone.
MIME_TYPES = {
    "jpegload_source": "image/jpeg",
    "pngload_source": "image/png",
    "gifload_source": "image/gif",
    "webpload_source": "image/webp",
}
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}

# What a client may say of a file's type: nothing, one of the four, or what old browsers and tools call them.
DECLARED_TYPES = {*EXTENSIONS, "", "application/octet-stream", "image/jpg", "image/pjpeg", "image/x-png"}

MAX_FILENAME = 255  # characters

# Hostile files are aimed at rarely used loaders: only the four that the board takes are open.
pyvips.operation_block_set("VipsForeignLoad", True)
for loader in ("Jpeg", "Png", "Nsgif", "Webp"):
    pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)
# libvips would keep the last hundred operations, and with them the files they read.
pyvips.cache_set_max(0)


@dataclass(frozen=True)
class Media:
    """What is known of a file from its bytes."""

    hash: str  # SHA-256, 64 hexadecimal digits
    size_bytes: int
    mime_type: str
    width: int  # pixels, as displayed
    height: int


class ReceivedFile:
    """A file that arrives in chunks: kept on disk, hashed and measured on the way, so that it is never in memory.

    `write` raises FileTooLarge with the first byte over `max_bytes`. The file has no name and vanishes when closed.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self.file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - closed by `close`
        self.size_bytes = 0

    def write(self, chunk: bytes) -> int:
        """Append a chunk."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise FileTooLarge(f"The file is larger than {self._max_bytes} bytes.")
        self._sha256.update(chunk)
        return self.file.write(chunk)

    def seek(self, position: int) -> int:
        """Move to where the next read begins."""
        return self.file.seek(position)

    def close(self) -> None:
        """Forget the file."""
        self.file.close()

    @property
    def hash(self) -> str:
        """The SHA-256 of the bytes so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


def identify(received: ReceivedFile, declared_type: str, max_pixels: int) -> Media:
    """Return what a file is, by its bytes. Only its header is read: no pixel is decoded.

    `declared_type` is what the client says it is, "" if it does not say.
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


def clean_filename(filename: str, mime_type: str) -> str:
    """Return the base name of a client's filename, without control characters, of 1 to 255 characters.

    The path may be of any system. Format characters, which can turn the direction of a line, count as control.
    """
    name = "".join(c for c in re.split(r"[/\\]", filename)[-1] if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    name = name.strip()
    if not name.strip("."):
        return f"image{EXTENSIONS[mime_type]}"
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= 10:
        return stem[: MAX_FILENAME - len(dot + extension)] + dot + extension
    return name[:MAX_FILENAME]
