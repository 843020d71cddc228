"""Tags: their list, and changing those of images."""

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import current_app

from reaction_board.database import queries
from reaction_board.database.engine import begin, connect
from reaction_board.database.queries.images import Image
from reaction_board.database.queries.tags import Tag


def find_tags(prefix: str, limit: int, offset: int, order: str) -> tuple[Sequence[Tag], int]:
    """Return a page of the tags whose names begin with `prefix`, and how many there are in all.

    `order` is `name`, in byte order, or `count`, most images first.
    """
    with connect() as connection:
        return queries.tags.find_tags(connection, prefix, limit, offset, order)


def replace_tags(image_id: UUID, tags: Sequence[str], precondition: Callable[[Image], None]) -> Image:
    """Replace the tags of an image by these sorted and distinct ones; return the image.

    `precondition` is called with the image before anything changes, and may raise. Of two replacements at once, the
    later one wins whole. Raises ImageNotFound.
    """
    with begin() as connection:
        image = queries.images.find_image_locked(connection, image_id)
        precondition(image)
        return queries.images.replace_tags(connection, image, tags)


def change_tags(image_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str]) -> list[Image]:
    """Add tags to all of these images and remove others; return the images in this order. A repeated id counts once.

    `add` and `remove` have no name in common. Raises ImageNotFound with the ids that no image has, and InvalidField if
    an image would have too many tags; then nothing has changed.
    """
    distinct = list(dict.fromkeys(image_ids))
    with begin() as connection:
        return queries.images.change_tags_of_many(connection, distinct, add, remove, current_app.config["MAX_TAGS"])
