"""The settings, which are read from the environment once, when the process starts.

boto3 itself reads its own variables (`AWS_ENDPOINT_URL_S3`, `AWS_ACCESS_KEY_ID`, …).
"""

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

MIB = 1024 * 1024


def _postgresql_url(value: str) -> None:
    try:
        url = urlsplit(value)
        valid = url.scheme == "postgresql" and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ValidationError("Must be a postgresql:// URL.")


class Words(fields.Field[list[str]]):
    """A list of words, separated by commas. If it is set, it has at least one word."""

    def _deserialize(self, value: str, *args: Any, **kwargs: Any) -> list[str]:
        words = [word.strip() for word in value.split(",") if word.strip()]
        if not words:
            raise ValidationError("Must have at least one entry, or not be set.")
        return words


def _sendable(tokens: list[str]) -> None:
    if not all(re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token) for token in tokens):  # RFC 6750, 2.1
        raise ValidationError("A token may have only letters, digits and '-._~+/', and '=' at its end.")


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.-]+(:[0-9]+)?")
_ORIGIN_IPV6 = re.compile(r"https?://\[[0-9a-f:.]+\](:[0-9]+)?")
_AN_ORIGIN = "scheme://host or scheme://host:port, in lower case, without a path or a slash at the end"


def _origins(words: list[str]) -> None:
    for word in words:
        if word != "*" and not _ORIGIN.fullmatch(word) and not _ORIGIN_IPV6.fullmatch(word):
            raise ValidationError(
                f"{word!r} is not an origin. Write {_AN_ORIGIN}, such as https://pages.example, or '*' for any."
            )


def _frame_ancestors(words: list[str]) -> None:
    for word in words:
        if not _ORIGIN.fullmatch(word):
            raise ValidationError(
                f"{word!r} is not an origin with a host name. Write {_AN_ORIGIN}, such as https://chat.example."
            )


def _host_names(words: list[str]) -> None:
    for word in words:
        if not re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*", word, re.IGNORECASE):
            raise ValidationError("Must be host names without a port, such as board.example or .board.example.")


def _networks(words: list[str]) -> None:
    for word in words:
        if word != "*":
            try:
                ipaddress.ip_network(word)
            except ValueError as error:
                raise ValidationError("Must be addresses or networks, such as 10.0.0.0/8, or '*'.") from error


MAX_TIMEOUT = 3600  # seconds; PostgreSQL and sockets refuse much larger ones, but only when they are used

# The path under which a board is served. It needs no encoding, and none of its segments begins with a dot.
PREFIX = r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?"

OWN_PATHS = {"api", "i", "pick", "static", "tags"}  # with such a prefix, a path would be ambiguous


def _scheme_host_and_path(value: str) -> None:
    url = urlsplit(value)
    if not re.fullmatch(PREFIX, url.path) or url.query or url.fragment or url.username is not None:
        raise ValidationError("Must be a scheme, a host and a plain path, such as https://host.example/board.")
    try:
        url.port  # noqa: B018 - it is parsed here
    except ValueError as error:
        raise ValidationError("Must have a port of at most 65535.") from error
    if (first := url.path.split("/")[1:2]) and first[0] in OWN_PATHS:
        raise ValidationError(f"The path must not begin with /{first[0]}, which is a path of the board itself.")


class SettingsSchema(Schema):
    """Name, type, default, limits and unit of every setting. docs/settings.md explains each one."""

    DATABASE_URL = fields.String(
        required=True,
        validate=_postgresql_url,
        metadata={"unit": "URL"},
    )
    S3_BUCKET_NAME = fields.String(
        required=True,
        validate=validate.Length(min=1, error="Must not be empty."),
        metadata={"unit": "name"},
    )
    AWS_ENDPOINT_URL_S3 = fields.Url(
        load_default=None,
        schemes={"http", "https"},
        require_tld=False,
        metadata={"unit": "URL"},
    )
    AWS_REGION = fields.String(
        load_default=None,
        metadata={"unit": "name"},
    )
    MAX_UPLOAD_BYTES = fields.Integer(
        load_default=50 * MIB,
        validate=validate.Range(min=1),
        metadata={"unit": "bytes"},
    )
    MAX_PIXELS = fields.Integer(
        load_default=200_000_000,
        validate=validate.Range(min=1),
        metadata={"unit": "pixels"},
    )
    MAX_TAGS = fields.Integer(
        load_default=200,
        validate=validate.Range(min=1),
        metadata={"unit": "tags"},
    )
    API_TOKENS = Words(
        load_default=[],
        validate=_sendable,
        metadata={"unit": "tokens"},
    )
    READING = fields.String(
        load_default="all",
        validate=validate.OneOf(["all", "links"]),
        metadata={"unit": "`all`, `links`"},
    )
    CORS_ORIGINS = Words(
        load_default=[],
        validate=_origins,
        metadata={"unit": "origins"},
    )
    PICKER_ORIGINS = Words(
        load_default=[],
        validate=_frame_ancestors,
        metadata={
            "unit": "origins",
            "description": "separated by commas; web pages from there may show the picker, `/pick`, in a frame",
        },
    )
    TRUSTED_HOSTS = Words(
        load_default=[],
        validate=_host_names,
        metadata={"unit": "host names"},
    )
    DATABASE_TIMEOUT = fields.Integer(
        load_default=30,
        validate=validate.Range(1, MAX_TIMEOUT),
        metadata={"unit": "seconds"},
    )
    S3_TIMEOUT = fields.Integer(
        load_default=20,
        validate=validate.Range(1, MAX_TIMEOUT),
        metadata={"unit": "seconds"},
    )
    DATABASE_POOL_SIZE = fields.Integer(
        load_default=32,
        validate=validate.Range(min=2),
        metadata={"unit": "connections"},
    )
    FORWARDED_ALLOW_IPS = Words(
        load_default=["127.0.0.1", "::1"],
        validate=_networks,
        metadata={"unit": "addresses"},
    )
    PUBLIC_URL = fields.Url(
        load_default=None,
        schemes={"http", "https"},
        require_tld=False,
        validate=_scheme_host_and_path,
        metadata={"unit": "URL"},
    )
    LOG_FORMAT = fields.String(
        load_default="plain",
        validate=validate.OneOf(["plain", "json"]),
        metadata={"unit": "`plain`, `json`"},
    )
    METRICS = fields.Boolean(
        load_default=False,
        metadata={"unit": "`true`, `false`"},
    )
    WEB_CONCURRENCY = fields.Integer(
        load_default=2,
        validate=validate.Range(min=1),
        metadata={"unit": "processes"},
    )

    @validates_schema
    def _have_tokens(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("READING") == "links" and not data.get("API_TOKENS"):
            raise ValidationError("Set API_TOKENS, too: without a token, nobody could find an image.", "READING")


def load(environ: Mapping[str, str] = os.environ, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Return all settings, or those in `only`, by name.

    A missing or malformed setting ends the process (SystemExit) with one line that names the setting.
    """
    try:
        return SettingsSchema(only=only, unknown=EXCLUDE).load(dict(environ))
    except ValidationError as error:
        name, messages = next(iter(error.messages_dict.items()))
        raise SystemExit(f"reaction-board: {name}: {messages[0]}") from None
