"""An export of a board: a folder with the files of its images, and lists of their records and tags.

- `files/`: the bytes of each image, under their SHA-256 and the extension of their type.
- `images.jsonl`: a line of JSON for each image, with all fields of its record and `file`, the path of its bytes in the
  folder; newest first.
- `tags.jsonl`: a line of JSON for each tag of these images, with its aliases; by name.
"""

import contextlib
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Self

from rich.progress import Progress

from reaction_board_client import transfers
from reaction_board_client.api import Api
from reaction_board_client.contents import Fault, Line, Picture, inside, json_lines
from reaction_board_client.errors import Refused
from reaction_board_client.files import created, extension_of
from reaction_board_client.records import Image, Tag
from reaction_board_client.tag_names import TAG
from reaction_board_client.terminal import json_line

FILES, IMAGES, TAGS = "files", "images.jsonl", "tags.jsonl"
_NAME = re.compile("[0-9a-f]{64}[.][a-z]+")  # of a file
TAGS_AT_ONCE = 1000  # tags whose aliases are in memory together


class Export:
    """An export in progress. In a `with` block, pass each of `images` to `download`, then call `write_lists`.

    Several threads can call `download`. The list of images is written to disk as they are found; only the names of
    their tags and the ids of failed images stay in memory. The lists of an earlier export stay until the new ones are
    complete.
    """

    def __init__(self, api: Api, folder: Path) -> None:
        """Raise Fault if the files would be written outside the folder."""
        self._api, self._folder = api, folder
        self._tags: set[str] = set()
        self._failed: set[str] = set()
        if (folder / FILES).is_symlink():
            raise Fault(folder / FILES, "It is a link, which may lead out of the folder.")
        (folder / FILES).mkdir(parents=True, exist_ok=True)
        self._found = folder / f".{IMAGES}.found"
        self._list = created(self._found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._list.close()
        self._found.unlink(missing_ok=True)

    def images(self, matches: Iterable[tuple[Image, int]]) -> Iterator[Image]:
        """Yield the images of a search, after writing their lines."""
        for image, _ in matches:
            self._tags.update(filter(TAG.fullmatch, image["tags"]))
            _write(self._list, {**image, "file": f"{FILES}/{_name(image)}"})
            yield image

    def download(self, image: Image, progress: Progress) -> transfers.Result:
        """Save an image, completely or not at all, unless it is there already. Raises BoardError."""
        result = transfers.download(self._api, image, self._folder / FILES, progress, _name)
        if result.status == "refused":
            self._failed.add(image["id"])
        return result

    def write_lists(self, threads: int) -> None:
        """Replace the lists with those of the images of this run, except failed ones. Raises BoardError."""
        self._list.seek(0)
        with _replaced(self._folder / IMAGES) as list_:
            list_.writelines(line for line in self._list if json.loads(line)["id"] not in self._failed)
        with _replaced(self._folder / TAGS) as list_:
            for tag in _tags(self._api, self._tags, threads):
                _write(list_, tag)


def _name(image: Image) -> str:
    return f"{image['hash']}{extension_of(image['mime_type'])}"


def _write(file: BinaryIO, value: Mapping[str, Any]) -> None:
    file.write(json_line(value).encode() + b"\n")


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces `path` when it is complete."""
    part = path.with_name(f".{path.name}.part")
    try:
        with created(part) as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _tags(api: Api, names: Set[str], threads: int) -> Iterator[Tag]:
    def look_up(name: str) -> Tag | None:
        try:
            return api.tag(name)
        except Refused:
            return None

    remaining = iter(sorted(names))
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(remaining, TAGS_AT_ONCE)):
            yield from filter(None, pool.map(look_up, some))


def is_archive(folder: Path) -> bool:
    """Return whether a folder is an export of a board. Raises Fault if it is an unfinished one, without lists.

    Its images would be imported without names and tags. A later import would skip them as duplicates.
    """
    if (folder / IMAGES).exists():
        return True
    if _visible(folder) == {FILES} and all(map(_NAME.fullmatch, _visible(folder / FILES) or {FILES})):
        raise Fault(folder, f"It is an unfinished export, without {IMAGES}. Run the export again to finish it.")
    return False


def _visible(folder: Path) -> set[str]:
    """Return the names in a folder that are not hidden. A file has none."""
    names = (path.name for path in folder.glob("*"))
    return {name for name in names if not name.startswith(".")}


class Pictures:
    """The pictures of an export, oldest first. Each takes about 100 bytes of memory."""

    def __init__(self, folder: Path) -> None:
        """Read the lists. Raises Fault if a line is broken or names a file outside the folder."""
        self._folder, self._list = folder, folder / IMAGES
        self._offsets, times = array("q"), array("d")
        for line in json_lines(self._list):
            self._picture(line)
            times.append(self._created_at(line))
            self._offsets.append(line.offset)
        self._order = sorted(range(len(times)), key=times.__getitem__)
        for _ in aliases(folder):
            pass

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Picture]:
        for index in self._order:
            yield self._picture(next(json_lines(self._list, self._offsets[index])))

    def _picture(self, line: Line) -> Picture:
        try:
            file, filename, tags, digest = (line.value[name] for name in ("file", "filename", "tags", "hash"))
            path = inside(self._folder, file)
        except (KeyError, TypeError):
            raise self._no_image(line) from None
        except ValueError as error:
            raise Fault(self._list, str(error), line.number) from error
        texts = isinstance(filename, str) and _are_texts(tags)
        if not texts or not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise self._no_image(line)
        return Picture(path, filename, tuple(tags), digest)

    def _created_at(self, line: Line) -> float:
        try:
            return datetime.fromisoformat(line.value["created_at"]).timestamp()
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._no_image(line) from None

    def _no_image(self, line: Line) -> Fault:
        return Fault(self._list, "It is not the record of an image with its file.", line.number)


def aliases(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the tags of an export that have aliases, with the aliases. Raises Fault."""
    path = folder / TAGS
    if not path.exists():
        return
    for value, _, number in json_lines(path):
        name, *names = _names(value) or [""]
        if not all(map(TAG.fullmatch, [name, *names])):
            raise Fault(path, "It is not a tag with its aliases.", number)
        if names:
            yield name, names


def _names(tag: Any) -> list[str] | None:
    try:
        name, names = tag["name"], tag["aliases"]
    except (KeyError, TypeError):
        return None
    return [name, *names] if _are_texts([name]) and _are_texts(names) else None


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
