"""Links to images, for programs that show them elsewhere: Open Graph and oEmbed."""

import math
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from flask import current_app, request, url_for

from reaction_board.errors import ImageNotFound
from reaction_board.http.arguments import ImageIdConverter
from reaction_board.media.formats import EXTENSIONS

SITE_NAME = "Reaction Image Board"

_LINK = rf"/i/([^/]+?)({'|'.join(map(re.escape, EXTENSIONS.values()))})?"

Size = tuple[int, int]  # width and height in pixels


def absolute(path: str) -> str:
    """Return the public URL of a path: under PUBLIC_URL or, without it, under the host of this request."""
    if public_url := current_app.config["PUBLIC_URL"]:
        return str(public_url.rstrip("/") + path.removeprefix(request.script_root))
    return request.host_url.rstrip("/") + path


def direct(image: Any) -> str:
    """Return the path of an image file with its extension, by which many programs recognize pictures."""
    return url_for("files.get_direct_link", image_id=image["id"], extension=EXTENSIONS[image["mime_type"]][1:])


def picture(path: str, size: Size, most: Size) -> dict[str, Any]:
    """Return `url`, `width` and `height` of a picture of that size, scaled down to `most` if it is larger."""
    scale = min(1.0, most[0] / size[0], most[1] / size[1])
    width, height = (max(1, math.floor(side * scale)) for side in size)
    return {"url": absolute(path), "width": width, "height": height}


def title(image: Any) -> str:
    """Return the title of an image in a link preview: its tags or, without tags, its filename."""
    return ", ".join(image["tags"]) or str(image["filename"])


def parse(url: str) -> tuple[UUID, str | None]:
    """Return the id in a link to an image, and its extension: `/i/{id}`, `/i/{id}.{extension}` or `/?image={id}`.

    The host is ignored, because a board may have several names. Raises ImageNotFound.
    """
    try:
        link = urlsplit(url)
    except ValueError:
        raise ImageNotFound from None
    path, extension = link.path.removeprefix(request.script_root), None
    if path in ("", "/"):
        text = parse_qs(link.query).get("image", [""])[0]
    elif match := re.fullmatch(_LINK, path):
        text, extension = match.groups()
    else:
        raise ImageNotFound
    return ImageIdConverter(current_app.url_map).to_python(text), extension
