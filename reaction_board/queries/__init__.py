"""All SQL of the application: functions that take a Connection and neither open nor commit.

Rows of images and tags are mappings by column name. Statements are built once, when the module is imported.
"""

from reaction_board.queries.contents import (
    all_contents,
    probe,
    recount_tag,
    recount_totals,
    wrong_tag_counts,
    wrong_tag_names,
    wrong_totals,
)
from reaction_board.queries.images import (
    Image,
    add_image,
    change_tags_of_many,
    delete_image,
    find_image,
    find_image_by_hash,
    find_image_locked,
    lock_content,
    replace_tags,
    set_thumbnail,
)
from reaction_board.queries.search import Cursor, Found, Search, find_images
from reaction_board.queries.tags import find_tags

__all__ = [
    "Cursor",
    "Found",
    "Image",
    "Search",
    "add_image",
    "all_contents",
    "change_tags_of_many",
    "delete_image",
    "find_image",
    "find_image_by_hash",
    "find_image_locked",
    "find_images",
    "find_tags",
    "lock_content",
    "probe",
    "recount_tag",
    "recount_totals",
    "replace_tags",
    "set_thumbnail",
    "wrong_tag_counts",
    "wrong_tag_names",
    "wrong_totals",
]
