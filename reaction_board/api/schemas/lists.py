"""What the lists of images and of tags share."""

from marshmallow import Schema, validate

from reaction_board.http.arguments import PlainInteger

# For each parameter of a search. gunicorn_conf.py and deploy/nginx.conf accept URLs of this length.
MAX_SEARCHED_TAGS = 200


def page_schema(default_limit: int, max_limit: int) -> type[Schema]:
    """Return the schema of the query parameters of a list."""
    return Schema.from_dict(
        {
            "limit": PlainInteger(
                load_default=default_limit,
                validate=validate.Range(1, max_limit),
                metadata={"description": "maximum number of items in the response"},
            ),
            "offset": PlainInteger(
                load_default=0,
                validate=validate.Range(0, 2**63 - 1),
                metadata={"description": "number of items to skip"},
            ),
        }
    )
