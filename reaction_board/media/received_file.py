"""A file on its way into the board, or out of it again to be looked at."""

import contextlib
import errno
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from reaction_board.errors import FileTooLarge, ServiceUnavailable


@contextlib.contextmanager
def room_on_disk() -> Iterator[None]:
    """Turn the error that the disk is full into ServiceUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ServiceUnavailable from error
        raise


def temporary_file() -> BinaryIO:
    """Return a new file without a name, which vanishes when it is closed. It is not buffered: others can read it."""
    return cast("BinaryIO", tempfile.TemporaryFile(buffering=0))


def append(file: BinaryIO, chunk: bytes) -> None:
    """Write a chunk to an unbuffered file. Raises ServiceUnavailable if the disk is full."""
    rest = memoryview(chunk)
    with room_on_disk():
        while rest:  # on a disk that is nearly full, only a part is written, without an error
            rest = rest[file.write(rest) :]


class ReceivedFile:
    """A file that arrives in chunks. It is kept on disk, and hashed and measured on the way, so it is never in memory.

    `write` raises FileTooLarge with the first byte over `max_bytes`, and ServiceUnavailable if the disk is full.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        with room_on_disk():
            self.file = temporary_file()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> int:
        """Append a chunk."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise FileTooLarge(f"The file is larger than {self._max_bytes} bytes.")
        self._sha256.update(chunk)
        append(self.file, chunk)
        return len(chunk)

    def seek(self, position: int) -> int:
        """Move to where the next read begins."""
        return self.file.seek(position)

    def reader(self) -> BinaryIO:
        """Return the whole file for reading, at a position of its own, while others read `file`."""
        return cast("BinaryIO", _Reader(self.file.fileno(), self.size_bytes))

    def close(self) -> None:
        """Forget the file."""
        self.file.close()

    @property
    def hash(self) -> str:
        """The SHA-256 of the bytes so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


class _Reader(io.RawIOBase):
    """Reads from a descriptor without moving its position, which other processes may share."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor, self._size_bytes = descriptor, size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Say that one can read."""
        return True

    def seekable(self) -> bool:
        """Say that one can seek."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer; return how many."""
        size = os.preadv(self._descriptor, [buffer], self._position)
        self._position += size
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to where the next read begins."""
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        return self._position
