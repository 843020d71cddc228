"""Folders of pictures from other programs, with their tags in files beside them.

For `cat.jpg`, all of these files count together:

- `cat.jpg.txt` and `cat.txt`: tags separated by commas or in a line each. Hydrus knows both names and both separators
  (its help, docs/advanced_sidecars.md); gallery-dl writes the first with `--write-tags`, a tag a line (`metadata.mode`
  in its docs/configuration.rst); the WD14 tagger of sd-scripts writes the second, with commas (its
  docs/wd14_tagger_README-en.md).
- `cat.jpg.json` and `cat.json`: a post as gallery-dl writes it with `--write-metadata` (its documentation of
  `metadata.extension` and `metadata.extension-format`). Its `tags` or `tag_string` count.

At the top of the folder, every other `.json` and `.jsonl` file is a list of posts:

- szurubooru: the answers of `GET /posts/`, that is `results` with posts that have `tags` (each with its `names`, of
  which the first counts), `contentUrl`, `checksum` (SHA-1), `checksumMD5` and `creationTime` (doc/API.md of szurubooru:
  "Paged search result", "Post", "Tag").
- Danbooru: a list of posts that have `tag_string` (separated by spaces), `file_ext`, `md5`, `file_url` and `created_at`
  (its API; app/policies/post_policy.rb and gallery-dl's extractor/danbooru.py name the fields), or a post in each line,
  as its dump has them (app/logical/bigquery_export_service.rb) and gallery-dl's `metadata.mode` `jsonl`.

A post belongs to the picture that has its checksum or, if there is none, one with the name of its file: the end of its
address, or `md5.file_ext`.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from reaction_board_client import files
from reaction_board_client.contents import Fault, Picture, has_lines, is_plain_file, json_lines, json_of, text_of
from reaction_board_client.files import sent_name


class Pictures:
    """The pictures of a folder and below it, oldest first.

    Their time is that of their post or, if there is none, when the file was last changed. Links are not followed.
    """

    def __init__(self, top: Path) -> None:
        """Read the lists of posts. Raises Fault if one is broken."""
        self.selection = files.select([top], follow_links=False)
        self.other_lists: list[Path] = []  # JSON files that are not lists of posts
        self.posts_without_picture = 0
        self.other_files = self.selection.other_files  # neither pictures nor files with their tags
        self._tags: defaultdict[int, list[str]] = defaultdict(list)
        times = [_changed(path) for path in self.selection.files]
        if lists := self._lists(top):
            self._match(lists, times)
        paths = self.selection.files
        beside = {sidecar for path in paths for sidecar in _sidecars(path) if is_plain_file(sidecar)}
        self.other_files -= len(lists) + len(beside)
        self._order = sorted(range(len(paths)), key=lambda index: (times[index], str(paths[index])))

    def __len__(self) -> int:
        return len(self.selection.files)

    def __iter__(self) -> Iterator[Picture]:
        for index in self._order:
            path = self.selection.files[index]
            tags = tuple(self._tags.get(index, ()))
            yield Picture(path, sent_name(path.name), tags, sidecars=tuple(filter(is_plain_file, _sidecars(path))))

    def _lists(self, top: Path) -> list[Path]:
        beside = {name for path in self.selection.files if path.parent == top for name in _sidecars(path)}
        found = sorted({*top.glob("*.json"), *top.glob("*.jsonl")} - beside)
        return [path for path in found if not path.name.startswith(".") and is_plain_file(path)]

    def _match(self, lists: Iterable[Path], times: list[float]) -> None:
        pictures: defaultdict[str, list[int]] = defaultdict(list)  # by their names and checksums
        for index, path in enumerate(self.selection.files):
            for key in (path.name, *_checksums(path)):
                pictures[key].append(index)
        for path in lists:
            posts = _posts(path)
            if posts is None:
                self.other_lists.append(path)
                continue
            for post, line in posts:
                indices = next((pictures[key] for key in _keys(post) if key in pictures), [])
                self.posts_without_picture += not indices
                tags = _tags(path, post, line)
                for index in indices:
                    self._tags[index].extend(tags)
                    times[index] = _time(post) or times[index]


def tags_in(path: Path) -> list[str]:
    """Return the tags in a sidecar. Raises Fault."""
    if path.suffix == ".json":
        value = json_of(path)
        if not isinstance(value, dict):
            raise Fault(path, "It is not an object with tags.")
        return _tags(path, value, None)
    return re.split(r"[,\r\n]+", text_of(path))


def _sidecars(path: Path) -> list[Path]:
    stems = dict.fromkeys((path.name, path.stem))
    return [path.with_name(f"{stem}{extension}") for stem in stems for extension in (".txt", ".json")]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # the upload will say why
        return 0


def _checksums(path: Path) -> list[str]:
    """Return the MD5 and the SHA-1 of a file, or nothing if it cannot be read. They find its post and prove nothing."""
    digests = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1")]
    try:
        with path.open("rb") as file:
            while chunk := file.read(2**18):
                for digest in digests:
                    digest.update(chunk)
    except OSError:
        return []
    return [digest.hexdigest() for digest in digests]


def _posts(path: Path) -> Iterator[tuple[dict[str, Any], int | None]] | None:
    """Return the posts of a list, each with its line if it has one, or None if it is no such list. Raises Fault."""
    if has_lines(path):
        return ((line.value, line.number) for line in json_lines(path) if isinstance(line.value, dict))
    value = json_of(path)
    if isinstance(value, dict):
        value = value.get("results")
    if not isinstance(value, list) or not all(isinstance(post, dict) for post in value):
        return None
    return ((post, None) for post in value)


def _keys(post: Mapping[str, Any]) -> Iterator[str]:
    """Yield keys that may find the picture of a post, the surest first: checksums, then filenames."""
    for name in ("checksum", "checksumMD5", "md5"):
        if isinstance(post.get(name), str):
            yield post[name].lower()
    for name in ("contentUrl", "file_url"):
        if isinstance(post.get(name), str):
            yield _last_part(post[name])
    yield f"{post.get('md5')}.{post.get('file_ext')}"


def _last_part(address: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(address).path)).name
    except ValueError:  # brackets that are no IPv6 address
        return ""


def _time(post: Mapping[str, Any]) -> float | None:
    """Return when a post was made, in seconds since 1970; None if it does not say."""
    for name in ("creationTime", "created_at"):
        try:
            moment = datetime.fromisoformat(post[name])
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return None


def _tags(path: Path, post: Mapping[str, Any], line: int | None) -> list[str]:
    """Return the tags of a post. Raises Fault if they have a form that no program documents."""
    tags = post.get("tag_string", post.get("tags", []))
    if isinstance(tags, str):
        # gallery-dl's `tags` of some sites are a text, separated by commas or by spaces.
        return tags.split(",") if "," in tags and "tag_string" not in post else tags.split()
    if not isinstance(tags, list):
        raise Fault(path, "The tags of a post are neither a text nor a list.", line)
    names: list[str] = []
    for tag in tags:
        if isinstance(tag, dict):
            # szurubooru's `names`; gallery-dl's tags of Pixiv are a name and its translation, both of which it writes.
            values = tag["names"][:1] if isinstance(tag.get("names"), list) else tag.values()
            names.extend(value for value in values if isinstance(value, str))
        elif isinstance(tag, str):
            names.append(tag)
        else:
            raise Fault(path, "A tag of a post is neither a text nor an object with names.", line)
    return names
