"""Compares the database with the bucket, and stored counts with fresh ones.

Both sides are read in portions, in the same order and side by side, so memory does not grow with the board. The board
may be in use meanwhile, so a difference is reported only if it still exists under the lock on its content.
"""

import contextlib
import dataclasses
import hashlib
import heapq
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from reaction_board import storage
from reaction_board.database import queries
from reaction_board.database.engine import Connection, connect
from reaction_board.errors import ImageNotFound, ServiceUnavailable, StorageError
from reaction_board.service import bucket_owner, database_check, images, pending_deletes, thumbnails
from reaction_board.storage import HASH_PATTERN, MARKER, THUMBNAILS, Blob, ObjectMissing, thumbnail_key

PENDING_SECONDS = 10  # a delete that is pending for longer is reported
LATE_SECONDS = 10  # a fingerprint that is missing this long after the upload is reported


@dataclasses.dataclass(frozen=True)
class Finding:
    """An inconsistency."""

    kind: str
    subject: str  # the key of an object, the id of an image, or the name of a tag or total
    detail: str
    repaired: bool = False


class TooManyOrphans(Exception):
    """So many objects have no record that the database may belong to another board."""


def count_steps(*, repair: bool) -> int:
    """Return the number of images that `findings` compares, plus the number of fingerprints that it computes."""
    with connect() as connection:
        total = queries.search.find_images(connection, queries.search.Search(), limit=1).total
        return total + (queries.fingerprints.count_missing(connection, LATE_SECONDS) if repair else 0)


def findings(
    *, deep: bool = False, repair: bool = False, force: bool = False, tick: Callable[[int], object] = lambda _: None
) -> Iterator[Finding]:
    """Yield every inconsistency: of pending deletes, objects, thumbnails, fingerprints, then of the database itself.

    `deep` reads every object and compares its hash. `repair` finishes deletes and merges, deletes objects without a
    record, corrects counts, rebuilds wrong bitmaps, deletes damaged thumbnails so that they are rendered again, and
    computes missing fingerprints. It never deletes a record. It refuses to work on the bucket of another board, and
    needs `force` to delete more than a tenth of the objects. `tick` is called with the number of steps done.
    Raises ForeignBucket, TooManyOrphans, StorageError and ServiceUnavailable.
    """
    if repair:
        with connect() as connection:
            bucket_owner.assert_ours(connection)
        if not force:
            _assert_few_orphans()
    yield from _pending_deletes(repair)
    yield from _objects(deep, repair, tick)
    yield from _thumbnails(repair)
    yield from _fingerprints(repair, tick)
    yield from itertools.starmap(Finding, database_check.findings(repair=repair))


def _objects(deep: bool, repair: bool, tick: Callable[[int], object]) -> Iterator[Finding]:
    for record, stored in _side_by_side():
        if stored is None:
            yield from _record_without_object(record)
        elif record is None:
            yield from _object_without_record(stored[0], repair)
        else:
            yield from _record_with_object(record, stored[1], deep)
        if record:
            tick(1)


def _side_by_side() -> Iterator[tuple[Any, tuple[str, int] | None]]:
    """Yield each record with its object (key and size), in the order of keys, and None for a missing one."""
    with connect() as connection:
        records = queries.records.all_records(connection)
        objects = (entry for entry in storage.current().sizes() if _is_original(entry[0]))
        record, stored = next(records, None), next(objects, None)
        while record or stored:
            has_record = record and (stored is None or record["hash"] <= stored[0])
            has_object = stored and (record is None or stored[0] <= record["hash"])
            yield record if has_record else None, stored if has_object else None
            record = next(records, None) if has_record else record
            stored = next(objects, None) if has_object else stored


def _is_original(key: str) -> bool:
    return not key.startswith(THUMBNAILS) and key != MARKER


def _assert_few_orphans() -> None:
    """Raise TooManyOrphans if more than a tenth of the objects seem to have no record: the database may be wrong."""
    objects = orphans = 0
    for record, stored in _side_by_side():
        objects += stored is not None
        orphans += record is None and stored is not None and re.fullmatch(HASH_PATTERN, stored[0]) is not None
    with connect() as connection:
        orphans -= queries.pending_deletes.count_pending_deletes(connection)
    if orphans * 10 > objects:
        raise TooManyOrphans(f"{orphans} of {objects} objects have no record; is this the right database? See --force")


def _pending_deletes(repair: bool) -> Iterator[Finding]:
    with connect() as connection:
        hashes = queries.pending_deletes.pending_deletes_since(connection, PENDING_SECONDS)
    for content_hash in hashes:
        detail, repaired = "the image was deleted, but its objects are still in the bucket", False
        if repair:
            try:
                repaired = pending_deletes.delete_objects(content_hash)
            except StorageError as error:
                detail = f"{detail}: {error.__cause__}"
        yield Finding("pending delete", content_hash, detail, repaired)


def _record_without_object(record: Any) -> Iterator[Finding]:
    if has_lost_bytes(record["hash"]):
        yield Finding("record without object", str(record["id"]), f"no object {record['hash']}")


def has_lost_bytes(key: str) -> bool:
    """Say whether a record names an object that does not exist."""
    with images.content_locked(key) as connection:
        return queries.images.find_image_by_hash(connection, key) is not None and not _is_stored(key)


def _object_without_record(key: str, repair: bool) -> Iterator[Finding]:
    if not re.fullmatch(HASH_PATTERN, key):
        yield _foreign_object(key)
    elif delete_orphan(key) if repair else is_orphan(key):
        yield Finding("object without record", key, "no image has these bytes", repair)


