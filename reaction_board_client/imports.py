"""Importing the pictures of a folder to a board, with their names and tags."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from rich.progress import Progress

from reaction_board_client import tag_names, transfers
from reaction_board_client.api import Api
from reaction_board_client.contents import Fault, Picture
from reaction_board_client.errors import Refused
from reaction_board_client.sidecars import tags_in

# The error by which a board states its limit for the tags of an image, which is a setting.
_TOO_MANY_TAGS = re.compile(r"tags: More than (\d+) tags\.")


@dataclass(frozen=True)
class Imported(transfers.Result):
    """The result for a picture, and for its tags if it is new or was tagged."""

    changed_tags: dict[str, str] = field(default_factory=dict)  # the new tags, by their old names
    dropped_tags: list[str] = field(default_factory=list)  # names that cannot become tags
    excess_tags: list[str] = field(default_factory=list)  # tags beyond the board's limit


class Import:
    """An import in progress. `run` is safe to call from several threads."""

    def __init__(self, api: Api, tag_duplicates: bool = False) -> None:
        self._api, self._tag_duplicates = api, tag_duplicates
        self._most: int | None = None  # tags that the board allows an image, once it has said so
        self._lock = Lock()
        self.counts: Counter[str] = Counter()  # changed, dropped and excess tags; full pictures

    def run(self, picture: Picture, progress: Progress) -> Imported:
        """Upload a picture, unless the board has its bytes. Raises BoardError if no other could be uploaded either."""
        try:
            names = [*picture.tags, *(name for path in picture.sidecars for name in tags_in(path))]
        except (Fault, OSError) as error:
            return Imported(picture.path, "refused", code="unreadable_sidecar", detail=str(error))
        fitted = tag_names.fit(names)
        most = self._most
        result = self._upload(picture, fitted.tags[:most], progress)
        if limit := _TOO_MANY_TAGS.match(result.detail):
            self._most = most = int(limit[1])
            result = self._upload(picture, fitted.tags[:most], progress)
        if result.status not in ("new", "tagged"):
            return Imported(**vars(result))
        excess = fitted.tags[len(fitted.tags) if most is None else most :]
        with self._lock:
            self.counts.update(changed=len(fitted.changed), dropped=len(fitted.dropped))
            self.counts.update(excess=len(excess), full=bool(excess))
        return Imported(**vars(result), changed_tags=fitted.changed, dropped_tags=fitted.dropped, excess_tags=excess)

    def _upload(self, picture: Picture, tags: list[str], progress: Progress) -> transfers.Result:
        job = transfers.Upload(picture.path, tags, filename=picture.filename, digest=picture.digest)
        return transfers.upload(self._api, job, progress, self._tag_duplicates)


def add_aliases(api: Api, name: str, aliases: list[str]) -> Iterator[Refused]:
    """Add the aliases that the board accepts to a tag; yield the errors of the others.

    It does nothing if the board has no such tag. Raises BoardError for an error that is not about an alias.
    """
    tag = api.find_tag(name)
    if tag is None:
        return
    own = tag["aliases"]
    missing = [alias for alias in aliases if alias not in (tag["name"], *own)]
    if not missing:
        return
    try:
        api.set_aliases(tag["name"], [*own, *missing])
    except Refused as error:
        if len(missing) == 1:
            yield Refused(error.code, f"{tag['name']}, alias {missing[0]}: {error.detail}")
            return
        for alias in missing:
            yield from add_aliases(api, name, [alias])
