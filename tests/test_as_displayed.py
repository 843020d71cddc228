"""Sizes and thumbnails are what browsers display: Chromium and the board are shown the same odd pictures."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import pyvips

from tests.board import Board
from tests.browser import CHROMIUM, chromium
from tests.odd_pictures import CORPUS
from tests.pictures import MIME_TYPES

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine: apt install chromium"),
    pytest.mark.slow,
]

MEAN = 4  # its column in libvips' statistics; the first row is that of all bands
TOLERANCE = 8  # of 255, in the mean of a quadrant
# Chromium's size of a picture, and the means of the quadrants of each of its frames: red, green and blue times alpha,
# and alpha. Only the decoder of WebCodecs gives the frames of an animation, and only to pages that are secure.
MEASURE = """
async pictures => {
  const quadrants = (source, width, height) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    const [x, y] = [width >> 1, height >> 1];
    return [[0, 0, x, y], [x, 0, width - x, y], [0, y, x, height - y], [x, y, width - x, height - y]].map(area => {
      const sums = [0, 0, 0, 0];
      const { data } = context.getImageData(...area);
      for (let at = 0; at < data.length; at += 4) {
        for (let band = 0; band < 3; band++) sums[band] += data[at + band] * data[at + 3] / 255;
        sums[3] += data[at + 3];
      }
      return sums.map(sum => sum * 4 / data.length);
    });
  };
  const measured = {};
  for (const [name, type, text] of pictures) {
    const data = await (await fetch(`data:${type};base64,${text}`)).arrayBuffer();
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([data], { type }));
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const frames = [quadrants(image, width, height)];
    if (["image/gif", "image/webp"].includes(type)) {
      const decoder = new ImageDecoder({ data, type });
      await decoder.tracks.ready;
      await decoder.completed;
      for (let frameIndex = 1; frameIndex < decoder.tracks.selectedTrack.frameCount; frameIndex++) {
        frames.push(quadrants((await decoder.decode({ frameIndex })).image, width, height));
      }
    }
    measured[name] = { width, height, frames };
  }
  return measured;
}
"""


def test_sizes_and_thumbnails_are_those_of_chromium(board: Board) -> None:
    pictures = {name: make() for name, make in CORPUS.items()}
    displayed = displayed_by_chromium(pictures)
    differences = {name: difference(board, data, displayed[name]) for name, data in pictures.items()}
    assert {name: text for name, text in differences.items() if text} == {}


def displayed_by_chromium(pictures: dict[str, bytes]) -> dict[str, Any]:
    with chromium() as browser:
        page = browser.new_page()
        page.route("**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto("http://localhost/")
        texts = [[name, mime_type(name), base64.b64encode(data).decode()] for name, data in pictures.items()]
        measured: dict[str, Any] = page.evaluate(MEASURE, texts)
        return measured


def mime_type(name: str) -> str:
    """Return the type of a picture, which is the first word of its name."""
    return MIME_TYPES[{"JPEG": "jpg"}.get(name.split()[0], name.split()[0].lower())]


def difference(board: Board, data: bytes, displayed: dict[str, Any]) -> str:
    """Return the differences between the board and Chromium for a picture, in words."""
    image = board.added(data=data, declared="")
    size, expected = (image["width"], image["height"]), (displayed["width"], displayed["height"])
    if size != expected:
        return f"{size} is not {expected}"
    frames = list(frames_of(board.get(f"/images/{image['id']}/thumbnail").data))
    if len(frames) != len(displayed["frames"]):
        return f"{len(frames)} frames, not {len(displayed['frames'])}"
    for number, (ours, theirs) in enumerate(zip(frames, displayed["frames"], strict=True)):
        worst = max(abs(a - b) for p, q in zip(ours, theirs, strict=True) for a, b in zip(p, q, strict=True))
        if worst > TOLERANCE:
            return f"frame {number}: {rounded(ours)} is not {rounded(theirs)}"
    return ""


def frames_of(thumbnail: bytes) -> Iterator[list[list[float]]]:
    """Yield the means of the quadrants of each frame."""
    film = pyvips.Image.new_from_buffer(thumbnail, "n=-1")
    film = (film if film.hasalpha() else film.addalpha()).premultiply()
    width, height = film.width, film.get_page_height()
    x, y = width // 2, height // 2
    areas = [(0, 0, x, y), (x, 0, width - x, y), (0, y, x, height - y), (x, y, width - x, height - y)]
    for top in range(0, film.height, height):
        parts = (film.crop(left, top + down, wide, high).stats() for left, down, wide, high in areas)
        yield [[part.getpoint(MEAN, 1 + band)[0] for band in range(4)] for part in parts]


def rounded(quadrants: list[list[float]]) -> list[list[int]]:
    return [[round(value) for value in quadrant] for quadrant in quadrants]
