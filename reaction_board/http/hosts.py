"""The names of the board: which `Host` a request may have.

The owner of a domain can point it at this board's address (DNS rebinding). To a browser, his page and the board are
then of one origin. The browser still names his domain in `Host`.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.sansio.utils import host_is_trusted

from reaction_board.errors import BadRequest

# Monitoring asks these by whatever name it knows the machine by. They say nothing that a page could use. nginx asks
# the last one before it takes an upload.
FOR_ANY_HOST = {"/api/v1/health", "/api/v1/ready", "/metrics", "/may-write"}


def init_app(app: Flask) -> None:
    """Refuse requests for a host that is not the board."""
    public = urlsplit(app.config["PUBLIC_URL"] or "").hostname
    names = ["localhost", *([public] if public else []), *map(str.lower, app.config["TRUSTED_HOSTS"] or [])]
    # Flask would check this setting itself: on every path, without address literals, and without naming the setting.
    app.config["TRUSTED_HOSTS"] = None

    @app.before_request
    def check_host() -> None:
        if request.path not in FOR_ANY_HOST and not is_known(request.headers.get("Host", "").lower(), names):
            raise BadRequest("The Host of the request is not a name of this board: see TRUSTED_HOSTS and PUBLIC_URL.")


def is_known(host: str, names: Sequence[str]) -> bool:
    """Say whether a `Host` is one of the names (`.name`: or one below it) or the literal of an address.

    A literal is always fine: nobody can point an address elsewhere.
    """
    if not host_is_trusted(host):  # malformed
        return False
    try:
        ipaddress.ip_address(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return host_is_trusted(host, names)
    return True
