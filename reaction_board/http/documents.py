"""Security headers of every HTML document, whichever route returns it."""

from flask import Flask, Response


def policy(frame_ancestors: str = "'none'") -> str:
    """Return a Content-Security-Policy: no resources of other sites, none inline, and frames only in `frame_ancestors`.

    `data:` is allowed because Swagger UI has its icons in such URLs.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        f" manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {frame_ancestors}"
    )


def init_app(app: Flask) -> None:
    """Add the headers to every document. A view may set its own policy."""

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", policy())
            response.headers["Referrer-Policy"] = "same-origin"
            response.headers["Cache-Control"] = "no-cache"
        return response
