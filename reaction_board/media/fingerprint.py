"""Fingerprints: what pictures look like, in 64 bits."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import BinaryIO

from reaction_board.errors import ServiceUnavailable
from reaction_board.media import decoder
from reaction_board.media.decoder import Decoder, DecoderDied, RefusedByDecoder
from reaction_board.media.thumbnail import LIGHT, LIGHT_MEMORY, LIGHT_SECONDS, MAX_MEMORY, HeavyPicture

WAIT_SECONDS = 10
UPLOAD_WAIT_SECONDS = 2  # that an upload waits for the fingerprints of others

_threads = ThreadPoolExecutor(thread_name_prefix="fingerprint")  # they wait for the decoder


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


@contextlib.contextmanager
def rendered_meanwhile(file: BinaryIO) -> Iterator["Future[Fingerprint | None]"]:
    """Begin with the fingerprint of a picture that is uploaded; at the end, it is there.

    It is None if it would take more than a moment, or if the decoder is busy.
    """
    fingerprint = _threads.submit(_render_uploaded, file)
    try:
        yield fingerprint
    finally:
        wait([fingerprint])


def _render_uploaded(file: BinaryIO) -> Fingerprint | None:
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
