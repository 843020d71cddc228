"""The pages: the board, its picker for other pages, the tags, and one for each image, with metadata for previews."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for

from reaction_board.database.tables import Image
from reaction_board.errors import NotFound
from reaction_board.http import documents, links
from reaction_board.media import thumbnail
from reaction_board.service import images

blp = Blueprint("pages", __name__)

MAX_PREVIEW_BYTES = 5_000_000  # chat programs do not fetch larger pictures


@blp.route("/")
def show_board() -> Response:
    """Send the page of the board, which uses the API."""
    return _shell("board.html", max_upload_bytes=current_app.config["MAX_UPLOAD_BYTES"])


@blp.route("/pick")
def show_picker() -> Response:
    """Send the picker for a small frame in pages of PICKER_ORIGINS, which receive the chosen image."""
    origins = current_app.config["PICKER_ORIGINS"]
    if not origins:
        raise NotFound
    response = _shell("picker.html", origins=origins)
    response.headers["Content-Security-Policy"] = documents.policy(frame_ancestors=" ".join(origins))
    return response


@blp.route("/tags")
def show_tags() -> Response:
    """Send the page of the tags, which uses the API."""
    return _shell("tags.html")


@blp.route("/share-target.js")
def get_share_target() -> Response:
    """Send the service worker of the share target. Its path is that of the pages, below which it handles requests."""
    return current_app.send_static_file("board/share-target.js")


@blp.route("/i/<image_id:image_id>")
def show_image(image_id: UUID) -> Response:
    """Send the page of one image: metadata for chat programs, and the picture for people."""
    image = images.find_image(image_id)
    page = links.absolute(url_for("pages.show_image", image_id=image_id))
    return make_response(
        render_template(
            "image.html",
            name=links.SITE_NAME,
            image=image,
            title=links.title(image),
            page=page,
            preview=_preview(image),
            direct=links.direct(image),
            oembed=links.absolute(url_for("oembed.describe_link", url=page)),
        )
    )


def _shell(template: str, **values: Any) -> Response:
    """Return a page that is the same for everyone, or 304 if the browser already has it."""
    response = make_response(render_template(template, **values))
    response.add_etag()
    response.make_conditional(request)
    return response


def _preview(image: Image) -> dict[str, Any]:
    """Return the picture of a link preview: the image itself, unless it is too large for chat programs."""
    size = image["width"], image["height"]
    if image["size_bytes"] > MAX_PREVIEW_BYTES and image["thumbnail_bytes"] != 0:
        path = url_for("thumbnails.get_preview", image_id=image["id"])
        # The type of the preview depends on the `Accept` header of the chat program.
        return {**links.picture(path, thumbnail.thumbnail_size(*size, image["frames"]), size), "type": None}
    return {**links.picture(links.direct(image), size, size), "type": image["mime_type"]}
