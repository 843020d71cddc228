"""Many files to a board or from it, several at once. Interrupted and run again, both continue where they were."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, Literal, TypeVar

from rich.progress import Progress

from reaction_board_client.api import Api, Image
from reaction_board_client.errors import BoardError, NoAnswer, Refused
from reaction_board_client.files import local_name, sent_name
from reaction_board_client.terminal import printable

Job = TypeVar("Job")


@dataclass(frozen=True)
class Result:
    """What became of a file."""

    path: Path
    status: Literal["new", "duplicate", "refused"]  # `duplicate`: it was there already
    image: Image | None = None
    code: str = ""  # of a refusal
    detail: str = ""


def upload(api: Api, path: Path, tags: str, progress: Progress) -> Result:
    """Upload a file, unless the board has its bytes. Raises BoardError if no other file could be uploaded either."""
    try:
        if not path.is_file():  # reading a pipe could wait for ever
            return Result(path, "refused", code="unreadable", detail="It is not a file that can be read.")
        with path.open("rb") as file:
            known = api.find(hashlib.file_digest(file, "sha256").hexdigest())
            if known:
                return Result(path, "duplicate", known)
            task = progress.add_task(printable(path.name), total=None)
            try:
                file.seek(0)
                with progress.wrap_file(file, path.stat().st_size, task_id=task) as watched:
                    image = api.upload(watched, sent_name(path), tags)
            finally:
                progress.remove_task(task)
        return Result(path, "duplicate" if image.pop("duplicate", False) else "new", image)
    except OSError as error:
        return Result(path, "refused", code="unreadable", detail=error.strerror or str(error))
    except BoardError as error:
        return _refusal(api, error, path)


def download(api: Api, wanted: Image | str, folder: Path, progress: Progress) -> Result:
    """Write the bytes of an image, or of the one with an id, into a folder: whole or not at all, unless they are there.

    Raises BoardError if no other image could be downloaded either.
    """
    try:
        image = api.get(wanted) if isinstance(wanted, str) else wanted
    except BoardError as error:
        return _refusal(api, error, Path(str(wanted)))
    path = folder / local_name(image)
    part = path.with_name(f".{path.name}.part")
    task = progress.add_task(printable(path.name), total=image["size_bytes"])
    try:
        if path.exists() and path.stat().st_size == image["size_bytes"]:
            return Result(path, "duplicate", image)
        digest = hashlib.sha256()
        with part.open("wb") as file, api.bytes_of(image) as pieces:
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


def _refusal(api: Api, error: BoardError, path: Path, image: Image | None = None) -> Result:
    """Return the result for an error that concerns one file alone; raise any other error."""
    if isinstance(error, Refused):
        return Result(path, "refused", image, error.code, error.detail)
    if isinstance(error, NoAnswer) and api.is_ready():
        return Result(path, "refused", image, "no_answer", str(error))
    raise error


def several_at_once(
    run: Callable[[Job], Result], jobs: Iterable[Job], threads: int, stopped: Callable[[], bool]
) -> Iterator[Result]:
    """Yield the result of each job once it is there.

    After an error, and once it is `stopped`, no other job begins. The results of those that are running are yielded
    all the same; then the first error is raised.
    """
    batch = _Batch(run, jobs, stopped)
    waiting = batch.jobs_to_begin()
    running: set[Future[Result | None]] = set()
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
                elif result := future.result():
                    yield result
    finally:
        pool.shutdown(cancel_futures=True)
    if batch.errors:
        raise batch.errors[0]


class _Batch(Generic[Job]):
    """Jobs that begin until there is an error, or it is `stopped`."""

    def __init__(self, run: Callable[[Job], Result], jobs: Iterable[Job], stopped: Callable[[], bool]) -> None:
        self._run, self._jobs, self._stopped = run, jobs, stopped
        self.errors: list[BaseException] = []

    def jobs_to_begin(self) -> Iterator[Job]:
        """Yield the jobs."""
        try:
            for job in self._jobs:
                if self._is_over():
                    return
                yield job
        except BoardError as error:  # of the search that the jobs come from
            self.errors.append(error)

    def begin(self, job: Job) -> Result | None:
        """Run a job, unless it is over by now."""
        return None if self._is_over() else self._run(job)

    def _is_over(self) -> bool:
        return bool(self.errors) or self._stopped()
