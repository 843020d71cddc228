"""Whether the service answers, and whether the database and the store do."""

from reaction_board.api.schemas import HealthSchema, ReadinessSchema
from reaction_board.errors import ServiceUnavailable
from reaction_board.http.blueprint import Blueprint
from reaction_board.service import readiness

blp = Blueprint("health", __name__, url_prefix="/api/v1", description="Whether the service answers")


@blp.route("/health")
@blp.raises()
@blp.response(200, HealthSchema)
def get_health() -> dict[str, str]:
    """Say that the service answers

    Whatever the state of the database and of the object store.
    """
    return {"status": "ok"}


@blp.route("/ready")
@blp.raises(ServiceUnavailable)
@blp.response(200, ReadinessSchema)
def get_readiness() -> dict[str, str]:
    """Say that the service can do its work

    The database and the object store answer, within three seconds.
    """
    readiness.assert_ready()
    return {"status": "ready"}
