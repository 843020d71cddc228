"""Uploads and downloads of many files, several at once. An interrupted transfer can be run again to continue."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Generic, Literal, TypeVar

from rich.progress import Progress

from reaction_board_client import links
from reaction_board_client.api import Api
from reaction_board_client.errors import BoardError, NoAnswer, Refused
from reaction_board_client.files import created, local_name, sent_name
from reaction_board_client.records import Image
from reaction_board_client.terminal import printable

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")

MAX_PREPARED = 60  # images that the board's page shows first
PREPARING_SECONDS = 30
PREPARING_THREADS = 4


@dataclass(frozen=True)
class Upload:
    """A file, and the tags for its image."""

    path: Path
    tags: Sequence[str] = ()
    candidates: Sequence[str] = ()  # further tags, if the board already has tags or aliases of these names
    filename: str = ""  # the name to upload it under, instead of its own
    digest: str = ""  # the SHA-256 that it must have, in hexadecimal


@dataclass(frozen=True)
class Result:
    """The result for a file."""

    path: Path
    # `duplicate`: it was there already. `tagged`: it was there already, and got tags. `similar`: it was not sent,
    # because `image` looks like it.
    status: Literal["new", "duplicate", "tagged", "similar", "refused"]
    image: Image | None = None
    code: str = ""  # of a refusal
    detail: str = ""  # of a refusal, or of the similar image


def upload(
    api: Api,
    job: Upload,
    progress: Progress,
    tag_duplicates: bool = False,
    skip_similar: bool = False,
    distance: int | None = None,
) -> Result:
    """Upload a file, unless the board has its bytes. With `tag_duplicates`, the existing image gets the tags.

    With `skip_similar`, the file is not sent either if the board has an image that looks like it, within `distance`.
    Raises BoardError if uploads of other files would fail, too.
    """
    path = job.path
    try:
        if not path.is_file():  # reading a pipe could wait for ever
            return Result(path, "refused", code="unreadable", detail="It is not a file that can be read.")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if job.digest and job.digest != digest:
                return Result(path, "refused", code="damaged", detail="The bytes are not those that were exported.")
            known = api.find(digest)
            if known:
                result = Result(path, "duplicate", known)
            elif skip_similar:
                result = _send_unless_similar(api, file, job, progress, distance)
            else:
                result = _send(api, file, job, progress)
        tagged = tag_duplicates and result.status == "duplicate" and result.image
        return _tag_duplicate(api, tagged, job) if tagged else result
    except OSError as error:
        return Result(path, "refused", code="unreadable", detail=error.strerror or str(error))
    except BoardError as error:
        return _refusal(api, error, path)


def _send_unless_similar(api: Api, file: BinaryIO, job: Upload, progress: Progress, distance: int | None) -> Result:
    similar = _most_similar(api, file, job, progress, distance)
    if similar:
        link = links.page(api.address, similar)
        detail = f"Looks like {link} (distance {similar['distance']})"
        return Result(job.path, "similar", {**similar, "link": link}, detail=detail)
    result = _send(api, file, job, progress)
    if result.image:
        # The board may take the fingerprint later, and not find this image for the next file. A search takes it now.
        with contextlib.suppress(Refused, NoAnswer):  # the upload itself has succeeded
            api.similar(result.image["id"], distance=0)
    return result


def _most_similar(api: Api, file: BinaryIO, job: Upload, progress: Progress, distance: int | None) -> Image | None:
    """Return the image of the board that looks most like a file, or None."""
    try:
        with _watched(file, job, progress) as watched:
            return next(iter(api.similar_to_file(watched, distance, limit=1)), None)
    except Refused as error:
        if error.code != "undecodable_image":  # the board stores such a file, which is similar to none
            raise
        return None


def _send(api: Api, file: BinaryIO, job: Upload, progress: Progress) -> Result:
    tags = ",".join(_all_tags(api, job))
    with _watched(file, job, progress) as watched:
        image = api.upload(watched, sent_name(job.filename or job.path.name), tags)
    # `duplicate`: another client has sent the same bytes meanwhile.
    return Result(job.path, "duplicate" if image.pop("duplicate", False) else "new", image)


@contextlib.contextmanager
def _watched(file: BinaryIO, job: Upload, progress: Progress) -> Iterator[BinaryIO]:
    """Give a file from its beginning, and show a progress bar while it is read."""
    task = progress.add_task(printable(job.path.name), total=None)
    try:
        file.seek(0)
        with progress.wrap_file(file, job.path.stat().st_size, task_id=task) as watched:
            yield watched
    finally:
        progress.remove_task(task)


def _tag_duplicate(api: Api, image: Image, job: Upload) -> Result:
    add = [tag for tag in _all_tags(api, job) if tag not in image["tags"]]
    if not add:
        return Result(job.path, "duplicate", image)
    changed = next(api.change_tags([image["id"]], add, []), image)
    return Result(job.path, "duplicate" if changed["tags"] == image["tags"] else "tagged", changed)


def prepare_thumbnails(api: Api, images: Sequence[Image]) -> None:
    """Have the board render the thumbnails of new images, the last ones first, before anyone opens its page.

    The board renders all others on demand. So failures are ignored, and after PREPARING_SECONDS, no further thumbnail
    is requested.
    """
    deadline = time.monotonic() + PREPARING_SECONDS

    def prepare(image: Image) -> None:
        seconds = deadline - time.monotonic()
        if seconds > 0:
            with contextlib.suppress(BoardError):
                api.make_thumbnail(image, seconds)

    with ThreadPoolExecutor(PREPARING_THREADS) as pool:
        pool.map(prepare, reversed(images))


def _all_tags(api: Api, job: Upload) -> list[str]:
    return [*job.tags, *filter(api.has_tag, job.candidates)]


def download(
    api: Api, wanted: Image | str, folder: Path, progress: Progress, name: Callable[[Image], str] = local_name
) -> Result:
    """Save an image, given as its record or its id, in a folder, unless it is there already.

    The file gets the name that `name` returns, and is written completely or not at all. Raises BoardError if downloads
    of other images would fail, too.
    """
    try:
        image = api.get(wanted) if isinstance(wanted, str) else wanted
    except BoardError as error:
        return _refusal(api, error, Path(str(wanted)))
    path = folder / name(image)
    part = path.with_name(f".{path.name}.part")
    task = progress.add_task(printable(path.name), total=image["size_bytes"])
    try:
        if _holds(path, image):
            return Result(path, "duplicate", image)
        digest = hashlib.sha256()
        with created(part) as file, api.bytes_of(image) as pieces:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
                progress.advance(task, len(piece))
                if file.tell() > image["size_bytes"]:
                    break
        if digest.hexdigest() != image["hash"]:
            return Result(path, "refused", image, "damaged", "The bytes are not those that were uploaded.")
        part.replace(path)
        return Result(path, "new", image)
    except OSError as error:
        return Result(path, "refused", image, "unwritable", error.strerror or str(error))
    except BoardError as error:
        return _refusal(api, error, path, image)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
        progress.remove_task(task)


def _holds(path: Path, image: Image) -> bool:
    """Return whether a path is a file, not a link, with the bytes of an image."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != image["size_bytes"]:
        return False
    with path.open("rb") as file:
        return bool(hashlib.file_digest(file, "sha256").hexdigest() == image["hash"])


