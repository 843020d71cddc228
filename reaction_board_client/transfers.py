"""Many files to the board, or from it, several at once. Interrupted and started again, each finishes the job."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from rich.progress import Progress

from reaction_board_client.api import Api, Image, Refused
from reaction_board_client.terminal import printable, without_controls

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp"}

Job = TypeVar("Job")


@dataclass(frozen=True)
class Result:
    """What became of a file."""

    path: Path
    status: Literal["new", "duplicate", "refused"]  # `duplicate`: it was there already
    image: Image | None = None
    code: str = ""  # of a refusal
    detail: str = ""


def images_under(paths: Iterable[Path]) -> tuple[list[Path], int]:
    """Return the files to upload, and how many in folders were passed over.

    A file that is named itself is one of them; of folders, all below them that are named like an image and not hidden.
    """
    found: dict[Path, None] = {}
    others = 0
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        # A folder that cannot be read is refused as a file is.
        for folder, folders, names in os.walk(path, onerror=lambda error: found.update({Path(error.filename): None})):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                file = Path(folder, name)
                if file.suffix.lower() in SUFFIXES and not name.startswith(".") and file.is_file():
                    found[file] = None
                elif not name.startswith("."):
                    others += 1
    return list(found), others


def upload(api: Api, path: Path, tags: str, progress: Progress) -> Result:
    """Upload a file, unless the board has its bytes. Raises Refused if it is the tags that the board does not take."""
    try:
        if not path.is_file():  # reading a pipe could wait for ever
            return Result(path, "refused", code="unreadable", detail="It is no file that can be read.")
        with path.open("rb") as file:
            known = api.find(hashlib.file_digest(file, "sha256").hexdigest())
            if known:
                return Result(path, "duplicate", known)
            task = progress.add_task(printable(path.name), total=None)
            try:
                file.seek(0)
                with progress.wrap_file(file, path.stat().st_size, task_id=task) as watched:
                    image = api.upload(watched, path.name, tags)
            finally:
                progress.remove_task(task)
        return Result(path, "duplicate" if image.pop("duplicate", False) else "new", image)
    except Refused as error:
        if error.code == "invalid_tag" or error.detail.startswith("tags:"):
            raise  # so it would be with every file
        return Result(path, "refused", code=error.code, detail=error.detail)
    except OSError as error:
        return Result(path, "refused", code="unreadable", detail=error.strerror or str(error))


def download(api: Api, wanted: Image | str, folder: Path, progress: Progress) -> Result:
    """Write the bytes of an image, or of that with an id, into a folder: whole or not at all, unless they are there."""
    try:
        image = api.get(wanted) if isinstance(wanted, str) else wanted
    except Refused as error:
        return Result(Path(str(wanted)), "refused", code=error.code, detail=error.detail)
    path = folder / local_name(image)
    if path.exists() and path.stat().st_size == image["size_bytes"]:
        return Result(path, "duplicate", image)
    part = path.with_name(f".{path.name}.part")
    task = progress.add_task(printable(path.name), total=image["size_bytes"])
    try:
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
    except Refused as error:
        return Result(path, "refused", image, error.code, error.detail)
    except OSError as error:
        return Result(path, "refused", image, "unwritable", error.strerror or str(error))
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
        progress.remove_task(task)


def local_name(image: Image) -> str:
    """Return the name of an image's file: of its own name, and of its hash, as names may be the same."""
    # What the board calls a filename is text of somebody else: no path, and not longer than file systems take.
    name = PurePosixPath(without_controls(image["filename"].replace("\\", "/")))
    short, suffix = (
        text.encode()[:most].decode(errors="ignore") for text, most in ((name.stem.lstrip("."), 200), (name.suffix, 10))
    )
    return f"{short}-{image['hash'][:12]}{suffix}"


def several_at_once(
    run: Callable[[Job], Result], jobs: Iterable[Job], threads: int, stopped: Callable[[], bool]
) -> Iterator[Result]:
    """Yield the results of jobs as they come.

    Once it is `stopped`, and after an error, what has begun is finished, and nothing else begins.
    """
    waiting = iter(jobs)
    running: set[Future[Result]] = set()
    pool = ThreadPoolExecutor(threads)
    try:
        while True:
            if stopped():
                running = {future for future in running if not future.cancel()}
            else:
                running.update(pool.submit(run, job) for job in islice(waiting, 2 * threads - len(running)))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if not future.cancelled():
                    yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)
