"""The headers of the reverse proxy in front of the application.

A client could send the same headers. So they count only on a connection from an address in `FORWARDED_ALLOW_IPS`, or
through a unix socket, which only this machine can open. The proxy must replace the headers that its clients send.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, current_app, request

from reaction_board.errors import BadRequest
from reaction_board.settings import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def init_app(app: Flask) -> None:
    """Serve the board under a path such as /board, with which every link begins.

    `X-Forwarded-Prefix` names the path if the proxy removes it from the URL of the request. Otherwise the path is that
    of `PUBLIC_URL`, and this function removes it from the request if the proxy did not.
    """
    at_root = app.wsgi_app
    public_path = urlsplit(app.config["PUBLIC_URL"] or "").path.rstrip("/")

    # Flask reads SCRIPT_NAME, WSGI's variable for this path, before it calls any hook.
    def under_path(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if prefix := _forwarded_prefix(environ, app):
            environ["SCRIPT_NAME"] = prefix
        elif public_path:
            environ["SCRIPT_NAME"] = public_path
            if f"{environ['PATH_INFO']}/".startswith(f"{public_path}/"):
                environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(public_path)
        return at_root(environ, start_response)

    app.wsgi_app = under_path  # type: ignore[method-assign]  # as Flask's documentation recommends

    @app.before_request
    def refuse_odd_prefix() -> None:
        if _forwarded_prefix(request.environ, app) is None:
            raise BadRequest("The proxy must send a path such as /board in X-Forwarded-Prefix.")


def _forwarded_prefix(environ: "WSGIEnvironment", app: Flask) -> str | None:
    """Return the path that a trusted proxy names, without a slash at its end, or None if it is malformed."""
    prefix: str = environ.get("HTTP_X_FORWARDED_PREFIX", "")
    if not prefix or not _is_trusted(environ, app):
        return ""
    return prefix.rstrip("/") if re.fullmatch(PREFIX, prefix) else None


def _is_trusted(environ: "WSGIEnvironment", app: Flask) -> bool:
    """Say whether a request comes from a trusted proxy."""
    trusted = app.config["FORWARDED_ALLOW_IPS"]
    if "*" in trusted or not environ.get("REMOTE_ADDR"):  # a unix socket has no address
        return True
    address = ipaddress.ip_address(environ["REMOTE_ADDR"])
    return any(address in ipaddress.ip_network(network) for network in trusted)


def request_id() -> str:
    """Return the request's id from the proxy or, without one, a new id."""
    given = request.headers.get("X-Request-ID", "")
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) and _is_trusted(request.environ, current_app):
        return given
    return uuid4().hex


def sends_files() -> bool:
    """Say whether the proxy can send a file that a response names in `X-Accel-Redirect`.

    nginx does so, and announces it with the header `X-Sendfile-Type`, as for Rack's Sendfile.
    """
    header = request.headers.get("X-Sendfile-Type")
    return header == "X-Accel-Redirect" and _is_trusted(request.environ, current_app)
