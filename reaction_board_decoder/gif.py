"""GIF89a: limits on its structure, and the differences between browsers and libvips."""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from reaction_board_decoder.errors import TooLarge

MAX_FRAMES = 10_000
MAX_BLOCKS = 2_000_000  # 50 MB in full blocks of 255 bytes are 200,000

IMAGE, EXTENSION, GRAPHIC_CONTROL = b",", b"!", b"\xf9"
DESCRIPTOR_BYTES = 10
DISPOSAL = 0b11100  # in the packed fields
DISPOSE_BY_CLEARING = 2
DISPOSE_BY_RESTORING = (3, 4)  # restores the previous pixels; some programs write 4
ONE_PIXEL = b"\x02\x02\x44\x01\0"  # the codes of an image that ends after one pixel of colour 0


@dataclass(frozen=True)
class _Image:
    """One image of a GIF, which is a frame if the GIF is an animation."""

    control: int  # the position of the packed fields in its graphic control extension, or 0 if it has none
    packed: int  # the packed fields
    rectangle: tuple[int, int, int, int]  # left, top, width and height in pixels
    end: int  # the position after the image

    @property
    def is_transparent(self) -> bool:
        return bool(self.packed & 1)

    @property
    def disposal(self) -> int:
        return (self.packed & DISPOSAL) >> 2

    def covers(self, rectangle: tuple[int, int, int, int]) -> bool:
        left, top, width, height = self.rectangle
        x, y, w, h = rectangle
        return left <= x and top <= y and left + width >= x + w and top + height >= y + h


@dataclass(frozen=True)
class Rewritten:
    """A GIF that libvips reads as browsers read the original."""

    data: bytes
    pages: list[int]  # the numbers, from 0, of the frames that come from the original


def matches(head: bytes) -> bool:
    """Return whether a file that begins like this is a GIF."""
    return head[:6] in (b"GIF87a", b"GIF89a")


def check(data: mmap.mmap) -> int:
    """Return the number of frames, at least 1. Of a truncated file, the existing frames count. Raises TooLarge."""
    frames = 0
    for _ in _images(data):
        frames += 1
        if frames > MAX_FRAMES:
            raise TooLarge(f"The animation has more than {MAX_FRAMES:,} frames.")
    return max(1, frames)


def orientation(_: mmap.mmap) -> int:
    """Return 1, because a GIF is always upright."""
    return 1


def canvas(data: mmap.mmap) -> tuple[int, int]:
    """Return the width and height in pixels: those of the logical screen, enlarged to contain the first image."""
    width, height = struct.unpack_from("<HH", data, 6) if len(data) >= 10 else (0, 0)
    first = next(_images(data), None)
    if first is None:
        return width, height
    return max(width, first.rectangle[0] + first.rectangle[2]), max(height, first.rectangle[1] + first.rectangle[3])


def rewritten(data: mmap.mmap) -> Rewritten | None:
    """Return a GIF that libvips shows as browsers show this one, or None if libvips shows this one correctly.

    In browsers, an area that no frame covers is transparent, and so is the area of a frame that is disposed of by
    clearing. libvips uses the size of the first frame for some canvases. It fills empty areas with a colour, unless
    frames are declared transparent. So this function inserts an empty transparent frame with the size of the canvas
    before the others. A frame without transparency is not cleared itself: an empty frame after it clears its area.
    """
    images = list(_images(data))
    if not images:
        return None
    first, (width, height) = images[0], canvas(data)
    leaves_gaps = not first.covers((0, 0, width, height))
    restores = first.disposal in DISPOSE_BY_RESTORING and len(images) > 1
    clearing = {image for image, following in pairwise(images) if _clears(image, following)}
    if not (leaves_gaps or restores or clearing):
        return None
    at = _header_size(data)
    pieces = [data[:at], _empty_image((0, 0, width, height))]
    pages, page = [], 1
    for image in images:
        pages.append(page)
        page += 1
        if image in clearing:
            pieces += [data[at : image.control], bytes([image.packed & ~DISPOSAL]), data[image.control + 1 : image.end]]
            pieces.append(_empty_image(image.rectangle))
            page += 1
            at = image.end
    return Rewritten(b"".join([*pieces, data[at:]]), pages)


def _clears(image: _Image, following: _Image) -> bool:
    """Return whether a frame without transparency is cleared, and the next frame makes that visible."""
    is_hidden = following.covers(image.rectangle) and not following.is_transparent
    return image.disposal == DISPOSE_BY_CLEARING and not image.is_transparent and not is_hidden


def _empty_image(rectangle: tuple[int, int, int, int]) -> bytes:
    """Return an image with a single transparent pixel, which is disposed of by clearing its rectangle."""
    control = EXTENSION + GRAPHIC_CONTROL + struct.pack("<BBHBB", 4, DISPOSE_BY_CLEARING << 2 | 1, 0, 0, 0)
    return control + IMAGE + struct.pack("<4HB", *rectangle, 0) + ONE_PIXEL


def _images(data: mmap.mmap) -> Iterator[_Image]:
    """Walk the blocks and yield the images, up to the end of the file. Raises TooLarge if there are too many blocks."""
    at, blocks, control, packed = _header_size(data), 0, 0, 0
    while (head := data[at : at + DESCRIPTOR_BYTES])[:1] in (IMAGE, EXTENSION):
        is_image = head[:1] == IMAGE
        if is_image and len(head) < DESCRIPTOR_BYTES:
            return
        if head[1:2] == GRAPHIC_CONTROL and not is_image:
            control, packed = at + 3, int.from_bytes(head[3:4])
        # Skip the label of an extension, or an image's descriptor, its colour table and the size of its codes.
        at, number = _after_blocks(data, at + (11 + _colour_table_size(head[9]) if is_image else 2))
        blocks += number
        if blocks > MAX_BLOCKS:
            raise TooLarge("The GIF has too many data blocks. Save it again with another program.")
        if is_image:
            yield _Image(control, packed, struct.unpack_from("<4H", head, 1), at)
            control = packed = 0


def _after_blocks(data: mmap.mmap, at: int) -> tuple[int, int]:
    """Return the position after a list of blocks, at most the end of the file, and the number of blocks."""
    number = 0
    try:
        while (size := data[at]) and number <= MAX_BLOCKS:
            at += 1 + size
            number += 1
    except IndexError:
        return len(data), number
    return at + 1, number


def _header_size(data: mmap.mmap) -> int:
    return 13 + _colour_table_size(int.from_bytes(data[10:11]))


def _colour_table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
