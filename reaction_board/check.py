"""`flask --app wsgi check`: whether database and bucket agree, and what is counted is right.

Both sides are read in portions and in the same order, side by side, so that memory does not grow with the board. What
looks wrong is looked at again under the lock of its content before it is told, because the board is in use meanwhile.
"""

import contextlib
import dataclasses
import hashlib
import heapq
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext

from reaction_board import board, db, queries, storage
from reaction_board.errors import StorageError
from reaction_board.storage import THUMBNAILS, Blob, ObjectMissing


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that is wrong."""

    kind: str
    subject: str  # the key of an object, the id of an image, the name of a tag or total
    detail: str
    repaired: bool = False


@click.command()
@click.option("--deep", is_flag=True, help="Read every object and compare its size and hash.")
@click.option(
    "--repair",
    is_flag=True,
    help="Delete objects without a record, set wrong counts right, have damaged thumbnails made anew.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each finding.")
@with_appcontext
def check(deep: bool, repair: bool, as_json: bool) -> None:
    """Compare database and bucket in both directions, and counts with fresh ones.

    Exits with 0 if nothing was found, 1 if something was, 2 if it could not be checked.
    """
    found = 0
    try:
        with db.connect() as connection:
            total = queries.find_images(connection, queries.Search(), limit=1).total
        with click.progressbar(length=total, file=sys.stderr, label="checking", hidden=not sys.stderr.isatty()) as bar:
            for finding in _findings(deep, repair, bar.update):
                found += 1
                click.echo(json.dumps(dataclasses.asdict(finding)) if as_json else _line(finding))
    except Exception as error:  # noqa: BLE001 - whatever it was, it is not a finding
        click.echo(f"could not be checked: {error} ({error.__cause__ or type(error).__name__})", err=True)
        sys.exit(2)
    sys.exit(1 if found else 0)


def _line(finding: Finding) -> str:
    return f"{finding.kind}: {finding.subject}: {finding.detail}{' (repaired)' if finding.repaired else ''}"


def _findings(deep: bool, repair: bool, tick: Callable[[int], None]) -> Iterator[Finding]:
    yield from _contents(deep, repair, tick)
    yield from _thumbnails(repair)
    with db.connect() as connection:
        for name, kept, counted in queries.wrong_tag_counts(connection):
            if repair:
                with db.begin() as transaction:
                    queries.recount_tag(transaction, name)
            yield Finding("wrong tag count", name, f"{kept} instead of {counted}", repair)
        for name, (kept, counted) in queries.wrong_totals(connection).items():
            if repair:
                with db.begin() as transaction:
                    queries.recount_totals(transaction)
            yield Finding("wrong total", name, f"{kept} instead of {counted}", repair)
        for image_id, names, listed in queries.wrong_tag_names(connection):
            yield Finding("wrong tag names", image_id, f"{names} instead of {listed}")


def _contents(deep: bool, repair: bool, tick: Callable[[int], None]) -> Iterator[Finding]:
    """Walk along records and objects, both in the order of their keys."""
    with db.connect() as connection:
        records = queries.all_contents(connection)
        objects = (found for found in storage.current().sizes() if not found[0].startswith(THUMBNAILS))
        record, stored = next(records, None), next(objects, None)
        while record or stored:
            if record and (stored is None or record["hash"] < stored[0]):
                yield from _record_without_object(record)
            elif stored and (record is None or stored[0] < record["hash"]):
                yield from _object_without_record(stored[0], repair)
                stored = next(objects, None)
                continue
            elif record and stored:
                yield from _both(record, stored[1], deep)
                stored = next(objects, None)
            tick(1)
            record = next(records, None)


def _thumbnails(repair: bool) -> Iterator[Finding]:
    """Walk along the sizes of thumbnails in records and bucket; what is on one side alone is looked at again."""
    with db.connect() as connection:
        recorded = ((image["hash"], image["thumbnail_bytes"]) for image in queries.all_contents(connection))
        stored = ((key.removeprefix(THUMBNAILS), size) for key, size in storage.current().sizes(THUMBNAILS))
        both = heapq.merge((pair for pair in recorded if pair[1]), stored)
        alone = (pair[0] for pair, times in itertools.groupby(both) if len(list(times)) == 1)
        for name, _ in itertools.groupby(alone):
            key = THUMBNAILS + name
            if not re.fullmatch("[0-9a-f]{64}", name):
                yield _foreign(key)
            elif wrong := board.wrong_thumbnail(name, repair=repair):
                size_bytes, expected = wrong
                if expected:
                    yield Finding("damaged thumbnail", key, f"{size_bytes} bytes instead of {expected}", repair)
                else:
                    yield Finding("thumbnail without record", key, "no image has this thumbnail", repair)


def _record_without_object(record: Any) -> Iterator[Finding]:
    if board.has_lost_bytes(record["hash"]):
        yield Finding("record without object", str(record["id"]), f"no object {record['hash']}")


def _object_without_record(key: str, repair: bool) -> Iterator[Finding]:
    if not re.fullmatch("[0-9a-f]{64}", key):
        yield _foreign(key)
    elif board.is_orphan(key, remove=repair):
        yield Finding("object without record", key, "no image has these bytes", repair)


def _foreign(key: str) -> Finding:
    return Finding("foreign object", key, "not stored by the board; it is never deleted")


def _both(record: Any, size_bytes: int, deep: bool) -> Iterator[Finding]:
    key = record["hash"]
    if size_bytes != record["size_bytes"] != dict(storage.current().sizes(key)).get(key):  # it may just be written
        yield Finding("damaged object", key, f"{size_bytes} bytes instead of {record['size_bytes']}")
    elif deep:
        try:
            digest = _sha256(storage.current().get(key, record["size_bytes"]))
        except ObjectMissing:  # deleted since it was listed, or lost
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


def init_app(app: Flask) -> None:
    """Give the application's command line the command."""
    app.cli.add_command(check)
