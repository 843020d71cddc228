"""The names of the board, which are the values that a request may have in `Host`.

The owner of a domain can point it at the board's address (DNS rebinding). A browser then takes the owner's page and the
board for one origin, but it still sends the owner's domain in `Host`.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.sansio.utils import host_is_trusted

from reaction_board.errors import BadRequest

# Monitoring may use any name of the machine for these paths, whose responses are of no use to a page. nginx asks for
# the last one before it accepts an upload.
FOR_ANY_HOST = {"/api/v1/health", "/api/v1/ready", "/metrics", "/may-write"}


def init_app(app: Flask) -> None:
    """Refuse requests whose `Host` is not a name of the board."""
    public = urlsplit(app.config["PUBLIC_URL"] or "").hostname
    names = ["localhost", *([public] if public else []), *map(str.lower, app.config["TRUSTED_HOSTS"] or [])]
    # Flask's own check of this setting covers every path, refuses IP addresses, and does not name the setting.
    app.config["TRUSTED_HOSTS"] = None

    @app.before_request
    def check_host() -> None:
        if request.path not in FOR_ANY_HOST and not is_known(request.headers.get("Host", "").lower(), names):
            raise BadRequest("Host is not a name of this board. Its names are set by TRUSTED_HOSTS and PUBLIC_URL.")


def is_known(host: str, names: Sequence[str]) -> bool:
    """Say whether a `Host` is an IP address or one of the names. A name like `.name` includes its subdomains.

    An IP address is always accepted, because nobody can point it elsewhere.
    """
    if not host_is_trusted(host):  # malformed
        return False
    try:
        ipaddress.ip_address(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return host_is_trusted(host, names)
    return True
