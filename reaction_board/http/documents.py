"""Headers of every HTML document, whichever route answers with it."""

from flask import Flask, Response

# Nothing from elsewhere, nothing inline, in no frame. Swagger UI has its icons in `data:` URLs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    """Protect the documents that a browser shows."""

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = POLICY
            response.headers["Referrer-Policy"] = "same-origin"
            response.headers["Cache-Control"] = "no-cache"
        return response
