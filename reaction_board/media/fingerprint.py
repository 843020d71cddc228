"""Fingerprints: the look of a picture in 64 bits."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, cast

from reaction_board.errors import ServiceUnavailable
from reaction_board.media import decoder
from reaction_board.media.decoder import Decoder
from reaction_board.media.thumbnail import LIGHT_SECONDS, HeavyPicture, run_light

WAIT_SECONDS = 10
UPLOAD_WAIT_SECONDS = 2  # the fingerprint of an upload waits for those of others

MAX_LATE = 4  # unfinished fingerprints for which no upload waits: each occupies a file on disk

_threads = ThreadPoolExecutor(thread_name_prefix="fingerprint")  # they wait for the decoder
_unfinished: set["Future[Fingerprint | None]"] = set()


@dataclass(frozen=True)
class Fingerprint:
    """The look of a picture."""

    bits: int | None  # 64 bits as a signed integer; None if the picture has no structure, or cannot be decoded


def render(file: BinaryIO) -> Fingerprint:
    """Return the fingerprint of a picture in a file.

    Raises HeavyPicture if that exceeds the limits for light pictures: then use the fingerprint of its thumbnail, which
    is nearly the same. Raises ServiceUnavailable if the decoder is busy.
    """
    return _render(file, decoder.light, WAIT_SECONDS)


def render_of_thumbnail(file: BinaryIO) -> Fingerprint:
    """Return the fingerprint of a thumbnail in a file. Raises ServiceUnavailable if the decoder is busy."""
    try:
        return render(file)
    except HeavyPicture:  # no thumbnail is heavy, so this one cannot be decoded
        return Fingerprint(None)


def begin(file: BinaryIO) -> "Future[Fingerprint | None]":
    """Start to compute the fingerprint of an uploaded picture in another thread. The file may be closed meanwhile.

    The result is None if the picture exceeds the limits for light pictures, or if the decoder is busy.
    """
    copy = os.fdopen(os.dup(file.fileno()), "rb", buffering=0)
    look = _threads.submit(_render_uploaded, cast("BinaryIO", copy))
    _unfinished.add(look)
    look.add_done_callback(_unfinished.discard)
    return look


def may_be_late(look: "Future[Fingerprint | None]") -> bool:
    """Say whether an upload should finish before its fingerprint does."""
    return not look.done() and len(_unfinished) <= MAX_LATE


def finish_later(look: "Future[Fingerprint | None]", act: Callable[[Fingerprint | None], object]) -> None:
    """Call `act` with a fingerprint when it is ready, in another thread. Its exceptions are logged."""
    # The pool starts its jobs in order, so a thread already computes what this one waits for.
    finished = _threads.submit(lambda: act(look.result()))
    finished.add_done_callback(Future.result)  # raises the exception in a callback, where it is logged


def _render_uploaded(file: BinaryIO) -> Fingerprint | None:
    with file:
        try:
            return _render(file, decoder.uploads, UPLOAD_WAIT_SECONDS)
        except (HeavyPicture, ServiceUnavailable):
            return None


def _render(file: BinaryIO, child: Decoder, wait_seconds: float) -> Fingerprint:
    result, _ = run_light("fingerprint", file, child, wait_seconds, LIGHT_SECONDS)
    bits = result["fingerprint"]
    return Fingerprint(bits if bits is None else int.from_bytes(bytes.fromhex(bits), signed=True))
