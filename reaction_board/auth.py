"""Who may do what: a provider stands in the path of every request."""

from typing import Protocol

from flask import Flask, Request, request


class AuthProvider(Protocol):
    """Decides on a request before anything else is done with it."""

    def authorize(self, request: Request) -> None:
        """Return to let the request through, raise a BoardError to refuse it."""


class NoOpAuthProvider:
    """Lets everyone through: version 1 of the API has no authentication."""

    def authorize(self, request: Request) -> None:
        """Let the request through."""


def init_app(app: Flask, provider: AuthProvider) -> None:
    """Put the provider into the path of every request."""

    @app.before_request
    def authorize() -> None:
        provider.authorize(request)
