"""Small files that are expensive to read or decode, of kinds known from attacks."""

import struct
import zlib
from collections.abc import Iterable, Iterator

import pyvips


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a PNG of zeros, RGBA with 16 bits a channel, with these chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", _deflated_zeros((1 + 8 * width) * height)),
            png_chunk(b"IEND", b""),
        ]
    )


def _deflated_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    portion = bytes(1024 * 1024)
    packed = [packer.compress(portion[: min(len(portion), size - at)]) for at in range(0, size, len(portion))]
    return b"".join([*packed, packer.flush()])


def wide_png(width: int = 1_000_000, height: int = 10) -> bytes:
    """Return a PNG with few, very long lines: libvips keeps hundreds of them in memory."""
    return _png(width, height)


def png_with_texts(number: int = 100, inflated_bytes: int = 40_000_000) -> bytes:
    """Return a PNG of one pixel with compressed comments that inflate a thousand times."""
    text = png_chunk(b"zTXt", b"Comment\0\0" + _deflated_zeros(inflated_bytes))
    return _png(1, 1, *[text] * number)


def png_with_damaged_texts(number: int = 100, inflated_bytes: int = 15_000_000) -> bytes:
    """Return a PNG of one pixel with compressed comments whose checksums, at their ends, are wrong."""
    text = png_chunk(b"zTXt", b"Comment\0\0" + _deflated_zeros(inflated_bytes)[:-4] + b"oops")
    return _png(1, 1, *[text] * number)


def exif_that_leads_back(times: int = 100) -> bytes:
    """Return EXIF data whose only directory points to itself, three times `times`."""
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005))
    return b"II*\0" + struct.pack("<IH", 8, 3 * times) + tags * times + struct.pack("<I", 8)


def png_with_exif(exif: bytes) -> bytes:
    """Return a PNG of one pixel with EXIF data."""
    return _png(1, 1, png_chunk(b"eXIf", exif))


def jpeg_with_exif(jpeg: bytes, exif: bytes) -> bytes:
    """Return a JPEG with EXIF data before its own."""
    return jpeg[:2] + jpeg_segment(0xE1, b"Exif\0\0" + exif) + jpeg[2:]


def jpeg_of_segments(jpeg: bytes, number: int) -> bytes:
    """Return a JPEG with very many empty segments."""
    return jpeg[:2] + jpeg_segment(0xE5, b"") * number + jpeg[2:]


def png_of_chunks(number: int) -> bytes:
    """Return a PNG with very many empty chunks of an unknown kind."""
    return _png(1, 1, png_chunk(b"noNe", b"") * number)


def webp_of_frames(number: int, *, nested: bool = False, exif: bytes = b"") -> bytes:
    """Return an animated WebP of one pixel. The time to identify it grows with the square of the frames.

    Nested ones say that each frame is as long as the rest of the file.
    """
    still = pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb").webpsave_buffer(lossless=True, keep="none")
    pixels = still[12:]
    frame = bytes(12) + b"\x0a\0\0\0" + pixels
    sizes = (len(frame) + (number - n - 1) * (8 + len(frame)) * nested for n in range(number))
    frames = b"".join(b"ANMF" + struct.pack("<I", size) + frame for size in sizes)
    if exif:
        frames += b"EXIF" + struct.pack("<I", len(exif)) + exif
    header = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + bytes(6)
    body = b"WEBP" + header + b"ANIM" + struct.pack("<I", 6) + bytes(6) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_of_frames(number: int) -> bytes:
    """Return a GIF of one pixel with very many frames of 15 bytes."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return screen + frame * number + b";"


def gif_of_blocks(number: int) -> bytes:
    """Return a GIF with a comment in very many blocks of one byte."""
    return gif_of_frames(1)[:-1] + b"!\xfe" + b"\x01x" * number + b"\0;"


def large_gif(width: int = 14_000, height: int = 14_000) -> bytes:
    """Return a small GIF of very many pixels, all of which must be in memory."""
    return bytes((pyvips.Image.black(width, height)).gifsave_buffer())


def gif_that_says(width: int, height: int) -> bytes:
    """Return a GIF that declares a size, but has the data of one pixel."""
    size, one = struct.pack("<HH", width, height), struct.pack("<HH", 1, 1)
    return bytes(pyvips.Image.black(1, 1).gifsave_buffer()).replace(one, size)


def jpeg_of_scans(scans: int, side: int = 9400, before_each: bytes = b"") -> bytes:
    """Return a grey progressive JPEG, each of whose scans goes over all of its blocks and changes nothing."""
    blocks = (-(-side // 8)) ** 2
    runs = bytes(16 * n for n in range(15))  # the codes 0 to 14, of four bits each: a run of 2^n blocks and more
    tables = b"\x00" + bytes([1] + [0] * 15) + b"\0" + b"\x10" + bytes([0, 0, 0, 15] + [0] * 12) + runs
    head = [
        b"\xff\xd8",
        jpeg_segment(0xDB, b"\0" + b"\x01" * 64),
        jpeg_segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0"),
        jpeg_segment(0xC4, tables),
        jpeg_segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + _bits((0, 1) for _ in range(blocks)),
    ]
    band = before_each + jpeg_segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + _bits(_block_runs(blocks))
    return b"".join([*head, band * (scans - 1), b"\xff\xd9"])


def _block_runs(blocks: int) -> Iterator[tuple[int, int]]:
    """Yield codes that skip some blocks, with their lengths in bits."""
    while blocks:
        exponent = min(14, blocks.bit_length() - 1)
        run = min(blocks, 2 ** (exponent + 1) - 1)
        yield exponent, 4
        yield run - 2**exponent, exponent
        blocks -= run


def _bits(codes: Iterable[tuple[int, int]]) -> bytes:
    """Return codes as the entropy-coded bytes of a JPEG, filled up with ones."""
    text = "".join(format(value, f"0{length}b") if length else "" for value, length in codes)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8).replace(b"\xff", b"\xff\0")


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(data)) + data
