"""Groups of images that look alike."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reaction_board_client.api import IMAGE_NOT_FOUND, MAX_PAGE, Api
from reaction_board_client.errors import BoardError, Refused
from reaction_board_client.records import Image
from reaction_board_client.transfers import concerns_one_alone


@dataclass(frozen=True)
class Neighbours:
    """The images that look like one."""

    image_id: str
    ids: tuple[str, ...] = ()
    fault: str = ""  # why the board does not say so

    @property
    def may_be_more(self) -> bool:
        """Whether the board has said as many as it says at most."""
        return len(self.ids) == MAX_PAGE


def neighbours(api: Api, image: Image, distance: int | None) -> Neighbours:
    """Ask a board for the images that look like one; an image that is deleted by now has none.

    Raises BoardError if the board would not answer for any other image either.
    """
    image_id = image["id"]
    try:
        return Neighbours(image_id, tuple(similar["id"] for similar in api.similar(image_id, distance)))
    except BoardError as error:
        if isinstance(error, Refused) and error.code == IMAGE_NOT_FOUND:
            return Neighbours(image_id)
        if not concerns_one_alone(api, error):
            raise
        return Neighbours(image_id, fault=str(error))


class Groups:
    """Which ids belong together, if some pairs do: a union-find. Only ids that belong to others are in memory."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def join(self, first: str, others: Iterable[str]) -> None:
        """Note that an id belongs together with others."""
        for other in others:
            root, other_root = self._root(first), self._root(other)
            self._parents[max(root, other_root)] = min(root, other_root)

    def _root(self, member: str) -> str:
        parent = self._parents.setdefault(member, member)
        while parent != member:  # each step halves the path for the next time
            self._parents[member] = self._parents[parent]
            member = self._parents[parent]
            parent = self._parents[member]
        return member

    def largest_first(self) -> list[list[str]]:
        """Return all groups, of those of the same size the one with the smallest id first."""
        groups = defaultdict(list)
        for member in self._parents:
            groups[self._root(member)].append(member)
        return sorted(groups.values(), key=lambda group: (-len(group), min(group)))


def current(api: Api, groups: Iterable[list[str]], threads: int) -> Iterator[list[Image]]:
    """Yield the images of groups as they are now, and of each group the best first: most pixels, then most bytes.

    Those that were deleted are left out, and groups of which fewer than two images remain. Raises BoardError.
    """
    with ThreadPoolExecutor(threads) as pool:
        for group in groups:
            images = [image for image in pool.map(api.get_if_there, group) if image]
            if len(images) > 1:
                yield sorted(images, key=_quality)


def _quality(image: Image) -> tuple[int, int, str]:
    return -image["width"] * image["height"], -image["size_bytes"], image["id"]