def _refusal(api: Api, error: BoardError, path: Path, image: Image | None = None) -> Result:
    """Return the result for an error that concerns one file alone; raise any other error."""
    if isinstance(error, Refused):
        return Result(path, "refused", image, error.code, error.detail)
    if concerns_one_alone(api, error):
        return Result(path, "refused", image, "no_answer", str(error))
    raise error


def concerns_one_alone(api: Api, error: BoardError) -> bool:
    """Return whether an error concerns only one file or image, so that others may succeed."""
    return isinstance(error, Refused) or (isinstance(error, NoAnswer) and api.is_ready())


def several_at_once(
    run: Callable[[Job], Outcome], jobs: Iterable[Job], threads: int, stopped: Callable[[], bool]
) -> Iterator[Outcome]:
    """Run jobs in threads, and yield each outcome as soon as it is known.

    After an error, or once `stopped` returns true, no further job begins. The outcomes of running jobs are still
    yielded; then the first error is raised.
    """
    batch = _Batch(run, jobs, stopped)
    waiting = batch.jobs_to_begin()
    running: set[Future[Outcome | None]] = set()
    pool = ThreadPoolExecutor(threads)
    try:
        while True:
            running.update(pool.submit(batch.begin, job) for job in islice(waiting, 2 * threads - len(running)))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if error := future.exception():
                    batch.errors.append(error)
                elif (outcome := future.result()) is not None:
                    yield outcome
    finally:
        pool.shutdown(cancel_futures=True)
    if batch.errors:
        raise batch.errors[0]


class _Batch(Generic[Job, Outcome]):
    """Jobs that begin until one of them fails or `stopped` returns true."""

    def __init__(self, run: Callable[[Job], Outcome], jobs: Iterable[Job], stopped: Callable[[], bool]) -> None:
        self._run, self._jobs, self._stopped = run, jobs, stopped
        self.errors: list[BaseException] = []

    def jobs_to_begin(self) -> Iterator[Job]:
        """Yield the jobs, until the batch is over."""
        try:
            for job in self._jobs:
                if self._is_over():
                    return
                yield job
        except BoardError as error:  # of the search that the jobs come from
            self.errors.append(error)

    def begin(self, job: Job) -> Outcome | None:
        """Run a job, unless the batch is over."""
        return None if self._is_over() else self._run(job)

    def _is_over(self) -> bool:
        return bool(self.errors) or self._stopped()
