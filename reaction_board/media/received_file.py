"""A file on its way into the board."""

import hashlib
import tempfile
from typing import BinaryIO, cast

from reaction_board.errors import FileTooLarge


class ReceivedFile:
    """A file that arrives in chunks. It is kept on disk, and hashed and measured on the way, so it is never in memory.

    `write` raises FileTooLarge with the first byte over `max_bytes`. The file has no name and vanishes when closed.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self.file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - closed by `close`
        self.size_bytes = 0

    def write(self, chunk: bytes) -> int:
        """Append a chunk."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise FileTooLarge(f"The file is larger than {self._max_bytes} bytes.")
        self._sha256.update(chunk)
        return self.file.write(chunk)

    def seek(self, position: int) -> int:
        """Move to where the next read begins."""
        return self.file.seek(position)

    def close(self) -> None:
        """Forget the file."""
        self.file.close()

    @property
    def hash(self) -> str:
        """The SHA-256 of the bytes so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()
