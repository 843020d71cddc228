"""Checks the database itself: compares the data that are derived from records with the records."""

from collections.abc import Iterator
from contextlib import suppress

from reaction_board.database import queries
from reaction_board.database.engine import begin, connect
from reaction_board.errors import AliasConflict, TagNotFound
from reaction_board.service import tags

Finding = tuple[str, str, str, bool]  # kind, subject, detail, and whether it is repaired


def findings(*, repair: bool) -> Iterator[Finding]:
    """Yield every inconsistency of counts, the tag names in records, bitmaps, aliases and merges.

    `repair` corrects counts, rebuilds bitmaps and finishes merges. It does not change records that differ from the
    lists.
    """
    with connect() as connection:
        for name, kept, counted in queries.records.wrong_tag_counts(connection):
            if repair:
                with begin() as transaction:
                    queries.records.recount_tag(transaction, name)
            yield ("wrong tag count", name, f"{kept} instead of {counted}", repair)
        for name, (kept, counted) in queries.records.wrong_totals(connection).items():
            if repair:
                with begin() as transaction:
                    queries.records.recount_totals(transaction)
            yield ("wrong total", name, f"{kept} instead of {counted}", repair)
        for image_id, difference in queries.records.wrong_tag_names(connection):
            yield ("wrong tag names", image_id, difference, False)
        for list_, name, chunks in queries.records.wrong_bitmaps(connection):
            if repair:
                with begin() as transaction:
                    queries.records.rebuild_bitmaps(transaction, list_)
            yield ("wrong bitmaps", name, f"{chunks} differ from the list", repair)
    yield from _merges(repair)


def _merges(repair: bool) -> Iterator[Finding]:
    """Yield the aliases that images have. If a merge is under way, that is no fault: the merge will be finished."""
    with connect() as connection:
        for name, tag in queries.merges.find_forgotten(connection):
            if repair:
                with begin() as transaction:
                    queries.merges.resume(transaction, name)
                _finish(name)
            yield ("alias on images", name, f"it stands for {tag}, and images have it", repair)
        for tag, names in queries.merges.find_unfinished(connection):
            for name in names:
                if repair:
                    _finish(name)
                yield ("unfinished merge", name, f"into {tag}", repair)


def _finish(name: str) -> None:
    """Finish the merge of an alias, unless a client has made it a tag again meanwhile."""
    with suppress(AliasConflict, TagNotFound):
        while tags.merge(name, into=name).remaining:
            pass
