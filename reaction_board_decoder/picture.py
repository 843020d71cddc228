"""Shows pictures as browsers do, where libvips alone would show them differently."""

from dataclasses import dataclass
from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder import gif, png, structure
from reaction_board_decoder.formats import open_picture

JPEG_SHRINKS = (8, 4, 2)  # the factors by which libjpeg can shrink a picture while it decodes


@dataclass(frozen=True)
class Picture:
    """A picture for libvips to read, with the properties that libvips does not handle as browsers do."""

    source: BinaryIO | bytes  # bytes if libvips must not read the file itself
    orientation: int  # by EXIF, 1 to 8
    pages: list[int] | None = None  # the frames of a GIF to show; None for all
    profile: bytes | None = None  # an ICC profile of the colours
    frame: png.Frame | None = None  # the frame of an animated PNG to show

    @property
    def first_page(self) -> str:
        """The option with which libvips' loader reads only the first frame to show."""
        return f"page={self.pages[0]}" if self.pages else ""


def read(file: BinaryIO) -> Picture:
    """Return a picture from a file. Raises Unreadable if the file does not begin like one of the formats."""
    with structure.opened(file) as (kind, data):
        orientation = kind.orientation(data)
        if kind is gif and (rewritten := gif.rewritten(data)):
            return Picture(rewritten.data, orientation, pages=rewritten.pages)
        if kind is png:
            frame = png.first_frame(data)
            return Picture(frame.data if frame else file, orientation, profile=png.colour_profile(data), frame=frame)
    return Picture(file, orientation)


def has_plain_inks(header: Any) -> bool:
    """Return whether a picture has the colours of print (CMYK) without a profile that describes them."""
    return header.interpretation == "cmyk" and not header.get_typeof("icc-profile-data")


def thumbnail(picture: Picture, side: int, load_options: str, *, plain_inks: bool, size: str = "down") -> Any:
    """Return libvips' image of a thumbnail of at most `side` × `side` pixels in sRGB. It is not decoded yet.

    `load_options` are those of libvips' loader, for example the number of frames. With the size "force", the picture is
    distorted to exactly `side` × `side`.
    """
    options = {"height": side, "size": size, "no_rotate": True, "export_profile": "srgb"}
    if plain_inks:
        image = _in_plain_inks(picture, side).thumbnail_image(side, **options)
    elif picture.profile or picture.frame:
        image = _converted(picture).thumbnail_image(side, **options)
    else:  # the fastest way, because libvips shrinks during loading if it can
        load = pyvips.Image.thumbnail_source
        image = open_picture(picture.source, load, side, option_string=load_options, **options)
    return _turned(image, picture.orientation)


def pages_of(image: Any, pages: list[int], delays: list[int]) -> Any:
    """Return an animation of these pages of an image, in this order. `delays` has milliseconds for each page."""
    height = image.get("page-height")
    if pages != list(range(image.height // height)):
        shown = [image.crop(0, page * height, image.width, height) for page in pages]
        image = pyvips.Image.arrayjoin(shown, across=1)
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", height)
    image.set_type(pyvips.GValue.array_int_type, "delay", delays)
    return image


def _in_plain_inks(picture: Picture, side: int) -> Any:
    """Return a CMYK picture in sRGB, with each ink as an ideal filter of light, as in browsers."""
    header = open_picture(picture.source)
    times = max(header.width, header.height) / side
    shrink = next((shrink for shrink in JPEG_SHRINKS if times >= 2 * shrink), 1)  # the rest is done at higher quality
    light = open_picture(picture.source, access="sequential", shrink=shrink).invert()
    return (light.extract_band(0, n=3) * (light[3] / 255)).rint().cast("uchar").copy(interpretation="srgb")


def _converted(picture: Picture) -> Any:
    """Return a PNG, converted from its profile to sRGB, with its frame at the right place on the canvas."""
    image = open_picture(picture.source, access="sequential")
    if picture.profile:
        if image.bands < 3:
            image = image.colourspace("rgb16" if image.format == "ushort" else "srgb")
        image = image.copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", picture.profile)
        # Like browsers, this converts 8-bit colours before shrinking, because the mean of a pattern depends on the
        # order. 16-bit colours are converted afterwards: they take 160 ns per pixel, and 8-bit colours 12 ns.
        if image.format == "uchar":
            image = image.icc_transform("srgb", embedded=True)
    if picture.frame:
        frame = picture.frame
        if (image.width, image.height) != (frame.canvas_width, frame.canvas_height):
            image = image if image.hasalpha() else image.addalpha()
            image = image.embed(frame.left, frame.top, frame.canvas_width, frame.canvas_height)
    return image


def _turned(image: Any, orientation: int) -> Any:
    if orientation == 1:
        return image
    image = image.copy_memory().copy()  # decoded first, because libvips can read the lines only once, in order
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image.autorot()
