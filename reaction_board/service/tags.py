"""Tags: their list, their aliases, and changing those of images."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import current_app

from reaction_board.database import queries
from reaction_board.database.engine import Connection, begin, connect
from reaction_board.database.queries.images import Image
from reaction_board.database.queries.lists import NamesChanged
from reaction_board.database.queries.tags import Tag
from reaction_board.errors import ServiceUnavailable, TagNotFound

ATTEMPTS = 5  # at a transaction during which names come to stand for other tags, which people rarely do

P = ParamSpec("P")
T = TypeVar("T")


def repeated_if_names_change(act: Callable[P, T]) -> Callable[P, T]:
    """Return a function that does a transaction again if a name comes to stand for another tag meanwhile.

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
    """Return a page of the tags whose names begin with `prefix`, and how many there are in all.

    `order` is `name`, in byte order, or `count`, most images first.
    """
    with connect() as connection:
        return queries.tags.find_tags(connection, prefix, limit, offset, order)


def complete(typed: str, limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the names that contain what is typed, the best first, and how many there are in all."""
    with connect() as connection:
        return queries.suggestions.complete(connection, typed, limit, offset)


def find_together(names: Sequence[str], limit: int, offset: int) -> tuple[Sequence[Tag], int]:
    """Return a page of the other tags on the newest images that have these, and how many there are in all."""
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
    """Give the tag that a name stands for these aliases instead of its own; return it.

    Raises TagNotFound, TagInUse and AliasConflict.
    """
    with begin() as connection:
        return _find_tag(connection, queries.aliases.set_aliases(connection, name, aliases))


@dataclass(frozen=True)
class Step:
    """What a step of a merge has done."""

    moved: int  # images
    remaining: int  # images that still have what is merging into the tag
    tag: Tag


def merge(name: str, into: str) -> Step:
    """Do a step of the merge of a tag into another, which may be new. Raises TagNotFound and AliasConflict."""
    moved = _merge(name, into)
    # Counting what remains can take as long as the step. Nobody has to wait for that.
    with connect() as connection:
        return Step(moved, queries.merges.remaining(connection, into), _find_tag(connection, into))


@repeated_if_names_change
def _merge(name: str, into: str) -> int:
    with begin() as connection:
        return queries.merges.merge(connection, name, into)


@repeated_if_names_change
def replace_tags(image_id: UUID, tags: Sequence[str], precondition: Callable[[Image], None]) -> Image:
    """Give an image the tags that these distinct names stand for instead of its own; return it.

    `precondition` is called with the image before anything changes, and may raise. Of two replacements at once, the
    later one wins whole. Raises ImageNotFound.
    """
    with begin() as connection:
        image = queries.images.find_image_locked(connection, image_id)
        precondition(image)
        return queries.images.replace_tags(connection, image, tags)


@repeated_if_names_change
def change_tags(image_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str]) -> list[Image]:
    """Add tags to all of these images and remove others; return the images in this order. A repeated id counts once.

    Raises ImageNotFound with the ids that no image has, and InvalidField if a tag is both to be added and removed or an
    image would have too many tags; then nothing has changed.
    """
    distinct = list(dict.fromkeys(image_ids))
    with begin() as connection:
        return queries.images.change_tags_of_many(connection, distinct, add, remove, current_app.config["MAX_TAGS"])
