"""The fields of schemas that parse tags and cursors."""

import base64
import re
from collections.abc import Iterable
from typing import Any

from flask import current_app
from marshmallow import ValidationError, fields

from reaction_board.database.queries.search import Cursor
from reaction_board.database.tables import TAG_PATTERN
from reaction_board.errors import InvalidField, InvalidTag

# The text that clients may send for one tag, before it is trimmed and lower-cased, and for tags separated by commas.
GIVEN_TAG = "[A-Za-z0-9_-]{1,64}"
GIVEN_TAG_PATTERN = f"^ *{GIVEN_TAG} *$"
GIVEN_TAGS_PATTERN = f"^ *({GIVEN_TAG} *)?(, *({GIVEN_TAG} *)?)*$"


def normalize_tags(names: Iterable[str], field: str, most: int) -> list[str]:
    """Return the names trimmed, lower-cased, sorted and distinct.

    Raises InvalidTag, and InvalidField with the name of the `field` if there are more than `most`.
    """
    tags = sorted({name.strip().lower() for name in names})
    for tag in tags:
        if not re.fullmatch(TAG_PATTERN, tag):
            raise InvalidTag(f"{tag[:100]!r} is not a valid tag. {InvalidTag.detail}")
    if len(tags) > most:
        raise InvalidField(f"{field}: More than {most} tags.")
    return tags


class CommaSeparatedTags(fields.Field[list[str]]):
    """Tags in one string, separated by commas. Empty entries are skipped, and a repeated tag counts once.

    At most `most` tags are allowed, by default as many as an image may have.
    """

    def __init__(self, description: str, most: int | None = None, data_key: str | None = None, **metadata: Any) -> None:
        super().__init__(
            load_default=list,
            data_key=data_key,
            metadata={"type": "string", "pattern": GIVEN_TAGS_PATTERN, "description": description, **metadata},
        )
        self._most = most

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[str]:
        text = fields.String().deserialize(value)
        names = (name for name in text.split(",") if name.strip())
        return normalize_tags(names, self.data_key or self.name or "tags", self._most or current_app.config["MAX_TAGS"])


class TagList(fields.List[str]):
    """A list of names. An empty name is invalid, and a repeated name counts once.

    At most `most` names are allowed, by default as many as an image may have.
    """

    def __init__(self, example: list[str], most: int | None = None, **options: Any) -> None:
        name = fields.String(metadata={"pattern": GIVEN_TAG_PATTERN})
        super().__init__(name, metadata={"example": example}, **options)
        self._most = most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        names: list[Any] = super()._deserialize(value, attr, data, **kwargs)
        return list(normalize_tags(names, self.name or "tags", self._most or current_app.config["MAX_TAGS"]))


class TagName(fields.String):
    """One tag."""

    def __init__(self, example: str, **options: Any) -> None:
        super().__init__(metadata={"pattern": GIVEN_TAG_PATTERN, "example": example}, **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        (name,) = normalize_tags([super()._deserialize(value, attr, data, **kwargs)], self.name or "tag", 1)
        return name


class CursorField(fields.Field[Cursor]):
    """A position in a list, as opaque text."""

    def _deserialize(self, value: str, *args: Any, **kwargs: Any) -> Cursor:
        try:
            packed = base64.urlsafe_b64decode(value.encode("ascii") + b"==")
            onward, position = {b"o": True, b"n": False}[packed[:1]], packed[1:]
        except (ValueError, KeyError):
            position = b""
        if len(position) != 4 or position[0] & 128:
            raise ValidationError("Not a cursor of this board. Take the whole URL from the header Link.")
        return Cursor(int.from_bytes(position), onward)

    @staticmethod
    def text(cursor: Cursor) -> str:
        """Return the text of a cursor."""
        return (
            base64.urlsafe_b64encode((b"o" if cursor.onward else b"n") + cursor.position.to_bytes(4))
            .decode()
            .rstrip("=")
        )
