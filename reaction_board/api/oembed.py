"""oEmbed: chat programs use it to preview a link."""

import sys
from collections.abc import Mapping
from typing import Any

from flask import url_for
from marshmallow import EXCLUDE

from reaction_board.api.schemas.oembed import LinkSchema, PhotoSchema
from reaction_board.errors import ImageNotFound, ServiceUnavailable
from reaction_board.http import links
from reaction_board.http.blueprint import Blueprint
from reaction_board.media.formats import EXTENSIONS
from reaction_board.media.thumbnail import thumbnail_size
from reaction_board.service import images

blp = Blueprint(
    "oembed",
    __name__,
    url_prefix="/api/v1/oembed",
    description="Describe the link of an image for programs that preview links.",
)


@blp.route("")
@blp.raises(ImageNotFound, ServiceUnavailable)
@blp.arguments(LinkSchema, location="query", unknown=EXCLUDE)
@blp.response(200, PhotoSchema)
def describe_link(query: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the link of an image (oEmbed)

    `url` is the image file or, if the image is larger than `maxwidth` or `maxheight`, its thumbnail. `width` and
    `height` are the size to show it in. Unknown parameters are ignored, as oEmbed requires.
    """
    image_id, extension = links.parse(query["url"])
    image = images.find_image(image_id)
    if extension not in (None, EXTENSIONS[image["mime_type"]]):
        raise ImageNotFound
    most = query["maxwidth"] or sys.maxsize, query["maxheight"] or sys.maxsize
    size = image["width"], image["height"]
    thumbnail_path = url_for("thumbnails.get_thumbnail", image_id=image["id"])
    thumbnail = links.picture(thumbnail_path, thumbnail_size(*size, image["frames"]), most)
    fits = size[0] <= most[0] and size[1] <= most[1]
    return {
        "version": "1.0",
        "type": "photo",
        "title": links.title(image),
        "provider_name": links.SITE_NAME,
        "provider_url": links.absolute(url_for("pages.show_board")),
        **(links.picture(links.direct(image), size, most) if fits else thumbnail),
        **{f"thumbnail_{name}": value for name, value in thumbnail.items()},
    }
