"""Health of the service, and readiness of its database and object store."""

from reaction_board.api.schemas.health import HealthSchema, ReadinessSchema
from reaction_board.errors import ServiceUnavailable
from reaction_board.http.blueprint import Blueprint
from reaction_board.service import readiness

blp = Blueprint(
    "health", __name__, url_prefix="/api/v1", description="Check that the service answers, and that it is ready."
)


@blp.route("/health")
@blp.raises()
@blp.response(200, HealthSchema)
def get_health() -> dict[str, str]:
    """Check that the service answers

    This does not check the database or the object store.
    """
    return {"status": "ok"}


@blp.route("/ready")
@blp.raises(ServiceUnavailable)
@blp.response(200, ReadinessSchema)
def get_readiness() -> dict[str, str]:
    """Check that the service is ready

    The service is ready if the database and the object store answer within three seconds.
    """
    readiness.assert_ready()
    return {"status": "ready"}
