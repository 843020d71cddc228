"""Whether the service answers, and whether what it needs does."""

from marshmallow import Schema, fields

from reaction_board import readiness
from reaction_board.errors import ServiceUnavailable
from reaction_board.rest import Blueprint

blp = Blueprint("health", __name__, url_prefix="/api/v1", description="Whether the service answers")


class HealthSchema(Schema):
    """The health of the service."""

    status = fields.String(required=True, metadata={"enum": ["ok"]})


@blp.route("/health")
@blp.raises()
@blp.response(200, HealthSchema)
def health() -> dict[str, str]:
    """Say that the service answers

    Whatever the state of the database and of the object store.
    """
    return {"status": "ok"}


class ReadinessSchema(Schema):
    """Whether the service can do its work."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})


@blp.route("/ready")
@blp.raises(ServiceUnavailable)
@blp.response(200, ReadinessSchema)
def ready() -> dict[str, str]:
    """Say that the service can do its work

    The database and the object store answer, within three seconds.
    """
    readiness.assert_ready()
    return {"status": "ready"}
