"""Absolute links to images, for those who show them elsewhere: Open Graph and oEmbed."""

import math
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from flask import current_app, request, url_for

from reaction_board.errors import ImageNotFound
from reaction_board.http.arguments import ImageIdConverter

SITE_NAME = "Reaction Image Board"

Size = tuple[int, int]  # width and height in pixels


def absolute(endpoint: str, **values: Any) -> str:
    """Return the URL of a route as others reach it: under PUBLIC_URL, or else as this request came in."""
    base = current_app.config["PUBLIC_URL"] or request.host_url
    return base.rstrip("/") + url_for(endpoint, **values)


def picture(endpoint: str, image_id: UUID, size: Size, most: Size) -> dict[str, Any]:
    """Return `url`, `width` and `height` of a picture of that size, scaled down to `most` if it is larger."""
    scale = min(1.0, most[0] / size[0], most[1] / size[1])
    width, height = (max(1, math.floor(side * scale)) for side in size)
    return {"url": absolute(endpoint, image_id=image_id), "width": width, "height": height}


def title(image: Any) -> str:
    """Return what an image is called where its link is shown: its tags, or else its filename."""
    return ", ".join(image["tags"]) or str(image["filename"])


def image_id(url: str) -> UUID:
    """Return the id in the link of an image, `/i/{id}` or `/?image={id}`, on any host: a board may have several names.

    Raises ImageNotFound.
    """
    try:
        link = urlsplit(url)
    except ValueError:
        raise ImageNotFound from None
    before, _, text = link.path.rpartition("/")
    if link.path == "/":
        before, text = "/i", parse_qs(link.query).get("image", [""])[0]
    if before != "/i":
        raise ImageNotFound
    return ImageIdConverter(current_app.url_map).to_python(text)
