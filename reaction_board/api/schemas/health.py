"""The service itself."""

from marshmallow import Schema, fields


class HealthSchema(Schema):
    """The health of the service."""

    status = fields.String(required=True, metadata={"enum": ["ok"], "example": "ok"})


class ReadinessSchema(Schema):
    """Whether the service can do its work."""

    status = fields.String(required=True, metadata={"enum": ["ready"], "example": "ready"})