def is_orphan(key: str) -> bool:
    """Say whether the object exists and no record names it."""
    with images.content_locked(key) as connection:
        return _is_orphan(connection, key)


def delete_orphan(key: str) -> bool:
    """Delete an object if no record names it. Return whether it was deleted."""
    with images.content_locked(key) as connection:
        if orphan := _is_orphan(connection, key):
            storage.current().delete(key)
        return orphan


def _is_orphan(connection: Connection, key: str) -> bool:
    return (
        not queries.images.find_image_by_hash(connection, key)
        and not queries.pending_deletes.is_delete_pending(connection, key)
        and _is_stored(key)
    )


def _foreign_object(key: str) -> Finding:
    return Finding("foreign object", key, "the board did not store this object and never deletes it")


def _record_with_object(record: Any, size_bytes: int, deep: bool) -> Iterator[Finding]:
    key = record["hash"]
    if size_bytes != record["size_bytes"] != storage.current().size(key):  # the listing may be outdated
        yield Finding("damaged object", key, f"{size_bytes} bytes instead of {record['size_bytes']}")
    elif deep:
        try:
            digest = _sha256(storage.current().get(key, record["size_bytes"]))
        except ObjectMissing:  # deleted since the listing, or lost
            yield from _record_without_object(record)
        except StorageError as error:
            yield Finding("unreadable object", key, str(error.__cause__))
        else:
            if digest != key:
                yield Finding("damaged object", key, f"its bytes have the hash {digest}")


def _sha256(blob: Blob) -> str:
    digest = hashlib.sha256()
    with contextlib.closing(blob):
        for chunk in blob:
            digest.update(chunk)
    return digest.hexdigest()


def _thumbnails(repair: bool) -> Iterator[Finding]:
    """Compare the sizes of thumbnails in the records and in the bucket; check again those that only one side has."""
    with connect() as connection:
        recorded = ((image["hash"], image["thumbnail_bytes"]) for image in queries.records.all_records(connection))
        stored = ((key.removeprefix(THUMBNAILS), size) for key, size in storage.current().sizes(THUMBNAILS))
        both = heapq.merge((pair for pair in recorded if pair[1]), stored)
        alone = (pair[0] for pair, times in itertools.groupby(both) if len(list(times)) == 1)
        for name, _ in itertools.groupby(alone):
            yield from _thumbnail(name, repair)


def _thumbnail(name: str, repair: bool) -> Iterator[Finding]:
    key = THUMBNAILS + name
    if not re.fullmatch(HASH_PATTERN, name):
        yield _foreign_object(key)
    elif sizes := delete_wrong_thumbnail(name) if repair else wrong_thumbnail(name):
        stored, recorded = sizes
        if recorded:
            yield Finding("damaged thumbnail", key, f"{stored} bytes instead of {recorded}", repair)
        else:
            yield Finding("thumbnail without record", key, "no image has this thumbnail", repair)


def _fingerprints(repair: bool, tick: Callable[[int], object]) -> Iterator[Finding]:
    """Count the images that have had no fingerprint for too long. As a repair, compute all that are missing.

    That includes those of new images, which may never be added later: a backup can have an image without them.
    """
    with connect() as connection:
        missing = queries.fingerprints.count_missing(connection, LATE_SECONDS)
        lacking = queries.fingerprints.missing(connection) if repair else ()
        failures = sum(not _compute_fingerprint(image, tick) for image in lacking)
    if not missing:
        return
    detail = f"{missing} have no fingerprint, so no search for similar images finds them"
    if failures:
        detail += f"; {failures} of them could not be computed"
    yield Finding("missing fingerprints", "images", detail, repair and not failures)


def _compute_fingerprint(image: Any, tick: Callable[[int], object]) -> bool:
    """Compute the fingerprint of an image, unless the image is deleted meanwhile. Return whether that succeeded."""
    try:
        with contextlib.suppress(ImageNotFound):
            thumbnails.make_fingerprint(image)
    except (StorageError, ServiceUnavailable):
        return False
    finally:
        tick(1)
    return True


def wrong_thumbnail(content_hash: str) -> tuple[int, int] | None:
    """Return the size of a stored thumbnail and the size in its record, in bytes, if they differ; 0 stands for none."""
    with images.content_locked(content_hash) as connection:
        return _wrong_thumbnail(connection, content_hash)


def delete_wrong_thumbnail(content_hash: str) -> tuple[int, int] | None:
    """Delete a thumbnail if its size differs from the one in its record, so that it is rendered again.

    The result is that of `wrong_thumbnail`.
    """
    with images.content_locked(content_hash) as connection:
        if sizes := _wrong_thumbnail(connection, content_hash):
            if image := queries.images.find_image_by_hash(connection, content_hash):
                queries.images.set_thumbnail(connection, image["id"], None)
            storage.current().delete(thumbnail_key(content_hash))
        return sizes


def _wrong_thumbnail(connection: Connection, content_hash: str) -> tuple[int, int] | None:
    image = queries.images.find_image_by_hash(connection, content_hash)
    if queries.pending_deletes.is_delete_pending(connection, content_hash):
        return None
    recorded = (image and image["thumbnail_bytes"]) or 0
    stored = storage.current().size(thumbnail_key(content_hash)) or 0
    return (stored, recorded) if stored != recorded else None


def _is_stored(key: str) -> bool:
    return storage.current().size(key) is not None
