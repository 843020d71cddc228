"""Fingerprints: what pictures look like, in 64 bits."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, cast

from reaction_board.errors import ServiceUnavailable
from reaction_board.media import decoder
from reaction_board.media.decoder import Decoder, DecoderDied, RefusedByDecoder
from reaction_board.media.thumbnail import LIGHT, LIGHT_MEMORY, LIGHT_SECONDS, MAX_MEMORY, HeavyPicture

WAIT_SECONDS = 10
UPLOAD_WAIT_SECONDS = 2  # that an upload waits for the fingerprints of others

MAX_LATE = 4  # fingerprints under way that no upload waits for: each keeps a file on disk

_threads = ThreadPoolExecutor(thread_name_prefix="fingerprint")  # they wait for the decoder
_unfinished: set["Future[Fingerprint | None]"] = set()


@dataclass(frozen=True)
class Fingerprint:
    """What a picture looks like."""

    bits: int | None  # 64, as a signed number; None: the picture has no structure, or cannot be decoded


def render(file: BinaryIO) -> Fingerprint:
    """Return the fingerprint of a picture in a file.

    Raises HeavyPicture if it takes more than a moment: then take that of its thumbnail, which is nearly the same.
    Raises ServiceUnavailable if the decoder is busy.
    """
    return _render(file, decoder.light, WAIT_SECONDS)


def render_of_thumbnail(file: BinaryIO) -> Fingerprint:
    """Return the fingerprint of a thumbnail in a file. Raises ServiceUnavailable if the decoder is busy."""
    try:
        return render(file)
    except HeavyPicture:  # no thumbnail is heavy: it cannot be decoded
        return Fingerprint(None)


def begin(file: BinaryIO) -> "Future[Fingerprint | None]":
    """Begin with the fingerprint of a picture that is uploaded, in another thread; the file may be closed meanwhile.

    It is None if it would take more than a moment, or if the decoder is busy.
    """
    copy = os.fdopen(os.dup(file.fileno()), "rb", buffering=0)
    look = _threads.submit(_render_uploaded, cast("BinaryIO", copy))
    _unfinished.add(look)
    look.add_done_callback(_unfinished.discard)
    return look


def may_be_late(look: "Future[Fingerprint | None]") -> bool:
    """Say whether an upload shall go on without its fingerprint, which is not there yet."""
    return not look.done() and len(_unfinished) <= MAX_LATE


def finish_later(look: "Future[Fingerprint | None]", act: Callable[[Fingerprint | None], object]) -> None:
    """Have `act` called with a fingerprint when it is there, in another thread. What it raises is logged."""
    finished = _threads.submit(lambda: act(look.result()))
    finished.add_done_callback(Future.result)  # which raises in a callback, and that is logged


def _render_uploaded(file: BinaryIO) -> Fingerprint | None:
    with file:
        try:
            return _render(file, decoder.uploads, UPLOAD_WAIT_SECONDS)
        except (HeavyPicture, ServiceUnavailable):
            return None


def _render(file: BinaryIO, child: Decoder, wait_seconds: float) -> Fingerprint:
    try:
        result, _ = child.run(
            "fingerprint",
            file,
            LIGHT,
            wait_seconds=wait_seconds,
            max_bytes=LIGHT_MEMORY,
            max_seconds=LIGHT_SECONDS,
        )
    except RefusedByDecoder as refused:
        # One that seems damaged may have needed more memory: libraries do not always say so.
        raise HeavyPicture(refused.memory_bytes or MAX_MEMORY) from refused
    except DecoderDied as error:  # the estimate was wrong
        raise HeavyPicture(MAX_MEMORY) from error
    bits = result["fingerprint"]
    return Fingerprint(bits if bits is None else int.from_bytes(bytes.fromhex(bits), signed=True))
