"""Refuses writes from pages of other sites, which a browser sends without asking the user (CSRF).

The rules are those of Go's net/http.CrossOriginProtection. Browsers say in `Sec-Fetch-Site` where a request comes from.
Old browsers leave the header out, and so do others over plain HTTP, except to localhost. Then `Origin` is compared with
`Host`. Other clients send neither header.
"""

import re
from collections.abc import Collection

from flask import Flask, Request, request

from reaction_board.errors import CrossOrigin

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
PORTS = {"http": 80, "https": 443}
ORIGIN = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)

Origin = tuple[str, int]  # host and port


def init_app(app: Flask) -> None:
    """Refuse writes from pages of other sites."""
    allowed = app.config["CORS_ORIGINS"]
    public_url = re.match(r"https?://[^/?#]+", app.config["PUBLIC_URL"] or "", re.IGNORECASE)
    public = _parse(public_url[0].lower()) if public_url else None

    @app.before_request
    def refuse_foreign_pages() -> None:
        if request.method not in SAFE_METHODS and _is_foreign(request, allowed, public):
            raise CrossOrigin


def _is_foreign(request: Request, allowed: Collection[str], public: tuple[str, Origin] | None) -> bool:
    """Say whether a request comes from a page that is neither the board's nor one of the `allowed` origins."""
    origin = request.headers.get("Origin", "").lower()
    if "*" in allowed or origin in allowed:
        return False
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in ("same-origin", "none")  # none: an action of the user, such as opening a bookmark
    if not origin:
        return False
    parsed = _parse(origin)
    if parsed is None:  # such as `null`, the origin of a sandboxed frame or a local file
        return True
    scheme, own = parsed
    # A proxy may terminate TLS without saying so. So Host is read with the scheme of the origin and its default port.
    host = _parse(f"{scheme}://{request.headers.get('Host', '').lower()}")
    return parsed != public and (host is None or own != host[1])


def _parse(origin: str) -> tuple[str, Origin] | None:
    """Return scheme, host and port of an origin in lower case, or None if no page of a board can have this origin."""
    match = ORIGIN.fullmatch(origin)
    if not match:
        return None
    scheme, host, port = match.groups()
    return scheme, (host, int(port or PORTS[scheme]))
