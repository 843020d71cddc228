"""What people look at: the board, and a page for each image that unfolds where its link is pasted."""

import math
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import flask
from flask import Response, current_app, make_response, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from sqlalchemy import RowMapping

from reaction_board import db, queries
from reaction_board.errors import ImageNotFound, ServiceUnavailable
from reaction_board.rendering import thumbnail_size
from reaction_board.rest import Blueprint, ImageIdConverter, PlainInteger

pages = flask.Blueprint("pages", __name__)
blp = Blueprint("oembed", __name__, url_prefix="/api/v1/oembed", description="What chat programs ask about a link")

NAME = "Reaction Image Board"
MAX_PREVIEW_BYTES = 5_000_000
# Nothing from elsewhere, nothing inline, in no frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)


@pages.after_request
def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-cache"
    return response


@pages.route("/")
def show_board() -> Response:
    """Send the page of the board; the rest it does by the API."""
    return current_app.send_static_file("board/index.html")


@pages.route("/i/<image_id:image_id>")
def show_image(image_id: UUID) -> Response:
    """Send the page of one image: what chat programs read of it, and a picture for people."""
    with db.connect() as connection:
        image = queries.find_image(connection, image_id)
    page = _absolute("pages.show_image", image_id=image_id)
    return make_response(
        render_template(
            "image.html",
            name=NAME,
            image=image,
            title=_title(image),
            page=page,
            preview=_preview(image),
            oembed=f"{_absolute('oembed.describe_link')}?{urlencode({'url': page})}",
        )
    )


class LinkSchema(Schema):
    """A question of oEmbed."""

    url = fields.String(
        required=True, metadata={"format": "uri", "description": "the link of an image, `/i/{id}` or `/?image={id}`"}
    )
    maxwidth = PlainInteger(load_default=None, validate=validate.Range(1, 2**31), metadata={"description": "pixels"})
    maxheight = PlainInteger(load_default=None, validate=validate.Range(1, 2**31), metadata={"description": "pixels"})
    format = fields.String(load_default="json", validate=validate.OneOf(["json"]))


class PhotoSchema(Schema):
    """An answer of oEmbed 1.0: a photo."""

    version = fields.String(required=True)
    type = fields.String(required=True, metadata={"enum": ["photo"]})
    title = fields.String(required=True)
    provider_name = fields.String(required=True)
    provider_url = fields.String(required=True, metadata={"format": "uri"})
    url = fields.String(required=True, metadata={"format": "uri", "description": "the picture"})
    width = fields.Integer(required=True, metadata={"minimum": 1, "description": "pixels"})
    height = fields.Integer(required=True, metadata={"minimum": 1, "description": "pixels"})
    thumbnail_url = fields.String(required=True, metadata={"format": "uri"})
    thumbnail_width = fields.Integer(required=True, metadata={"minimum": 1, "description": "pixels"})
    thumbnail_height = fields.Integer(required=True, metadata={"minimum": 1, "description": "pixels"})


@blp.route("")
@blp.raises(ImageNotFound, ServiceUnavailable)
@blp.arguments(LinkSchema, location="query", unknown=EXCLUDE)
@blp.response(200, PhotoSchema)
def describe_link(query: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the link of an image (oEmbed)

    The picture is the image itself or, where it is larger than asked for, its thumbnail, and is to be shown in the size
    that is told. Other parameters than these are ignored, as oEmbed wants it.
    """
    with db.connect() as connection:
        image = queries.find_image(connection, _image_id(query["url"]))
    most = query["maxwidth"] or sys.maxsize, query["maxheight"] or sys.maxsize
    size, small = (image["width"], image["height"]), thumbnail_size(image["width"], image["height"])
    thumbnail = _picture("thumbnails.get_thumbnail", image, small, most)
    fits = size[0] <= most[0] and size[1] <= most[1]
    return {
        "version": "1.0",
        "type": "photo",
        "title": _title(image),
        "provider_name": NAME,
        "provider_url": _absolute("pages.show_board"),
        **(_picture("files.get_file", image, size, most) if fits else thumbnail),
        **{f"thumbnail_{name}": value for name, value in thumbnail.items()},
    }


def _picture(endpoint: str, image: RowMapping, size: tuple[int, int], most: tuple[int, int]) -> dict[str, Any]:
    """Return where a picture is, and in which size to show it: its own, or the largest that is allowed."""
    scale = min(1.0, most[0] / size[0], most[1] / size[1])
    width, height = (max(1, math.floor(side * scale)) for side in size)
    return {"url": _absolute(endpoint, image_id=image["id"]), "width": width, "height": height}


def _image_id(url: str) -> UUID:
    """Return the id in the link of an image, whatever the host is: a board may have several names."""
    try:
        link = urlsplit(url)
    except ValueError:
        raise ImageNotFound from None
    before, _, image_id = link.path.rpartition("/")
    if link.path == "/":  # as the board itself shows an image
        before, image_id = "/i", parse_qs(link.query).get("image", [""])[0]
    if before != "/i":
        raise ImageNotFound
    return ImageIdConverter(current_app.url_map).to_python(image_id)


def _preview(image: RowMapping) -> dict[str, Any]:
    """Return the picture that unfolds: the image itself, unless it is larger than chat programs fetch."""
    size = image["width"], image["height"]
    if image["size_bytes"] > MAX_PREVIEW_BYTES and image["thumbnail_bytes"] != 0:
        picture = _picture("thumbnails.get_thumbnail", image, thumbnail_size(*size), size)
        return {**picture, "type": "image/webp"}
    return {**_picture("files.get_file", image, size, size), "type": image["mime_type"]}


def _title(image: RowMapping) -> str:
    return ", ".join(image["tags"]) or image["filename"]


def _absolute(endpoint: str, **values: Any) -> str:
    """Return the URL of a route, as others reach it: by PUBLIC_URL, or as this request came, by a trusted proxy."""
    base = current_app.config["PUBLIC_URL"] or request.host_url
    return base.rstrip("/") + url_for(endpoint, **values)
