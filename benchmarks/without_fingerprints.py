"""The board without fingerprints of uploads: the floor of an upload with one."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future
from typing import BinaryIO

from reaction_board import create_app
from reaction_board.media import fingerprint


@contextlib.contextmanager
def _nothing_meanwhile(_: BinaryIO) -> Iterator["Future[None]"]:
    nothing: Future[None] = Future()
    nothing.set_result(None)
    yield nothing


fingerprint.rendered_meanwhile = _nothing_meanwhile  # type: ignore[assignment]  # in this process alone
app = create_app()
