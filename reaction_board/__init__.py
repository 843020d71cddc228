"""The Reaction Image Board: the application factory."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from reaction_board import (
    auth,
    check,
    db,
    files,
    health,
    images,
    metrics,
    readiness,
    request_log,
    rest,
    search,
    settings,
    storage,
    tags,
    thumbnails,
)
from reaction_board.web import pages


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application, with the settings in `config` or else those of the environment."""
    app = Flask(__name__, static_folder="web/static", template_folder="web/templates")
    app.config.update(settings.load() if config is None else config)
    request_log.init_app(app)
    api = rest.init_app(app)
    auth.init_app(app)
    db.init_app(app)
    check.init_app(app)
    storage.init_app(app)
    readiness.init_app(app)
    metrics.init_app(app)
    thumbnails.init_app(app)
    for resource in (images, search, files, thumbnails, tags, pages, health):
        api.register_blueprint(resource.blp)
    app.register_blueprint(pages.pages)
    return app
