"""Small pictures for the tests, made with libvips. Each call returns a different one."""

import itertools
import random
import struct
from pathlib import Path
from typing import Any

import pyvips

IMAGES = Path(__file__).parent / "images"
MIME_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}

_serial = itertools.count(1)


def picture(kind: str = "png", width: int = 40, height: int = 30, **options: Any) -> bytes:
    """Return a file of this kind, in a new colour."""
    serial = next(_serial)
    colour = [serial % 256, serial // 256 % 256, 77]
    image = (pyvips.Image.black(width, height, bands=3) + colour).cast("uchar").copy(interpretation="srgb")
    data: bytes = image.write_to_buffer(f".{kind}", **options)
    # A lossy encoder may lose the difference, so the file also gets a unique end after the picture.
    return data + struct.pack(">I", serial)


def padded(size_bytes: int) -> bytes:
    """Return a PNG of exactly `size_bytes` bytes, which look as random as those of a photograph."""
    head = picture("png")
    return head + random.randbytes(size_bytes - len(head))


def turned_jpeg(width: int, height: int, orientation: int) -> bytes:
    """Return a JPEG whose pixels are `width` × `height` and whose EXIF says how to turn them."""
    image = pyvips.Image.black(width, height, bands=3).cast("uchar").copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    data: bytes = image.jpegsave_buffer()
    return data


def animation(kind: str, frames: int = 4, width: int = 24, height: int = 16) -> bytes:
    """Return an animated GIF or WebP."""
    pages = [(pyvips.Image.black(width, height, bands=3) + [n * 40, 9, 9]).cast("uchar") for n in range(frames)]
    film = pyvips.Image.arrayjoin(pages, across=1).copy(interpretation="srgb")
    film.set_type(pyvips.GValue.gint_type, "page-height", height)
    film.set_type(pyvips.GValue.array_int_type, "delay", [100] * frames)
    data: bytes = film.write_to_buffer(f".{kind}")
    return data
