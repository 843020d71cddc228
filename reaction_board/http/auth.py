"""Access control: a provider decides on every request."""

import hmac
from collections.abc import Sequence
from typing import Protocol

from flask import Flask, Request, request

from reaction_board.errors import Unauthorized
from reaction_board.http.cross_origin import SAFE_METHODS


class AuthProvider(Protocol):
    """Decides on a request before a view handles it."""

    def authorize(self, request: Request) -> None:
        """Return to accept the request, or raise Unauthorized to refuse it."""

    def needs_token(self, method: str, endpoint: str | None) -> bool:
        """Say whether such a request needs a token. The API document publishes the answer."""


class NoOpAuthProvider:
    """Accepts every request: version 1 of the API has no authentication."""

    def authorize(self, request: Request) -> None:
        """Accept the request."""

    def needs_token(self, method: str, endpoint: str | None) -> bool:
        """Return False: no request needs a token."""
        return False


# The endpoints that need no token with READING=links. They show nothing of the board, or one image to a client that
# knows its id. An id has 74 random bits.
OPEN = {
    *("health.get_health", "health.get_readiness", "metrics"),
    *("static", "pages.show_board", "pages.show_picker", "pages.show_tags", "pages.get_share_target"),
    *("api-docs.openapi_json", "api-docs.openapi_swagger_ui"),
    *("images.get_image", "files.get_file", "files.get_direct_link"),
    *("thumbnails.get_thumbnail", "thumbnails.get_preview"),
    *("pages.show_image", "oembed.describe_link"),
    None,  # no route has this path
}


class TokenAuthProvider:
    """Requires a token, as `Authorization: Bearer …`, to write and, with `only_links`, to find images."""

    def __init__(self, tokens: Sequence[str], *, only_links: bool = False) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._only_links = only_links

    def authorize(self, request: Request) -> None:
        """Accept the request, or raise Unauthorized. The time that this takes reveals nothing about the tokens."""
        if not self.needs_token(request.method, request.endpoint):
            return
        given = request.authorization
        token = (given.token or "") if given and given.type == "bearer" else ""
        # Every token is compared, even after a match.
        if not any([hmac.compare_digest(token.encode(), valid) for valid in self._tokens]):  # noqa: C419 - a generator would stop at the first
            raise Unauthorized

    def needs_token(self, method: str, endpoint: str | None) -> bool:
        """Say whether such a request needs a token.

        OPTIONS never does, because a browser sends it before the request with the token. A search by picture changes
        nothing, but needs a token like an upload, because the board receives and decodes a file.
        """
        if method in SAFE_METHODS:
            return self._only_links and method != "OPTIONS" and endpoint not in OPEN
        return True


def init_app(app: Flask, provider: AuthProvider | None = None) -> None:
    """Have a provider decide on every request. By default, the settings choose the provider."""
    if provider is None:
        tokens, only_links = app.config["API_TOKENS"], app.config["READING"] == "links"
        provider = TokenAuthProvider(tokens, only_links=only_links) if tokens else NoOpAuthProvider()
    app.extensions["auth"] = provider
    decide = provider.authorize

    @app.before_request
    def authorize() -> None:
        decide(request)
