"""From drawings in SVG to pictures and films, with libvips alone."""

import math
from collections.abc import Callable
from typing import Any

import pyvips

DEFINITIONS = """<defs>
<filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="8"/></filter>
<filter id="haze" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="2.5"/></filter>
<filter id="glow" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="22"/></filter>
</defs>"""


def gradient(name: str, *stops: str, radial: bool = False) -> str:
    """Return the definition of a gradient of evenly spaced colours: from the top down, or from the light outwards."""
    marks = "".join(f'<stop offset="{n / (len(stops) - 1):.3f}" stop-color="{stop}"/>' for n, stop in enumerate(stops))
    if radial:
        return f'<radialGradient id="{name}" cx=".38" cy=".3" r=".8">{marks}</radialGradient>'
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">{marks}</linearGradient>'


def ground(width: float, height: float, *colours: str) -> str:
    """Return a background that goes from one colour to the next."""
    return gradient("ground", *colours) + f'<rect width="{width}" height="{height}" fill="url(#ground)"/>'


def at(x: float, y: float, drawing: str, scale: float = 1, turn: float = 0) -> str:
    """Return a drawing with its origin at a place, larger or smaller, turned by degrees."""
    return f'<g transform="translate({x:.2f},{y:.2f}) rotate({turn:.2f}) scale({scale:.4f})">{drawing}</g>'


def still(width: int, height: int, drawing: str, *, grain: float = 0) -> pyvips.Image:
    """Return a drawing as a picture; `grain` is that of a film, in steps of 255. Transparent where nothing is drawn."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{DEFINITIONS}{drawing}</svg>'
    # The decoder, which some tests import, blocks this for its own process.
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    image = pyvips.Image.svgload_buffer(svg.encode())
    if not grain:
        return image
    image = image.flatten()
    noise = pyvips.Image.gaussnoise(width, height, sigma=grain, mean=0, seed=7)
    x, y = (pyvips.Image.xyz(width, height)[axis] / side - 0.5 for axis, side in ((0, width), (1, height)))
    vignette = 1.04 - (x * x + y * y) * 0.5
    return (image * vignette + noise).cast("uchar").copy(interpretation="srgb")


def wave(time: float, times: float = 1, shift: float = 0) -> float:
    """Return a swing from -1 to 1 that goes to and fro so many times."""
    return math.sin((time * times + shift) * math.tau)


def film(width: int, height: int, frames: int, draw: Callable[[float], str], milliseconds: int = 70) -> pyvips.Image:
    """Return an animation that loops: `draw` is called with the time, from 0 to just before 1."""
    pictures = [still(width, height, draw(number / frames)) for number in range(frames)]
    strip = pyvips.Image.arrayjoin(pictures, across=1).copy(interpretation="srgb")
    strip.set_type(pyvips.GValue.gint_type, "page-height", height)
    strip.set_type(pyvips.GValue.array_int_type, "delay", [milliseconds] * frames)
    return strip


def encode(image: pyvips.Image, filename: str) -> bytes:
    """Return the bytes of a file of the type that its name says."""
    suffix = filename.rpartition(".")[2]
    options: dict[str, dict[str, Any]] = {
        "jpg": {"Q": 84, "background": [255, 255, 255]},
        "webp": {"Q": 80},
        "gif": {"dither": 0.4},
        "png": {},
    }
    data: bytes = image.write_to_buffer(f".{suffix}", **options[suffix])
    return data


Draw = Callable[[], pyvips.Image]
DRAWINGS: list[tuple[str, tuple[str, ...], Draw]] = []  # filename, tags, and what draws it


def drawing(filename: str, *tags: str) -> Callable[[Draw], Draw]:
    """Add what a function draws to the pictures, under that name."""

    def add(draw: Draw) -> Draw:
        DRAWINGS.append((filename, tags, draw))
        return draw

    return add
