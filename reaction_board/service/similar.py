"""Images that look like another picture."""

from collections.abc import Sequence
from uuid import UUID

from flask import current_app

from reaction_board.database import queries
from reaction_board.database.engine import connect
from reaction_board.database.tables import Image
from reaction_board.media.identify import identify
from reaction_board.media.received_file import ReceivedFile
from reaction_board.service import thumbnails


def find_similar(image_id: UUID, distance: int, limit: int) -> Sequence[Image]:
    """Return the images that look like an image of the board, without that image: the nearest, then the newest first.

    If the image has no fingerprint yet, this takes as long as its thumbnail does.
    Raises ImageNotFound, StorageError if the store fails, and ServiceUnavailable if too many requests wait already.
    """
    with connect() as connection:
        image = queries.images.find_image(connection, image_id)
        look = queries.fingerprints.find(connection, image)
    look = look or thumbnails.make_fingerprint(image)
    with connect() as connection:
        return queries.fingerprints.find_similar(connection, look, distance, limit, without=image)


def find_similar_to_file(received: ReceivedFile, declared_type: str, distance: int, limit: int) -> Sequence[Image]:
    """Return the images that look like the picture in a file, which is not stored.

    Raises InvalidMimeType or FileTooLarge if the board would not accept the file, UndecodableImage if it cannot be
    decoded, and ServiceUnavailable if too many requests wait already.
    """
    identify(received, declared_type, current_app.config["MAX_PIXELS"])
    look = thumbnails.compute_fingerprint(received.file)
    with connect() as connection:
        return queries.fingerprints.find_similar(connection, look, distance, limit)
