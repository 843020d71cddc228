"""Headers of every HTML document, whichever route answers with it."""

from flask import Flask, Response


def policy(frame_ancestors: str = "'none'") -> str:
    """Return the Content-Security-Policy: nothing from elsewhere, nothing inline, and no frames but in those pages.

    Swagger UI has its icons in `data:` URLs.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        f" manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {frame_ancestors}"
    )


def init_app(app: Flask) -> None:
    """Protect the documents that a browser shows. A view may set a policy of its own."""

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", policy())
            response.headers["Referrer-Policy"] = "same-origin"
            response.headers["Cache-Control"] = "no-cache"
        return response
