"""The queries. A function takes a connection and neither opens a transaction nor ends one.

`images`: one image, and its tags. `search`: pages of images. `tags`: the list of tags, and which image has which.
`pending_deletes`: objects that are still to be deleted. `records`: the whole board, to compare it with the bucket and
its counts with fresh ones.
"""

from reaction_board.database.queries import images, pending_deletes, records, search, tags

__all__ = ["images", "pending_deletes", "records", "search", "tags"]
