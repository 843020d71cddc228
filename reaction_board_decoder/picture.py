"""Pictures as browsers show them, where libvips alone would show something else."""

from dataclasses import dataclass
from typing import Any, BinaryIO

import pyvips

from reaction_board_decoder import gif, png, structure
from reaction_board_decoder.formats import open_picture

JPEG_SHRINKS = (8, 4, 2)  # by which libjpeg can shrink while it decodes


@dataclass(frozen=True)
class Picture:
    """A picture for libvips to read, and what browsers do with it that libvips does not."""

    source: BinaryIO | bytes  # bytes if libvips is not to read the file itself
    orientation: int  # as EXIF has it, 1 to 8
    pages: list[int] | None = None  # of a GIF, the frames to show; None: all of them
    profile: bytes | None = None  # an ICC profile of the colours
    frame: png.Frame | None = None  # of an animated PNG, the one to show

    @property
    def first_page(self) -> str:
        """The option of libvips' loader that leaves all frames but the first away."""
        return f"page={self.pages[0]}" if self.pages else ""


def read(file: BinaryIO) -> Picture:
    """Return a picture from a file. Raises Unreadable if the file begins like none of the formats."""
    with structure.opened(file) as (kind, data):
        orientation = kind.orientation(data)
        if kind is gif and (rewritten := gif.rewritten(data)):
            return Picture(rewritten.data, orientation, pages=rewritten.pages)
        if kind is png:
            frame = png.first_frame(data)
            return Picture(frame.data if frame else file, orientation, profile=png.colour_profile(data), frame=frame)
    return Picture(file, orientation)


def has_plain_inks(header: Any) -> bool:
    """Return whether a picture has the colours of print, and no profile says how they look."""
    return header.interpretation == "cmyk" and not header.get_typeof("icc-profile-data")


def thumbnail(picture: Picture, side: int, load_options: str, *, plain_inks: bool, size: str = "down") -> Any:
    """Return libvips' image of a thumbnail of at most `side` × `side` pixels in sRGB. It is not decoded yet.

    The options are those of libvips' loader, for example the number of frames. With the size "force", it is distorted
    to exactly `side` × `side`.
    """
    options = {"height": side, "size": size, "no_rotate": True, "export_profile": "srgb"}
    if plain_inks:
        image = _in_plain_inks(picture, side).thumbnail_image(side, **options)
    elif picture.profile or picture.frame:
        image = _converted(picture).thumbnail_image(side, **options)
    else:  # the quickest: libvips shrinks while it loads, if it can
        load = pyvips.Image.thumbnail_source
        image = open_picture(picture.source, load, side, option_string=load_options, **options)
    return _turned(image, picture.orientation)


def pages_of(image: Any, pages: list[int], delays: list[int]) -> Any:
    """Return an animation of these pages of an image, in this order, which show for that many milliseconds each."""
    height = image.get("page-height")
    if pages != list(range(image.height // height)):
        shown = [image.crop(0, page * height, image.width, height) for page in pages]
        image = pyvips.Image.arrayjoin(shown, across=1)
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", height)
    image.set_type(pyvips.GValue.array_int_type, "delay", delays)
    return image


def _in_plain_inks(picture: Picture, side: int) -> Any:
    """Return a picture in CMYK with each ink as an ideal filter of light, which is what browsers make of it."""
    header = open_picture(picture.source)
    times = max(header.width, header.height) / side
    shrink = next((shrink for shrink in JPEG_SHRINKS if times >= 2 * shrink), 1)  # the rest is done with more care
    light = open_picture(picture.source, access="sequential", shrink=shrink).invert()
    return (light.extract_band(0, n=3) * (light[3] / 255)).rint().cast("uchar").copy(interpretation="srgb")


def _converted(picture: Picture) -> Any:
    """Return a PNG in the colours of its profile, converted to sRGB, with its frame in its place."""
    image = open_picture(picture.source, access="sequential")
    if picture.profile:
        if image.bands < 3:
            image = image.colourspace("rgb16" if image.format == "ushort" else "srgb")
        image = image.copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", picture.profile)
        # Before it is shrunk, as in browsers: the mean of a pattern depends on it. Of 16 bits, afterwards: those take
        # 160 ns a pixel, 8 bits 12.
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
    image = image.copy_memory().copy()  # of a thumbnail: libvips reads the lines from the first to the last, once
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image.autorot()
