"""Pictures that browsers show differently from most libraries. Each has four quadrants of different colours."""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import pyvips

from tests.hostile_pictures import jpeg_segment, png_chunk

WIDTH, HEIGHT = 384, 96  # larger than a thumbnail
COLOURS = ((200, 60, 30), (40, 120, 220), (60, 180, 90), (230, 200, 120))
BLACK = ((0, 0, 0),) * 4
Chunk = tuple[bytes, bytes]


@cache
def quadrants(
    colours: tuple[tuple[int, ...], ...] = COLOURS, width: int = WIDTH, height: int = HEIGHT, sigma: float = 20
) -> pyvips.Image:
    """Return a picture of these colours, with noise, because the mean of light is not the mean of numbers."""
    plain = [(pyvips.Image.black(width // 2, height // 2, bands=len(c)) + c).cast("uchar") for c in colours]
    image = pyvips.Image.arrayjoin(plain, across=2)
    noise = pyvips.Image.gaussnoise(image.width, image.height, sigma=sigma, mean=0, seed=1)
    return (image + noise).cast("uchar").copy(interpretation="srgb").copy_memory()


def exif(
    orientation: int = 6, *, order: str = "<", kind: str = "SHORT", count: int = 1, below: int | None = None
) -> bytes:
    """Return EXIF data with an orientation, in the first directory or in one to which that leads with this tag."""
    value = struct.pack(order + "HH", orientation, 0) if kind == "SHORT" else struct.pack(order + "I", orientation)
    directory = struct.pack(order + "HHHI", 1, 0x0112, {"SHORT": 3, "LONG": 4}[kind], count) + value + bytes(4)
    if below is not None:
        directory = struct.pack(order + "HHHIII", 1, below, 4, 1, 26, 0) + directory
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8) + directory


def jpeg(*segments: bytes, image: pyvips.Image | None = None, **options: Any) -> bytes:
    """Return a JPEG with these segments before its own."""
    data: bytes = (image or quadrants()).jpegsave_buffer(**{"Q": 95, "keep": "none", **options})
    return data[:2] + b"".join(segments) + data[2:]


def app1(exif: bytes, head: bytes = b"Exif\0\0") -> bytes:
    return jpeg_segment(0xE1, head + exif)


def png(*chunks: Chunk, image: pyvips.Image | None = None, after: Sequence[Chunk] = (), **options: Any) -> bytes:
    """Return a PNG with chunks right after its header, and others after its pixels."""
    data: bytes = (image or quadrants()).pngsave_buffer(**{"keep": "none", **options})
    end = len(data) - 12
    before_pixels, after_pixels = (b"".join(png_chunk(*chunk) for chunk in some) for some in (chunks, after))
    return data[:33] + before_pixels + data[33:end] + after_pixels + data[end:]


def gamma(value: float) -> Chunk:
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def primaries(*values: float) -> Chunk:
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values))


