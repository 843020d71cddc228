"""The queries. A function takes a connection and neither opens a transaction nor ends one.

`images`: one image, and its tags. `lists`: which images are on which list, as positions and bitmaps. `search`: pages of
images; `walk` reads them from lists, `shuffle` is their random order. `tags`: names and keys, and the list of tags;
`aliases` and `merges` change what names stand for, `suggestions` finds others for those that are typed or searched for.
`fingerprints`: which images look alike. `pending_deletes`: objects that are still to be deleted. `records`: the whole
board, to compare it with the bucket and with itself.
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
