"""The API's routes, one module for each resource, and the schemas of their requests and responses."""

from reaction_board.api import files, health, images, oembed, search, similar, tags, thumbnails
from reaction_board.http.envelope import Api


def init_app(api: Api) -> None:
    """Register the routes, in the order of the OpenAPI document."""
    for resource in (images, search, similar, files, thumbnails, tags, oembed, health):
        api.register_blueprint(resource.blp)
