"""Drawn pictures with structure, like those of a board of reactions. Each number gives a different picture.

Photographs (noise of all sizes, coarser noise stronger, as in nature), desktop backgrounds (soft gradients and a few
shapes), faces with a caption, drawn on one of these, and screenshots (boxes and lines of text).
"""

import math
import random
from typing import Any

import pyvips

Colour = list[int]
WHITE, BLACK = [255] * 3, [0] * 3
SHARE_OF_STROKES, SHARE_INSIDE_WORDS = 0.7, 0.8


def drawing(number: int, width: int = 640, height: int = 480) -> Any:
    """Return the picture of a number, as an image of libvips in sRGB."""
    chance = random.Random(number)
    draw = (_photograph, _background, _face, _screenshot)[number % 4]
    image = draw(chance, width, height).cast("uchar").copy(interpretation="srgb")
    return image.copy_memory()


class Canvas:
    """Pixels to draw on. libvips would copy all of them for each shape."""

    def __init__(self, width: int, height: int, pixels: bytes) -> None:
        self.width, self.height = width, height
        self._pixels = bytearray(pixels)

    def image(self) -> Any:
        """Return the drawing as an image of libvips."""
        image = pyvips.Image.new_from_memory(bytes(self._pixels), self.width, self.height, 3, "uchar")
        return image.copy(interpretation="srgb")

    def rectangle(self, colour: Colour, left: int, top: int, width: int, height: int) -> None:
        """Fill a rectangle, as far as it is on the canvas."""
        for y in range(max(0, top), min(self.height, top + height)):
            self._line(colour, y, left, left + width)

    def disc(self, colour: Colour, x: float, y: float, radius: float) -> None:
        """Fill a circle, as far as it is on the canvas."""
        for line in range(max(0, round(y - radius)), min(self.height, round(y + radius))):
            half = math.sqrt(max(0, radius**2 - (line - y) ** 2))
            self._line(colour, line, round(x - half), round(x + half))

    def _line(self, colour: Colour, y: int, left: int, right: int) -> None:
        left, right = max(0, left), min(self.width, right)
        if left < right:
            at = y * self.width
            self._pixels[(at + left) * 3 : (at + right) * 3] = bytes(colour) * (right - left)

    def write(self, chance: random.Random, top: int, size: int, ink: Colour, edge: Colour | None = None) -> None:
        """Write a line that nobody can read: letters are strokes at the left, top, middle and right of a box."""
        thick, wide, margin = max(1, size // 8), size * 6 // 10, self.width // 12
        strokes = [
            (0, 0, thick, size),
            (0, 0, wide, thick),
            (0, size // 2, wide, thick),
            (wide - thick, 0, thick, size),
        ]
        left = margin
        while left < self.width - margin - size:
            letter = [stroke for stroke in strokes if chance.random() < SHARE_OF_STROKES]
            more = max(1, thick // 2)
            for x, y, w, h in letter if edge else ():
                self.rectangle(edge or ink, left + x - more, top + y - more, w + 2 * more, h + 2 * more)
            for x, y, w, h in letter:
                self.rectangle(ink, left + x, top + y, w, h)
            left += wide + (size // 5 if chance.random() < SHARE_INSIDE_WORDS else wide)


def captioned(image: Any, chance: random.Random) -> Any:
    """Return a picture with a line of white letters with black edges at its top and another one at its bottom."""
    canvas = Canvas(image.width, image.height, image.write_to_memory())
    size = max(6, image.height // 10)
    for top in (size // 3, image.height - size - size // 3):
        canvas.write(chance, top, size, WHITE, BLACK)
    return canvas.image()


def _colour(chance: random.Random) -> Colour:
    return [chance.randrange(256) for _ in range(3)]


def _noise(chance: random.Random, width: int, height: int, cells: int) -> Any:
    """Return smooth noise around 0 with so many bumps in each direction."""
    small = pyvips.Image.gaussnoise(cells + 4, cells + 4, mean=0, sigma=1, seed=chance.randrange(2**31))
    large = small.resize((width + 8) / cells, vscale=(height + 8) / cells, kernel="cubic")
    return large.crop((large.width - width) // 2, (large.height - height) // 2, width, height)


def _photograph(chance: random.Random, width: int, height: int) -> Any:
    light = pyvips.Image.black(width, height)
    fall = chance.uniform(0.5, 0.9)
    for octave in range(7):
        light += _noise(chance, width, height, 2 << octave) * 45 * fall**octave
    horizon = chance.uniform(-60, 60)
    light += (pyvips.Image.xyz(width, height)[1] / height - 0.5) * horizon
    tint = [chance.uniform(0.7, 1.2) for _ in range(3)]
    return (light + chance.randrange(90, 160)).bandjoin([light + 120, light + 110]) * tint


def _background(chance: random.Random, width: int, height: int) -> Any:
    place = pyvips.Image.xyz(width, height)
    slope = place[0] * (chance.uniform(-1, 1) / width) + place[1] * (chance.uniform(-1, 1) / height)
    first, second = _colour(chance), _colour(chance)
    image = slope.bandjoin([slope, slope]) * [b - a for a, b in zip(first, second, strict=True)] + first
    for _ in range(chance.randint(3, 8)):
        x, y, radius = chance.uniform(0, width), chance.uniform(0, height), chance.uniform(0.1, 0.5) * height
        if chance.choice([True, False]):
            inside = ((place[0] - x) ** 2 + (place[1] - y) ** 2) < radius**2
        else:
            inside = ((place[0] - x) * chance.uniform(-1, 1) + (place[1] - y)).abs() < radius / 3
        image = inside.ifthenelse(_colour(chance), image)
    return image


def _face(chance: random.Random, width: int, height: int) -> Any:
    scene = chance.choice([_photograph, _background])(chance, width, height).cast("uchar")
    canvas = Canvas(width, height, scene.write_to_memory())
    unit = height * chance.uniform(0.25, 0.4)
    x, y = width * chance.uniform(0.3, 0.7), height * chance.uniform(0.4, 0.6)

    def disc(dx: float, dy: float, radius: float, colour: Colour) -> None:
        canvas.disc(colour, x + dx * unit, y + dy * unit, radius * unit)

    disc(0, 0, 1, _colour(chance))
    eyes, look = chance.uniform(0.15, 0.3), chance.uniform(-0.1, 0.1)
    apart, high = chance.uniform(0.3, 0.5), -chance.uniform(0.1, 0.4)
    for side in (-1, 1):
        disc(side * apart, high, eyes, WHITE)
        disc(side * apart + look, high + look, eyes / 2, BLACK)
    disc(0, chance.uniform(0.4, 0.6), chance.uniform(0.1, 0.35), _colour(chance))
    for _ in range(chance.randint(0, 4)):
        disc(chance.uniform(-2, 2), chance.uniform(-1.2, 1.2), chance.uniform(0.1, 0.6), _colour(chance))
    return captioned(canvas.image(), chance)


def _screenshot(chance: random.Random, width: int, height: int) -> Any:
    paper, ink = chance.choice([([30] * 3, [230] * 3), ([245] * 3, [20] * 3)])
    canvas = _blank(width, height, paper)
    for _ in range(chance.randint(3, 9)):
        left, top = chance.randrange(width * 9 // 10), chance.randrange(height * 9 // 10)
        box = chance.randrange(width // 10, width // 2), chance.randrange(height // 12, height // 2)
        canvas.rectangle(_colour(chance), left, top, *box)
    top = chance.randrange(height // 4)
    while top < height * 4 // 5:
        size = max(4, height // chance.randint(14, 30))
        canvas.write(chance, top, size, ink)
        top += size * 2 + chance.randrange(height // 5)
    return canvas.image()


def _blank(width: int, height: int, colour: Colour) -> Canvas:
    return Canvas(width, height, bytes(colour) * (width * height))
