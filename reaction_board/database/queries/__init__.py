"""The queries. A function takes a connection and neither opens a transaction nor ends one.

`images`: one image, and its tags. `lists`: which images are on which list, as positions and bitmaps. `search`: pages of
images; `walk` reads them from lists, `shuffle` is their random order. `tags`: names and keys, and the list of tags.
`pending_deletes`: objects that are still to be deleted. `records`: the whole board, to compare it with the bucket and
with itself.
"""

from reaction_board.database.queries import images, lists, pending_deletes, records, search, tags

__all__ = ["images", "lists", "pending_deletes", "records", "search", "tags"]
