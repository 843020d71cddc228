"""Long work on a terminal: progress, interruption, and the summary of transfers."""

import dataclasses
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from threading import Event
from typing import Never, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from reaction_board_client import transfers
from reaction_board_client.records import Image
from reaction_board_client.terminal import json_line, printable
from reaction_board_client.transfers import Result

Job = TypeVar("Job")

INTERRUPTED = 130  # the exit status that shells use


def transfer(
    jobs: Iterable[Job],
    runner: Callable[[Progress], Callable[[Job], Result]],
    threads: int,
    words: Mapping[str, str],
    as_json: bool,
    finish: Callable[[], bool] = lambda: True,
    use_new: Callable[[Sequence[Image]], None] = lambda _: None,
) -> None:
    """Run all jobs and show progress. Then list refused and similar files, and print how many files have each status.

    `words` has the word for each status. Unless the jobs are interrupted, `finish` runs after them and returns whether
    it succeeded, and `use_new` gets the last new images, at most MAX_PREPARED. The command ends with exit status 1 if a
    file was refused or `finish` did not succeed.
    """
    counts: Counter[str] = Counter()
    reported = []
    new: deque[Image] = deque(maxlen=transfers.MAX_PREPARED)
    ended_early = True
    try:
        with stoppable() as stop, bars(hidden=as_json) as progress:
            total = len(jobs) if isinstance(jobs, Sized) else None  # unknown if the jobs come from a search
            task = progress.add_task("", total=total)
            for result in transfers.several_at_once(runner(progress), jobs, threads, stop.is_set):
                counts[result.status] += 1
                progress.update(task, advance=1, description=f"{counts.total()} of {total or '…'}")
                if result.detail:
                    reported.append(result)
                if result.status == "new" and result.image:
                    new.append(result.image)
                if as_json:
                    click.echo(json_line({**dataclasses.asdict(result), "path": str(result.path)}))
        ended_early = False
    finally:
        # If an error ends the transfer before its first file, only the error matters: a line of zeros would hide it.
        if not as_json and (counts or not ended_early):
            _print_summary(reported, counts, words)
    if stop.is_set():
        end_interrupted()
    succeeded = finish()
    use_new(new)
    if not succeeded or counts["refused"]:
        sys.exit(1)


def _print_summary(reported: Iterable[Result], counts: Mapping[str, int], words: Mapping[str, str]) -> None:
    for result in reported:
        code = f" ({result.code})" if result.code else ""
        click.echo(printable(f"{result.path}: {result.detail}{code}"))
    click.echo(", ".join(f"{counts[status]} {word}" for status, word in words.items()))


def bars(*, hidden: bool) -> Progress:
    """Return progress bars. They are shown only on a terminal, and removed from it at the end."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn()
    return Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)


def end_interrupted(advice: str = "Run the same command again to continue.") -> Never:
    """End the command after an interruption."""
    click.echo(f"Interrupted. {advice}", err=True)
    sys.exit(INTERRUPTED)


@contextmanager
def stoppable() -> Iterator[Event]:
    """Let the first interruption set an event, and the second one end the process as usual."""
    stop = Event()

    def note(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)
        click.echo("Finishing what is running. Interrupt again to quit at once.", err=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
