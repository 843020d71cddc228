"""Pictures as they come back from chat programs: thirteen ways to mangle one."""

import random
from collections.abc import Callable
from typing import Any

from tests.drawings import captioned


def _written(image: Any, suffix: str, **options: Any) -> bytes:
    data: bytes = image.write_to_buffer(suffix, **options)
    return data


def _resized(image: Any, scale: float) -> Any:
    return image.resize(scale)


def _cropped(image: Any, share: float) -> Any:
    """Crop a share of the width and of the height, half of it on each side."""
    left, top = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop(left, top, image.width - 2 * left, image.height - 2 * top)


def _bordered(image: Any) -> Any:
    """Add a black border of 3 pixels."""
    return image.embed(3, 3, image.width + 6, image.height + 6, background=[0] * image.bands)


def _saved(change: Callable[[Any], Any], suffix: str = ".png", **options: Any) -> Callable[[Any], bytes]:
    return lambda image: _written(change(image).cast("uchar").copy(interpretation="srgb"), suffix, **options)


def _same(image: Any) -> Any:
    return image


# Each function takes an image in sRGB and returns a file.
WAYS: dict[str, Callable[[Any], bytes]] = {
    "half the size": _saved(lambda image: _resized(image, 1 / 2)),
    "a fifth of the size": _saved(lambda image: _resized(image, 1 / 5)),
    "JPEG 40": _saved(_same, ".jpg", Q=40),
    "JPEG 15": _saved(_same, ".jpg", Q=15),
    "WebP 50": _saved(_same, ".webp", Q=50),
    "GIF": _saved(_same, ".gif"),
    "brightness +10 %": _saved(lambda image: image * 1.1),
    "contrast +10 %": _saved(lambda image: (image - 128) * 1.1 + 128),
    "half the size, JPEG 40": _saved(lambda image: _resized(image, 1 / 2), ".jpg", Q=40),
    "cropped 2 %": _saved(lambda image: _cropped(image, 0.02)),
    "cropped 5 %": _saved(lambda image: _cropped(image, 0.05)),
    "border of 3 pixels": _saved(_bordered),
    "caption added": _saved(lambda image: captioned(image, random.Random(3))),  # noqa: S311 - not a secret
}
