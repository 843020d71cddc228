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
    """The images that look like a given one."""

    image_id: str
    ids: tuple[str, ...] = ()
    fault: str = ""  # why the board could not compare the image

    @property
    def may_be_more(self) -> bool:
        """Whether the board has reached its limit, so that there may be more."""
        return len(self.ids) == MAX_PAGE


def neighbours(api: Api, image: Image, distance: int | None) -> Neighbours:
    """Ask the board for the images that look like this one. A deleted image has none.

    Raises BoardError if other requests would fail, too.
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
    """Groups of ids, from pairs that belong together: a union-find. Ids without a pair take no memory."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def join(self, first: str, others: Iterable[str]) -> None:
        """Put an id and others into the same group."""
        for other in others:
            root, other_root = self._root(first), self._root(other)
            self._parents[max(root, other_root)] = min(root, other_root)

    def _root(self, member: str) -> str:
        parent = self._parents.setdefault(member, member)
        while parent != member:  # path halving: later look-ups take fewer steps
            self._parents[member] = self._parents[parent]
            member = self._parents[parent]
            parent = self._parents[member]
        return member

    def largest_first(self) -> list[list[str]]:
        """Return all groups, the largest first. Groups of the same size are in the order of their smallest ids."""
        groups = defaultdict(list)
        for member in self._parents:
            groups[self._root(member)].append(member)
        return sorted(groups.values(), key=lambda group: (-len(group), min(group)))


def current(api: Api, groups: Iterable[list[str]], threads: int) -> Iterator[list[Image]]:
    """Fetch the images of each group again, and yield them, the best first: most pixels, then most bytes.

    Deleted images are left out, and so are groups with fewer than two images left. Raises BoardError.
    """
    with ThreadPoolExecutor(threads) as pool:
        for group in groups:
            images = [image for image in pool.map(api.get_if_there, group) if image]
            if len(images) > 1:
                yield sorted(images, key=_quality)


def _quality(image: Image) -> tuple[int, int, str]:
    return -image["width"] * image["height"], -image["size_bytes"], image["id"]
