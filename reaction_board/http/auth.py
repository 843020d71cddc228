"""Access control: a provider decides on every request."""

import hmac
from collections.abc import Sequence
from typing import Protocol

from flask import Flask, Request, request

from reaction_board.errors import Unauthorized
from reaction_board.http.cross_origin import SAFE_METHODS


class AuthProvider(Protocol):
    """Decides on a request before anything else is done with it."""

    def authorize(self, request: Request) -> None:
        """Return to let the request through, raise Unauthorized to refuse it."""

    def needs_token(self, method: str, endpoint: str | None) -> bool:
        """Say whether such a request needs a token: the API document says the same."""


class NoOpAuthProvider:
    """Lets everyone through: version 1 of the API has no authentication."""

    def authorize(self, request: Request) -> None:
        """Let the request through."""

    def needs_token(self, method: str, endpoint: str | None) -> bool:
        """Nothing needs a token."""
        return False


# What stays open with READING=links. It shows nothing of the board, or one image to those who know its id, of which 74
# bits are random.
OPEN = {
    *("health.get_health", "health.get_readiness", "metrics"),
    *("static", "pages.show_board", "pages.show_tags", "pages.get_share_target"),
    *("api-docs.openapi_json", "api-docs.openapi_swagger_ui"),
    *("images.get_image", "files.get_file", "files.get_direct_link"),
    *("thumbnails.get_thumbnail", "thumbnails.get_preview"),
    *("pages.show_image", "oembed.describe_link"),
    None,  # nothing is at this path
}


class TokenAuthProvider:
    """Wants one of the tokens, as `Authorization: Bearer …`: for writing and, with `only_links`, for finding images."""

    def __init__(self, tokens: Sequence[str], *, only_links: bool = False) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._only_links = only_links

    def authorize(self, request: Request) -> None:
        """Let the request through, or raise Unauthorized. How long it takes tells nothing about the tokens."""
        if not self.needs_token(request.method, request.endpoint):
            return
        given = request.authorization
        token = (given.token or "") if given and given.type == "bearer" else ""
        # All are compared, whichever matches.
        if not any([hmac.compare_digest(token.encode(), valid) for valid in self._tokens]):  # noqa: C419 - a generator would stop at the first
            raise Unauthorized

    def needs_token(self, method: str, endpoint: str | None) -> bool:
        """Say whether such a request needs a token. OPTIONS never does: browsers ask with it before they send one.

        A search by picture changes nothing, and needs one as an upload does: the board takes and decodes the file.
        """
        if method in SAFE_METHODS:
            return self._only_links and method != "OPTIONS" and endpoint not in OPEN
        return True


def init_app(app: Flask, provider: AuthProvider | None = None) -> None:
    """Put a provider into the path of every request, by default the one that the settings call for."""
    if provider is None:
        tokens, only_links = app.config["API_TOKENS"], app.config["READING"] == "links"
        provider = TokenAuthProvider(tokens, only_links=only_links) if tokens else NoOpAuthProvider()
    app.extensions["auth"] = provider
    decide = provider.authorize

    @app.before_request
    def authorize() -> None:
        decide(request)
