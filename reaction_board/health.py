"""Whether the process answers."""

from marshmallow import Schema, fields

from reaction_board.rest import Blueprint

blp = Blueprint("health", __name__, url_prefix="/api/v1/health", description="Whether the service answers")


class HealthSchema(Schema):
    """The health of the service."""

    status = fields.String(required=True, metadata={"enum": ["ok"]})


@blp.route("")
@blp.raises()
@blp.response(200, HealthSchema)
def health() -> dict[str, str]:
    """Say that the service answers

    Whatever the state of the database and of the object store.
    """
    return {"status": "ok"}
