"""The Reaction Image Board: the application factory."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from reaction_board import api, check, http, settings, storage
from reaction_board.database import engine
from reaction_board.http import auth, request_log
from reaction_board.service import readiness, thumbnails
from reaction_board.web import pages


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application, with the settings in `config` or, without it, those of the environment."""
    app = Flask(__name__, static_folder="web/static", template_folder="web/templates")
    app.config.update(settings.load() if config is None else config)
    request_log.init_app(app)
    rest = http.init_app(app)
    auth.init_app(app)
    engine.init_app(app)
    storage.init_app(app)
    readiness.init_app(app)
    thumbnails.init_app(app)
    if app.config["METRICS"]:
        # Not earlier: when prometheus-client is imported, gunicorn must have said where the workers count.
        from reaction_board.http import metrics

        metrics.init_app(app)
    api.init_app(rest)
    app.register_blueprint(pages.blp)
    check.init_app(app)
    return app
