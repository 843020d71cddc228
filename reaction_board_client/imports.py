"""Pictures of a folder, brought to a board with what the folder says of them."""

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

# How a board states its limit for the tags of an image, which is a setting.
_TOO_MANY_TAGS = re.compile(r"tags: More than (\d+) tags\.")


@dataclass(frozen=True)
class Imported(transfers.Result):
    """What became of a picture, and of its tags if it is new, or has got tags."""

    changed_tags: dict[str, str] = field(default_factory=dict)  # the tag, by the name that it was
    dropped_tags: list[str] = field(default_factory=list)  # no part of them can be a tag
    excess_tags: list[str] = field(default_factory=list)  # more than the board takes


class Import:
    """An import under way. `run` is safe to call from several threads."""

    def __init__(self, api: Api, tag_duplicates: bool = False) -> None:
        self._api, self._tag_duplicates = api, tag_duplicates
        self._most: int | None = None  # tags of an image, once the board has said it
        self._lock = Lock()
        self.counts: Counter[str] = Counter()  # of tags: changed, dropped, excess; and of full pictures

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
    """Give a tag aliases beside its own, each that the board takes; yield why it refuses the others.

    Nothing happens if the board has no such tag. Raises BoardError if it is not one of these aliases alone.
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
