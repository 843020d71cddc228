"""Reading the files of a folder that others may have written: with limits, and never outside the folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

MAX_LINE = 2**20  # bytes of a line of JSON, or of a text file
MAX_DOCUMENT = 64 * 2**20  # bytes of a JSON file, which is read as a whole


class Fault(Exception):
    """A file has wrong contents. The message names the file and, in a list, the line."""

    def __init__(self, path: Path, what: str, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f', line {line}'}: {what}")


@dataclass(frozen=True)
class Picture:
    """A picture of a folder with its metadata. Its tags are as another program wrote them."""

    path: Path
    filename: str
    tags: tuple[str, ...] = ()
    digest: str = ""  # SHA-256 in hexadecimal
    sidecars: tuple[Path, ...] = ()  # with more tags


class Line(NamedTuple):
    """The value of a line of JSON, the offset at which the line begins, and its number, from 1."""

    value: Any
    offset: int
    number: int


def is_plain_file(path: Path) -> bool:
    """Return whether a path is a file and not a link, which may lead out of its folder."""
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:  # such as a name that is too long for the system
        return False


def inside(top: Path, name: str) -> Path:
    """Return the path of a name in a folder. Raises ValueError if it leads out of it, by `..` or by links."""
    path = top / name
    try:
        leads_out = not path.resolve().is_relative_to(top.resolve())
    except (OSError, RuntimeError) as error:  # circular links
        raise ValueError(str(error)) from error
    if leads_out:
        raise ValueError(f"{name!r} leads out of the folder.")
    return path


def text_of(path: Path, limit: int = MAX_LINE) -> str:
    """Return the text of a file, U+FFFD for what is not UTF-8. Raises Fault if it is longer than `limit` bytes."""
    return _bytes_of(path, limit).decode("utf-8-sig", errors="replace")


def json_of(path: Path) -> Any:
    """Return the value of a JSON file. Raises Fault."""
    return _value(path, _bytes_of(path, MAX_DOCUMENT))


def has_lines(path: Path) -> bool:
    """Return whether a file is JSON lines: its first line is an object, and more follows. Raises Fault."""
    _assert_plain(path)
    with path.open("rb") as file:
        line = file.readline(MAX_LINE + 1)
        try:
            return isinstance(json.loads(line), dict) and bool(file.read(1))
        except (ValueError, RecursionError):
            return False


def json_lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Yield the lines of a file of JSON lines. `start` is the offset of the line to begin at. Raises Fault.

    Line numbers count from there. Empty lines are skipped.
    """
    _assert_plain(path)
    with path.open("rb") as file:
        file.seek(start)
        number = 0
        while True:
            offset = file.tell()
            line = file.readline(MAX_LINE + 1)
            if not line:
                return
            number += 1
            if len(line) > MAX_LINE:
                raise Fault(path, f"The line is longer than {MAX_LINE} bytes.", number)
            if line.strip():
                yield Line(_value(path, line, number), offset, number)


def _assert_plain(path: Path) -> None:
    if not is_plain_file(path):
        raise Fault(path, "It is not a file, or it is a link, which may lead out of the folder.")


def _bytes_of(path: Path, limit: int) -> bytes:
    _assert_plain(path)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Fault(path, f"It is longer than {limit} bytes.")
    return data


def _value(path: Path, data: bytes, line: int | None = None) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise Fault(path, f"It is not JSON: {error.msg}.", line or error.lineno) from error
    except UnicodeDecodeError as error:
        raise Fault(path, "It is not UTF-8.", line or data.count(b"\n", 0, error.start) + 1) from error
    except (ValueError, RecursionError) as error:  # an integer with too many digits, or deep nesting
        raise Fault(path, f"It is not JSON that can be read: {error}.", line) from error
