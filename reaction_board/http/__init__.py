"""HTTP: adapts Flask and flask-smorest to the API's contract. Only `examples` knows resources of the API."""

import re
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, request
from flask_cors import CORS

from reaction_board.errors import InvalidField
from reaction_board.http import cross_origin, documents, examples, hosts, reverse_proxy
from reaction_board.http.arguments import ImageIdConverter, TagNameConverter
from reaction_board.http.blueprint import IGNORES_QUERY, TOKEN
from reaction_board.http.body import Body
from reaction_board.http.envelope import Api

EXPOSED_HEADERS = ["Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Link", "Location", "X-Request-ID"]

DESCRIPTION = """\
Stores images under their SHA-256, and finds them by tags. An image has an `id`, by which all other operations name it.

Every error has the same body: `detail` says what is wrong, for people, and `code` names the kind of error, for
programs. A query parameter or field that the operation does not know is an error (422 `validation_error`). Only oEmbed
and the operations that send image files and thumbnails ignore unknown query parameters. An unknown path is 404
`not_found`, and an unknown method is 405 `method_not_allowed`. Every response has a header `X-Request-ID`. The log of
the board has the same id.

The examples show one photograph, `cat.jpg`, and the tag `agreed`, which used to be called `yes`.
"""


def init_app(app: Flask) -> Api:
    """Set up the application for the API's contract, and return the Api that registers blueprints."""
    app.url_map.converters["image_id"] = ImageIdConverter
    app.url_map.converters["tag_name"] = TagNameConverter
    app.config.update(
        API_TITLE="Reaction Image Board",
        API_VERSION=version("reaction-board"),
        API_SPEC_OPTIONS={"info": {"description": DESCRIPTION}},
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        OPENAPI_SWAGGER_UI_URL="/static/swagger-ui/",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    if origins := app.config["CORS_ORIGINS"]:
        # flask-cors would read the brackets of an IPv6 address as a regular expression.
        patterns = "*" if "*" in origins else [re.compile(re.escape(origin) + r"\Z") for origin in origins]
        CORS(app, origins=patterns, expose_headers=EXPOSED_HEADERS)

    @app.before_request
    def read_carefully() -> None:
        request.environ["wsgi.input"] = Body(request.environ["wsgi.input"])

    reverse_proxy.init_app(app)
    hosts.init_app(app)
    cross_origin.init_app(app)
    documents.init_app(app)

    @app.before_request
    def refuse_unknown_query() -> None:
        documented = getattr(app.view_functions.get(request.endpoint or ""), "_apidoc", None)
        if documented is None or IGNORES_QUERY in documented or not request.args:
            return
        parameters = documented.get("arguments", {}).get("parameters", [])
        if not any(parameter["in"] == "query" for parameter in parameters):
            raise InvalidField(f"{next(iter(request.args))[:100]}: Unknown field.")

    @app.post("/may-write")
    def let_in() -> Response:
        """Answer nginx, which sends the headers of an upload before it reads the body: see deploy/nginx.conf."""
        return Response(status=204)  # the request has passed the checks that run before every view

    api = Api(app)
    api.spec.components.security_scheme(
        TOKEN, {"type": "http", "scheme": "bearer", "description": "one of the board's API_TOKENS"}
    )
    api.ma_plugin.converter.add_parameter_attribute_function(_parameter)
    image_id = {"type": "string", "format": "uuid", "example": examples.IMAGE_ID}
    tag_name = {"type": "string", "minLength": 1, "example": examples.TAG}
    api.register_converter(ImageIdConverter, lambda converter: image_id)
    api.register_converter(TagNameConverter, lambda converter: tag_name)
    return api


def _parameter(converter: Any, field: Any, ret: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema and example.

    The schema is without null, which stands for a missing value: only a body can contain null. The example is moved out
    of the schema, because Swagger UI shows it only beside it.
    """
    schema = {name: value for name, value in ret["schema"].items() if name != "nullable" and value is not None}
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    example = {"example": schema.pop("example")} if "example" in schema else {}
    return {"schema": schema, **example}
