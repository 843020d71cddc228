"""The queries. Each function takes a connection, and neither starts nor ends a transaction.

- `images`: one image, and its tags.
- `lists`: which images are on which list, as positions and bitmaps.
- `search`: pages of images. `combine` and `walk` read them from lists, and `shuffle` is their random order.
- `tags`: names and keys, and the list of tags. `aliases` and `merges` change which tags names stand for, and
  `suggestions` completes names and finds related tags.
- `fingerprints`: which images look alike.
- `pending_deletes`: objects that are still to be deleted.
- `records`: the whole board, for comparing it with the bucket and with itself.
"""

from reaction_board.database.queries import (
    aliases,
    fingerprints,
    images,
    lists,
    merges,
    pending_deletes,
    records,
    search,
    suggestions,
    tags,
)

__all__ = [
    "aliases",
    "fingerprints",
    "images",
    "lists",
    "merges",
    "pending_deletes",
    "records",
    "search",
    "suggestions",
    "tags",
]
