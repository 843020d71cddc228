"""Local files: which ones to upload, and how to name them on the board and on this machine."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from reaction_board_client.records import Image
from reaction_board_client.terminal import without_controls

# How a file of each type begins (WebP: "RIFF", four bytes of length, "WEBP").
_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF.{4}WEBP", re.DOTALL)
_SIGNATURE_BYTES = 12

_EXTENSIONS = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/png": (".png", ".apng"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
# The extension of an image and what web sites put after it: `.jpg_large`, `.png?w=100`, `.jpg:orig`.
_IMAGE_EXTENSION = re.compile(r"\.(jpe?g|jpe|jfif|a?png|gif|webp)([^a-z0-9.\s]\S*)?$", re.IGNORECASE)
_SURROGATES = re.compile("[\ud800-\udfff]")

MAX_STEM, MAX_EXTENSION = 200, 10  # bytes; file systems allow names of 255


@dataclass
class Selection:
    """The files to upload, in order and without repetition, and how many others were skipped."""

    files: list[Path] = field(default_factory=list)
    other_files: int = 0
    linked_files: int = 0  # unless links are followed
    linked_folders: int = 0


def select(paths: Iterable[Path], follow_links: bool = True) -> Selection:
    """Return what to upload: every path that is a file, and of each folder the images in it and below it.

    The first bytes of a file say whether it is an image. In folders, hidden files and folders are skipped without being
    counted, and links to folders are not followed: they may lead anywhere on the disk. Unreadable files are selected,
    so that their uploads say why. Without `follow_links`, links to files in folders are not followed either.
    """
    selection = Selection()
    for path in paths:
        if path.is_dir():
            _select_folder(path, selection, follow_links)
        else:
            selection.files.append(path)
    selection.files = list(dict.fromkeys(selection.files))
    return selection


def _select_folder(top: Path, selection: Selection, follow_links: bool) -> None:
    unreadable = selection.files
    for folder, folders, names in os.walk(top, onerror=lambda error: unreadable.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        selection.linked_folders += sum(Path(folder, name).is_symlink() for name in folders)
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder, name)
            if not follow_links and path.is_symlink():
                selection.linked_files += 1
            elif _may_be_image(path):
                selection.files.append(path)
            else:
                selection.other_files += 1


def _may_be_image(path: Path) -> bool:
    try:
        if not path.is_file():  # opening a pipe could wait for ever
            return False
        with path.open("rb") as file:
            return bool(_SIGNATURE.match(file.read(_SIGNATURE_BYTES)))
    except OSError:
        return True


def created(path: Path) -> BinaryIO:
    """Create a file to write and read. It replaces whatever has its name, and does not follow a link there."""
    path.unlink(missing_ok=True)
    return path.open("x+b")


def sent_name(name: str) -> str:
    """Return the name to upload a file of this name under, with U+FFFD for what UTF-8 cannot encode."""
    return _SURROGATES.sub("\ufffd", name)


def extension_of(mime_type: str) -> str:
    """Return the extension of a type, with its dot; empty if the type is not known."""
    return _EXTENSIONS.get(mime_type, ("",))[0]


def bare_name(filename: str) -> str:
    """Return a filename without its image extension, and without what web sites append to that."""
    return _IMAGE_EXTENSION.sub("", filename)


def local_name(image: Image) -> str:
    """Return the name to save an image under: its filename, a part of its hash, and an extension that fits its type."""
    # The filename comes from another user: it must become neither a path nor longer than file systems allow.
    name = PurePosixPath(without_controls(image["filename"].replace("\\", "/"))).name.lstrip(".")
    stem, extension = PurePosixPath(name).stem, PurePosixPath(name).suffix
    fitting = _EXTENSIONS.get(image["mime_type"])
    if fitting and extension.lower() not in fitting:
        stem, extension = _IMAGE_EXTENSION.sub("", name), fitting[0]
    stem, extension = _cut(stem, MAX_STEM) or "image", _cut(extension, MAX_EXTENSION)
    return f"{stem}-{image['hash'][:12]}{extension}"


def _cut(text: str, size: int) -> str:
    """Return the beginning of a text that is at most `size` bytes long."""
    return text.encode()[:size].decode(errors="ignore")
