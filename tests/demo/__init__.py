"""Reaction images for demonstrations, drawn here: faces, animals, memes, scenes and films, the same on every machine."""

from collections.abc import Iterator

from tests.demo import cards, memes, moving_faces, moving_things, portraits, scenes  # noqa: F401  # they add their drawings
from tests.demo.canvas import DRAWINGS, encode

__all__ = ["DRAWINGS", "encode", "pictures"]


def pictures() -> Iterator[tuple[str, tuple[str, ...], bytes]]:
    """Yield filename, tags and bytes of each picture, some fifty: the four types, stills and films, tall and wide."""
    for filename, tags, draw in DRAWINGS:
        yield filename, tags, encode(draw(), filename)