P3 = primaries(0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
SRGB_CHUNK = (b"sRGB", b"\0")


def cicp(colours: int, curve: int, matrix: int = 0, full_range: int = 1) -> Chunk:
    return b"cICP", bytes([colours, curve, matrix, full_range])


def profile(name: str = "p3") -> Chunk:
    """Return the chunk of one of libvips' colour profiles."""
    tagged = quadrants(width=2, height=2).icc_transform(name, input_profile="srgb")
    return b"iCCP", b"profile\0\0" + zlib.compress(tagged.get("icc-profile-data"))


def frame(number: int, image: pyvips.Image, left: int = 0, top: int = 0) -> list[Chunk]:
    """Return the chunks of a frame of an animated PNG. Each frame has two numbers in the sequence."""
    control = struct.pack(">5I2H2B", number, image.width, image.height, left, top, 1, 10, 0, 0)
    data = image.pngsave_buffer(keep="none")
    pixels, at = b"", 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        pixels += data[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    return [(b"fcTL", control), (b"fdAT", struct.pack(">I", number + 1) + pixels)]


def animated_png(
    *chunks: Chunk, image: pyvips.Image | None = None, left: int = 0, top: int = 0, canvas: pyvips.Image | None = None
) -> bytes:
    """Return an animated PNG that shows the picture first, and hides its default image, the canvas."""
    canvas = canvas or quadrants(BLACK)
    frames = [*frame(0, image or quadrants(), left, top), *frame(2, canvas)]
    return png(*chunks, (b"acTL", struct.pack(">II", 2, 0)), image=canvas, after=frames)


def gif_image(
    left: int,
    top: int,
    width: int,
    height: int,
    colour: int,
    *,
    disposal: int = 0,
    transparent: int | None = None,
    delay: int = 100,
) -> bytes:
    """Return a frame of one of COLOURS, shown for so many milliseconds. Its pixels are a multiple of 16."""
    packed = disposal << 2 | (transparent is not None)
    control = b"!\xf9\x04" + struct.pack("<BHBB", packed, delay // 10, transparent or 0, 0)
    # Codes of three bits, the lowest first: before every other pixel one that clears the table, so that it never grows.
    codes = sum(code << 3 * number for number, code in enumerate([4, colour, colour] * 8))
    data = codes.to_bytes(9, "little") * (width * height // 16) + b"\x05"
    blocks = (data[at : at + 255] for at in range(0, len(data), 255))
    pixels = b"\x02" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    return control + b"," + struct.pack("<4HB", left, top, width, height, 0) + pixels


def gif(width: int, height: int, *images: bytes, background: int = 0) -> bytes:
    """Return a GIF of the four COLOURS."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, background, 0)
    return screen + b"".join(bytes(colour) for colour in COLOURS) + b"".join(images) + b";"


def moving_gif(
    disposal: int,
    *,
    starts_whole: bool = True,
    transparent: int | None = None,
    delays: Sequence[int] = (100, 100, 100),
) -> bytes:
    """Return a GIF of three frames that overlap, the first of which covers the canvas or does not."""
    first = (0, 0, WIDTH, HEIGHT) if starts_whole else (32, 6, 128, 36)
    rectangles = first, (96, 12, 192, 48), (160, 48, 192, 36)
    frames = [
        gif_image(*rectangle, colour, disposal=disposal, transparent=transparent, delay=delays[colour])
        for colour, rectangle in enumerate(rectangles)
    ]
    return gif(WIDTH, HEIGHT, *frames, background=3)


def webp(*chunks: Chunk, flags: int = 0, **options: Any) -> bytes:
    """Return a WebP in the extended form with chunks after its pixels."""
    pixels = quadrants().webpsave_buffer(**{"keep": "none", **options})[12:]
    size = (WIDTH - 1).to_bytes(3, "little") + (HEIGHT - 1).to_bytes(3, "little")
    body = b"WEBP" + _riff(b"VP8X", bytes([flags, 0, 0, 0]) + size) + pixels
    return _riff(b"RIFF", body + b"".join(_riff(*chunk) for chunk in chunks))


def _riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


LIGHT_GREY = quadrants()[1].copy(interpretation="b-w")
INKS = quadrants(((255, 0, 0, 0), (0, 200, 0, 50), (0, 0, 230, 0), (20, 20, 20, 100))).copy(interpretation="cmyk")
DEEP = (quadrants(sigma=0).cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
PART = {"left": 96, "top": 12, "width": 192, "height": 48}

# The first word of a name is the format.
CORPUS: dict[str, Callable[[], bytes]] = {
    **{f"JPEG turned, {n}": partial(lambda n: jpeg(app1(exif(n))), n) for n in (2, 3, 5, 8)},
    "JPEG turned, big-endian": lambda: jpeg(app1(exif(order=">"))),
    "JPEG turned below the first directory": lambda: jpeg(app1(exif(below=0x8769))),
    "JPEG turned in the directory of GPS": lambda: jpeg(app1(exif(below=0x8825))),
    "JPEG turned by a LONG": lambda: jpeg(app1(exif(kind="LONG"))),
    "JPEG turned by a big-endian LONG": lambda: jpeg(app1(exif(kind="LONG", order=">"))),
    "JPEG turned by two numbers": lambda: jpeg(app1(exif(count=2))),
    "JPEG turned by 9": lambda: jpeg(app1(exif(9))),
    "JPEG turned after a header of its own": lambda: jpeg(app1(exif(), b"Exif\0\xff")),
    "JPEG turned by the second of two": lambda: jpeg(app1(exif(1)), app1(exif(6))),
    "JPEG turned after an empty segment": lambda: jpeg(app1(b""), app1(exif(6))),
    "JPEG turned and progressive": lambda: jpeg(app1(exif(7)), interlace=True),
    "JPEG in inks": lambda: jpeg(image=INKS),
    "JPEG in a wide space": lambda: jpeg(image=quadrants().icc_transform("p3", input_profile="srgb"), keep="icc"),
    "JPEG in grey": lambda: jpeg(image=LIGHT_GREY),
    "PNG of linear light": lambda: png(gamma(1)),
    "PNG of dark light": lambda: png(gamma(0.3)),
    "PNG of nearly the usual gamma": lambda: png(gamma(0.44)),
    "PNG of linear light in grey": lambda: png(gamma(1), image=LIGHT_GREY),
    "PNG of linear light, transparent": lambda: png(gamma(1), image=quadrants().bandjoin(100)),
    "PNG of linear light with 16 bits": lambda: png(gamma(1), image=DEEP),
    "PNG of linear light with a palette": lambda: png(gamma(1), palette=True),
    "PNG of linear light and wide primaries": lambda: png(gamma(1), P3),
    "PNG of wide primaries": lambda: png(P3),
    "PNG of linear light, said to be sRGB": lambda: png(gamma(1), SRGB_CHUNK),
    "PNG of linear light, with a profile": lambda: png(gamma(1), profile()),
    "PNG of linear light, with a broken profile": lambda: png(gamma(1), (b"iCCP", b"broken\0\0profile")),
    "PNG of a gamma of zero": lambda: png(gamma(0)),
    "PNG with code points": lambda: png(cicp(12, 13)),
    "PNG with code points of video": lambda: png(cicp(9, 1)),
    "PNG with code points before a profile": lambda: png(cicp(1, 13), profile()),
    "PNG with code points of a narrow range": lambda: png(cicp(9, 13, full_range=0), gamma(1)),
    "PNG turned": lambda: png((b"eXIf", exif(6))),
    "PNG turned by a LONG": lambda: png((b"eXIf", exif(6, kind="LONG"))),
    "PNG turned after its pixels": lambda: png(after=[(b"eXIf", exif(6))]),
    "PNG with a transparent colour": lambda: png((b"tRNS", struct.pack(">H", 120)), image=LIGHT_GREY),
    "PNG interlaced": lambda: png(interlace=True),
    "PNG animated": lambda: animated_png(),
    "PNG animated in linear light, turned": lambda: animated_png(gamma(1), (b"eXIf", exif(8))),
    "PNG animated in a part": lambda: animated_png(image=quadrants(width=192, height=48), left=160, top=12),
    "GIF with a frame in a part": lambda: gif(WIDTH, HEIGHT, gif_image(**PART, colour=0), background=3),
    "GIF of a size like a screen's": lambda: gif(640, 480, gif_image(**PART, colour=0)),
    "GIF smaller than its frame": lambda: gif(64, HEIGHT, gif_image(**PART, colour=0)),
    "GIF without a size": lambda: gif(0, 0, gif_image(**PART, colour=0)),
    "GIF with a frame that ends early": lambda: gif(WIDTH, HEIGHT, gif_image(0, 0, WIDTH, HEIGHT, 0))[:12_000],
    **{f"GIF that moves, disposal {n}": partial(moving_gif, n) for n in range(5)},
    **{f"GIF that moves in gaps, disposal {n}": partial(moving_gif, n, starts_whole=False) for n in range(1, 4)},
    "GIF that moves, transparent": lambda: moving_gif(2, transparent=3),
    "WebP turned": lambda: webp((b"EXIF", exif(6)), flags=8),
    "WebP turned and lossless": lambda: webp((b"EXIF", exif(8, order=">")), flags=8, lossless=True),
    "WebP turned, with a head": lambda: webp((b"EXIF", b"Exif\0\0" + exif(6)), flags=8),
    "WebP in a wide space": lambda: quadrants().icc_transform("p3", input_profile="srgb").webpsave_buffer(Q=95),
}
