"""Listing tags, changing their aliases, and changing the tags of images."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import current_app

from reaction_board.database import queries
from reaction_board.database.engine import Connection, begin, connect
from reaction_board.database.queries.lists import ATTEMPTS, NamesChanged
from reaction_board.database.queries.tags import Tag
from reaction_board.database.tables import Image
from reaction_board.errors import ServiceUnavailable, TagNotFound

P = ParamSpec("P")
T = TypeVar("T")


def repeated_if_names_change(act: Callable[P, T]) -> Callable[P, T]:
    """Return a function that repeats a transaction if another one makes a name stand for another tag meanwhile.

    It raises ServiceUnavailable if that happens every time.
    """

    @wraps(act)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS):
            with suppress(NamesChanged):
                return act(*args, **kwargs)
        raise ServiceUnavailable

    return repeated


def find_tags(prefix: str, limit: int, offset: int, order: str) -> tuple[Sequence[Tag], int]:
    """Return a page of the tags whose names begin with `prefix`, and their total number.

    `order` is `name`, in byte order, or `count`, the largest first.
    """
    with connect() as connection:
        return queries.tags.find_tags(connection, prefix, limit, offset, order)


def complete(typed: str, limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the names that contain the typed text, the best match first, and their total number."""
    with connect() as connection:
        return queries.suggestions.complete(connection, typed, limit, offset)


def find_together(names: Sequence[str], limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the other tags on the newest images that have these tags, and their total number."""
    with connect() as connection:
        return queries.suggestions.find_together(connection, names, limit, offset)


def find_tag(name: str) -> Tag:
    """Return the tag that a name stands for, with its aliases. Raises TagNotFound."""
    with connect() as connection:
        return _find_tag(connection, name)


def _find_tag(connection: Connection, name: str) -> Tag:
    tag = queries.tags.find_tag(connection, name)
    if tag is None:
        raise TagNotFound(f"No tag or alias is named {name!r}.")
    return tag


@repeated_if_names_change
def set_aliases(name: str, aliases: Sequence[str]) -> Tag:
    """Replace the aliases of the tag that a name stands for. Return the tag.

    Raises TagNotFound, TagInUse and AliasConflict.
    """
    with begin() as connection:
        return _find_tag(connection, queries.aliases.set_aliases(connection, name, {*aliases}))


@dataclass(frozen=True)
class Step:
    """The result of one step of a merge."""

    moved: int  # images
    remaining: int  # images that still have a tag that is being merged into `tag`
    tag: Tag


def merge(name: str, into: str) -> Step:
    """Do one step of the merge of a tag into another, which may be new. Raises TagNotFound and AliasConflict."""
    moved = _merge(name, into)
    # The count can take as long as the step. It runs after the transaction, so that no other one waits for it.
    with connect() as connection:
        return Step(moved, queries.merges.remaining(connection, into), _find_tag(connection, into))


@repeated_if_names_change
def _merge(name: str, into: str) -> int:
    with begin() as connection:
        return queries.merges.merge(connection, name, into)


@repeated_if_names_change
def replace_tags(image_id: UUID, tags: Sequence[str], precondition: Callable[[Image], None]) -> Image:
    """Replace the tags of an image with those that these distinct names stand for. Return the image.

    `precondition` is called with the image before the change, and may raise. If two clients replace the tags at once,
    the image has exactly the tags of the later one. Raises ImageNotFound.
    """
    with begin() as connection:
        image = queries.images.find_image_locked(connection, image_id)
        precondition(image)
        return queries.images.replace_tags(connection, image, tags)


@repeated_if_names_change
def change_tags(image_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str]) -> list[Image]:
    """Add tags to these images and remove others. Return the images in the same order. A repeated id counts once.

    Raises ImageNotFound with the ids that no image has, and InvalidField if a tag is in both lists or an image would
    have too many tags. After an error, nothing has changed.
    """
    distinct = list(dict.fromkeys(image_ids))
    with begin() as connection:
        return queries.images.change_tags_of_many(connection, distinct, add, remove, current_app.config["MAX_TAGS"])
