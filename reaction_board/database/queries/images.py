"""One image: its record, its tags and its entries in lists."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Connection,
    Integer,
    RowMapping,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    extract,
    func,
    insert,
    select,
    update,
)

from reaction_board.database.queries import lists
from reaction_board.database.queries.tags import Names, look_up
from reaction_board.database.tables import Image, fingerprints, images, pending_deletes, totals
from reaction_board.errors import BoardFull, ImageNotFound, InvalidField
from reaction_board.media.fingerprint import Fingerprint
from reaction_board.media.identify import Media

_LOCK_CONTENT = select(func.pg_advisory_xact_lock(bindparam("key")))
_TRY_LOCK_CONTENT = select(func.pg_try_advisory_xact_lock(bindparam("key")))
_BY_ID = select(images).where(images.c.id == bindparam("image_id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
# In the order of ids, so that two transactions that lock the same images cannot deadlock.
_BY_IDS_LOCKED = (
    select(images)
    .where(images.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(images.c.id)
    .with_for_update()
)
_BY_HASH = select(images).where(images.c.hash == bindparam("hash"))
_BY_HASH_WITH_PENDING = select(images, exists(select(pending_deletes)).label("pending")).select_from(
    select(1).subquery().outerjoin(images, images.c.hash == bindparam("hash"))
)
_SET_TAGS = update(images).where(images.c.id == bindparam("image_id")).values(tags=bindparam("names"))
_SET_THUMBNAIL = (
    update(images)
    .where(images.c.id == bindparam("image_id"))
    .values(thumbnail_bytes=bindparam("bytes"), thumbnail_hash=bindparam("sha256"))
)
_DELETE = delete(images).where(images.c.id == bindparam("image_id"))

_HAS_ROOM = totals.c.next_position < lists.MAX_POSITIONS
_NOW = cast(func.floor(extract("epoch", func.clock_timestamp()) * 1000), totals.c.newest.type)
# At least a millisecond after the previous image, whatever the clock says.
_NEXT = (
    update(totals)
    .where(_HAS_ROOM, lists.are_tags)
    .values(
        images=totals.c.images + 1,
        tags=totals.c.tags + bindparam("new_tags"),
        next_position=totals.c.next_position + 1,
        newest=func.greatest(_NOW, totals.c.newest + 1),
    )
    .returning(cast(totals.c.next_position - 1, Integer).label("position"), totals.c.newest)
    .cte("next")
)
# UUIDv7: 48 bits of milliseconds, the version, then the variant and random bits, both from gen_random_uuid().
_ID = cast(
    func.lpad(func.to_hex(_NEXT.c.newest), 12, "0")
    + "7"
    + func.right(func.replace(cast(func.gen_random_uuid(), Text), "-", ""), 19),
    Uuid,
)
_FIELDS = ("hash", "filename", "mime_type", "size_bytes", "width", "height", "frames", "tags")
_INSERTED = (
    insert(images)
    .from_select(
        ["id", "position", *_FIELDS],
        select(_ID, _NEXT.c.position, *(bindparam(name, type_=images.c[name].type) for name in _FIELDS)),
    )
    .returning(images)
    .cte("inserted")
)
_ENTRIES = select(func.unnest(bindparam("lists", type_=ARRAY(Integer))).label("list"), _NEXT.c.position).subquery(
    "entry"
)
_POPULAR = lists.entering(_ENTRIES).scalar_subquery()
_ADD_FINGERPRINT = insert(fingerprints).from_select(
    ["position", "bits"],
    select(_INSERTED.c.position, bindparam("bits", type_=BigInteger)).where(
        bindparam("has_fingerprint", type_=Boolean)
    ),
)
# A single statement, because each further one would extend the time that others wait for the lock.
_ADD = select(*_INSERTED.c, func.array(_POPULAR, type_=ARRAY(Integer)).label("popular")).add_cte(
    _ADD_FINGERPRINT.cte("added_fingerprint")
)


def created_at(image: Image) -> datetime:
    """Return the time when an image was added, in UTC with milliseconds. Its id contains this time."""
    return datetime.fromtimestamp((image["id"].int >> 80) / 1000, UTC)


def lock_content(connection: Connection, content_hash: str) -> None:
    """Take the advisory lock on this content. It is released when the transaction ends.

    It excludes every process that uses the same database. Its number is the first 64 bits of the hash.
    """
    connection.execute(_LOCK_CONTENT, {"key": _lock_key(content_hash)})


def try_lock_content(connection: Connection, content_hash: str) -> bool:
    """Take the lock of `lock_content` if it is free. Return whether it was taken."""
    return bool(connection.execute(_TRY_LOCK_CONTENT, {"key": _lock_key(content_hash)}).scalar_one())


def _lock_key(content_hash: str) -> int:
    return int.from_bytes(bytes.fromhex(content_hash[:16]), signed=True)


def find_image(connection: Connection, image_id: UUID) -> RowMapping:
    """Return the image with this id. Raises ImageNotFound."""
    return _only(connection.execute(_BY_ID, {"image_id": image_id}).mappings().one_or_none())


def find_image_locked(connection: Connection, image_id: UUID) -> RowMapping:
    """Return the image with this id, and lock its row until the transaction ends. Raises ImageNotFound."""
    return _only(connection.execute(_BY_ID_LOCKED, {"image_id": image_id}).mappings().one_or_none())


def find_image_by_hash(connection: Connection, content_hash: str) -> RowMapping | None:
    """Return the image with this content, or None."""
    return connection.execute(_BY_HASH, {"hash": content_hash}).mappings().one_or_none()


def find_content(connection: Connection, content_hash: str) -> tuple[RowMapping | None, bool]:
    """Return the image with this content, or None, and whether there are any pending deletes."""
    row = connection.execute(_BY_HASH_WITH_PENDING, {"hash": content_hash}).mappings().one()
    return row if row["id"] else None, row["pending"]


def add_image(
    connection: Connection,
    media: Media,
    filename: str,
    tags: Sequence[str],
    fingerprint: Fingerprint | None = None,
) -> RowMapping:
    """Add an image with the tags that these names stand for, and its fingerprint if there is one. Return the image.

    The statement assigns the position and the id, which contains the time. Raises BoardFull if no position is left, and
    NamesChanged.
    """
    names = look_up(connection, tags)
    image: Image = {**dataclasses.asdict(media), "filename": filename, "tags": names.resolve(tags)}
    values = {
        "new_tags": names.new_tags,
        "lists": [*lists.lists_of(image), *(names.keys[name] for name in image["tags"])],
        "popular": lists.POPULAR,
        "bits": fingerprint.bits if fingerprint else None,
        "has_fingerprint": fingerprint is not None,
    }
    lists.lock(connection)
    row = connection.execute(_ADD, {**image, **values}).mappings().one_or_none()
    if row is None:
        raise lists.NamesChanged if connection.execute(select(_HAS_ROOM)).scalar_one() else BoardFull
    lists.promote(connection, row["popular"])
    return row


def replace_tags(connection: Connection, image: RowMapping, tags: Sequence[str]) -> Image:
    """Replace the tags of an image, whose row is locked, with those that these names stand for. Return the image.

    Raises NamesChanged.
    """
    names = look_up(connection, {*image["tags"], *tags})
    (changed,) = _give_tags(connection, [(image, names.resolve(tags))], names)
    return changed


def change_tags_of_many(
    connection: Connection, image_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str], most: int
) -> list[Image]:
    """Add tags to some images and remove others. Return the images in the order of `image_ids`.

    Raises ImageNotFound, with the ids that no image has; InvalidField if a tag is both added and removed, or an image
    would have more than `most` tags; and NamesChanged.
    """
    rows = connection.execute(_BY_IDS_LOCKED, {"ids": list(image_ids)}).mappings()
    found = {row["id"]: row for row in rows}
    if unknown := [str(image_id) for image_id in image_ids if image_id not in found]:
        raise ImageNotFound(f"No image has the id {', '.join(unknown)}.")
    names = look_up(connection, {*add, *(name for image in found.values() for name in image["tags"])}, remove)
    added, removed = names.resolve(add), names.resolve(remove)
    if both := set(added).intersection(removed):
        raise InvalidField(f"remove: {min(both)!r} is also in add.")
    changes = []
    for image_id in image_ids:
        tags = sorted(set(names.resolve(found[image_id]["tags"])).difference(removed).union(added))
        if len(tags) > most:
            raise InvalidField(f"add: The image {image_id} would have more than {most} tags.")
        changes.append((found[image_id], tags))
    return _give_tags(connection, changes, names)


def _give_tags(
    connection: Connection, changes: Sequence[tuple[RowMapping, Sequence[str]]], names: Names
) -> list[Image]:
    """Replace the tags of images, whose rows are locked. Return the images in this order."""
    after: list[Image] = [{**image, "tags": tags} for image, tags in changes]
    changed = [(image, new) for (image, _), new in zip(changes, after, strict=True) if image["tags"] != new["tags"]]
    if changed:
        connection.execute(_SET_TAGS, [{"image_id": new["id"], "names": new["tags"]} for _, new in changed])
        before = {entry for image, _ in changed for entry in _entries(image, names.keys)}
        entries = {entry for _, image in changed for entry in _entries(image, names.keys)}
        lists.lock(connection)
        lists.require_tags(connection, {list_ for list_, _ in entries})
        lists.count(connection, new_tags=names.new_tags)
        lists.leave(connection, before - entries)
        lists.enter(connection, entries - before)
    return after


def _entries(image: Image, keys: Mapping[str, int]) -> Iterator[lists.Entry]:
    """Yield the entries of an image in the lists that it is on."""
    for list_ in (*lists.lists_of(image), *(keys[name] for name in image["tags"])):
        yield list_, image["position"]


def set_thumbnail(connection: Connection, image_id: UUID, size_bytes: int | None, sha256: str | None = None) -> None:
    """Set the size in bytes and the hash of an image's thumbnail: size 0 if there can be none, None to render it."""
    connection.execute(_SET_THUMBNAIL, {"image_id": image_id, "bytes": size_bytes, "sha256": sha256})


def delete_image(connection: Connection, image: RowMapping) -> None:
    """Delete the record of an image, whose row is locked. Its tags remain, even without images."""
    names = look_up(connection, image["tags"])
    connection.execute(_DELETE, {"image_id": image["id"]})
    lists.lock(connection)
    lists.leave(connection, _entries(image, names.keys))
    lists.count(connection, new_images=-1, new_tags=names.new_tags)


def _only(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise ImageNotFound
    return row
