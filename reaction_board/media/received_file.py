"""Temporary files: uploads on their way into the board, and stored files that are to be decoded."""

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
    """Raise ServiceUnavailable if the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ServiceUnavailable from error
        raise


def temporary_file() -> BinaryIO:
    """Return a new file without a name, which is deleted when it is closed.

    The file is not buffered, so other processes can read it through its descriptor.
    """
    return cast("BinaryIO", tempfile.TemporaryFile(buffering=0))


def append(file: BinaryIO, chunk: bytes) -> None:
    """Write a chunk to an unbuffered file. Raises ServiceUnavailable if the disk is full."""
    rest = memoryview(chunk)
    with room_on_disk():
        while rest:  # if the disk is nearly full, a write is partial, without an error
            rest = rest[file.write(rest) :]


class ReceivedFile:
    """A file that arrives in chunks. It is stored on disk, and hashed and measured meanwhile, so it is never in memory.

    `write` raises FileTooLarge at the first byte over `max_bytes`, and ServiceUnavailable if the disk is full.
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
            raise FileTooLarge(
                f"The file is larger than {self._max_bytes / 1_000_000:.4g} MB, the limit of this board."
            )
        self._sha256.update(chunk)
        append(self.file, chunk)
        return len(chunk)

    def seek(self, position: int) -> int:
        """Set the position of the next read."""
        return self.file.seek(position)

    def reader(self) -> BinaryIO:
        """Return the whole file for reading, with its own position, while others read `file`."""
        return cast("BinaryIO", _Reader(self.file.fileno(), self.size_bytes))

    def close(self) -> None:
        """Delete the file."""
        self.file.close()

    @property
    def hash(self) -> str:
        """The SHA-256 of the bytes so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


class _Reader(io.RawIOBase):
    """Reads from a descriptor without changing its position, which other processes may share."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor, self._size_bytes = descriptor, size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer. Return their number."""
        size = os.preadv(self._descriptor, [buffer], self._position)
        self._position += size
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position of the next read."""
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        return self._position
