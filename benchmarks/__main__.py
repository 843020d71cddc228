"""`make bench`: fill a board, measure it, and print a table."""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import psutil
import requests
from botocore.config import Config
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import Connection

from benchmarks import changes, hostile, merging, page, peers, proxied, search, similar, transfers
from benchmarks.fill import Filled, fill
from benchmarks.measure import QUICK, Case, Effort, Figure, in_turns
from reaction_board.database import migration
from reaction_board.database.engine import make_engine, transactional
from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres
from reaction_board.storage import CONFIG, S3Storage
from tests.browser import CHROMIUM, chromium
from tests.pictures import padded
from tests.servers import Gunicorn, Nginx

BUCKET = "benchmark"
CONSTANT = "benchmarks.constant:app"
WITHOUT_FINGERPRINTS = "benchmarks.without_fingerprints:app"
PARTS = ("similar", "search", "bytes", "hostile", "page")
DEPEND_ON_IMAGES = ("similar", "search")


def main() -> int:
    """Run the benchmarks that the command line names. Return 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000, help="images on the board (default: 1,000,000)")
    parser.add_argument("--rounds", type=int, default=9, help="samples of each case (default: 9)")
    parser.add_argument("--quick", action="store_true", help="run every case once, briefly, and check no bounds")
    parser.add_argument("--only", choices=PARTS, help="run one group of benchmarks")
    parser.add_argument("--pictures", type=Path, help="folder of further pictures to mangle like the drawings")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    effort = QUICK if options.quick else Effort(options.rounds)
    console = Console(stderr=True)
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(
            Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                     TimeElapsedColumn(), console=console)
        )  # fmt: skip
        folder = Path(tempfile.mkdtemp(prefix="board-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")))  # noqa: S108 - mkdtemp
        stack.callback(shutil.rmtree, folder)
        _, database_url = stack.enter_context(postgres(folder, "secret"))
        _, variables = stack.enter_context(object_store(folder, "key-of-the-bench", "secret-of-the-bench"))
        os.environ.update(variables, DATABASE_URL=database_url, S3_BUCKET_NAME=BUCKET, MALLOC_ARENA_MAX="2")
        S3Storage(BUCKET, variables["AWS_REGION"], timeout=20).create_bucket()
        migration.upgrade()
        figures = _figures(progress, database_url, options, effort)
    if options.quick:
        figures = [dataclasses.replace(figure, holds=None) for figure in figures]
    machine = _machine()
    if options.json:
        print(
            json.dumps(
                {"machine": machine, "images": options.images, "figures": list(map(dataclasses.asdict, figures))}
            )
        )
    else:
        _print(figures, machine, options.images)
    return int(any(figure.holds is False for figure in figures))


def _figures(progress: Progress, database_url: str, options: argparse.Namespace, effort: Effort) -> list[Figure]:
    images: int = options.images
    parts: dict[str, Callable[[], list[Figure]]] = {
        "similar": lambda: _similar(progress, database_url, images, options.pictures, effort),
        "search": lambda: _search(progress, database_url, images, effort),
        "bytes": lambda: _bytes(progress, effort),
        "hostile": lambda: _hostile(progress, effort),
        "page": lambda: _page(progress, database_url, min(images, page.IMAGES), effort),
    }
    chosen = [options.only] if options.only else PARTS
    if images > search.LARGE and (left_out := [part for part in chosen if part not in DEPEND_ON_IMAGES]):
        _skip(f"{', '.join(left_out)}, which do not depend on the number of images: use fewer")
        chosen = [part for part in chosen if part in DEPEND_ON_IMAGES]
    return [figure for part in chosen for figure in parts[part]()]


def _measured(progress: Progress, group: str, cases: list[Case], effort: Effort) -> list[Figure]:
    task = progress.add_task(group, total=len(cases) * (effort.rounds + effort.warm_up))
    return in_turns(group, cases, effort, lambda name: progress.update(task, advance=1, description=name))


def _similar(progress: Progress, database_url: str, images: int, pictures: Path | None, effort: Effort) -> list[Figure]:
    task = progress.add_task("similar", total=None)
    show = partial(progress.update, task)
    figures = list(similar.share_figures(pictures, effort, lambda what: show(description=what)))
    drawn = similar.unrelated(effort, lambda what: show(description=what))
    show(description="comparing drawings")
    figures.append(similar.unrelated_figure(drawn))
    engine = make_engine(database_url, pool_size=1, timeout=0)
    with transactional(engine).begin() as connection:
        fill(connection, images, lambda what: show(description=f"fill: {what}"))
        show(description="fill: fingerprints")
        similar.fill(connection, images, drawn)
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        show(description="searching")
        figures += similar.search_figures(connection, images, effort)
    engine.dispose()
    progress.update(task, total=1, completed=1, description="similar")
    one_worker = {**os.environ, "WEB_CONCURRENCY": "1"}
    with Gunicorn.running(one_worker) as server, Gunicorn.running(one_worker, WITHOUT_FINGERPRINTS) as without:
        often = effort if effort is QUICK else dataclasses.replace(effort, rounds=max(effort.rounds, 41))
        cases = list(similar.upload_cases(server.url, without.url, effort))
        figures += _measured(progress, "uploads with fingerprints", cases, often)
    return figures


def _search(progress: Progress, database_url: str, images: int, effort: Effort) -> list[Figure]:
    engine = make_engine(database_url, pool_size=1, timeout=0)
    task = progress.add_task("fill", total=None)
    with transactional(engine).begin() as connection:
        board = fill(connection, images, lambda what: progress.update(task, description=f"fill: {what}"))
    progress.update(task, total=1, completed=1, description=f"filled with {images:,} images")
    large = images > search.LARGE
    figures = []
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        # More than 20 executions on one connection, so that PostgreSQL would have switched to a generic plan.
        often = effort if effort is QUICK else dataclasses.replace(effort, rounds=max(effort.rounds, 21))
        figures += _measured(progress, "SQL", list(search.sql_cases(connection, board, images)), often)
        if large:
            _skip("the comparison with one subquery for each tag, re-tagging, deleting and adding: they take hours")
        else:
            few = dataclasses.replace(effort, rounds=min(effort.rounds, 5))
            if wrong := list(peers.wrong_searches(connection, board, images)):
                raise SystemExit(f"these searches are wrong: {', '.join(wrong)}")
            figures += _measured(progress, "peers", list(peers.cases(connection, board, images)), few)
            peers.drop_gin(connection)
            figures += _changed(progress, connection, board, images, effort)
    engine.dispose()
    with Gunicorn.running(os.environ) as server, Gunicorn.running(os.environ, CONSTANT) as constant:
        cases = list(search.http_cases(server.url, constant.url, board, images))
        figures += _measured(progress, "HTTP", cases, often)
        figures.append(search.memory_figure(server, board, effort))
    if not large:
        task = progress.add_task("adding records", total=1)
        figures += changes.sizes(database_url, board, images, effort)
        figures += changes.adding(database_url, board, effort)
        progress.update(task, advance=1)
        task = progress.add_task("merging", total=1)
        few = dataclasses.replace(effort, rounds=min(effort.rounds, 5))
        show = partial(progress.update, task)
        figures += merging.figures(database_url, board, images, few, lambda what: show(description=what))
        progress.update(task, advance=1)
    return figures


def _changed(progress: Progress, connection: Connection, board: Filled, images: int, effort: Effort) -> list[Figure]:
    """Measure the searches again after changes."""
    figures = []
    writer = transactional(make_engine(os.environ["DATABASE_URL"], pool_size=1, timeout=0))
    for group, change in (
        ("SQL after ANALYZE", lambda: connection.exec_driver_sql("ANALYZE")),
        ("SQL after 5 % were re-tagged", lambda: changes.retag(writer, board, images)),
        ("SQL after 5 % were deleted", lambda: changes.delete(writer, images)),
    ):
        task = progress.add_task(group, total=1)
        change()
        progress.update(task, advance=1)
        figures += _measured(progress, group, list(search.sql_cases(connection, board, images)), effort)
    writer.dispose()
    connection.exec_driver_sql("VACUUM ANALYZE")
    return figures


def _skip(what: str) -> None:
    print(f"skipped: {what}", file=sys.stderr)


def _bytes(progress: Progress, effort: Effort) -> list[Figure]:
    store = transfers.Store(
        boto3.client("s3", region_name="us-east-1", config=CONFIG.merge(Config(signature_version="s3v4"))), BUCKET
    )
    with Gunicorn.running(os.environ) as server, Gunicorn.running(os.environ, CONSTANT) as constant:
        api = server.url
        images: dict[str, dict[str, Any]] = {
            size: requests.post(
                f"{api}/images", files={"file": ("a.png", padded(effort.of(bytes_)))}, timeout=60
            ).json()
            for size, bytes_ in transfers.SIZES.items()
        }
        figures = transfers.memory_figures(server, images["50 MB"], effort)
        cases = list(transfers.transfer_cases(api, constant.url, store, images, effort))
        figures += _measured(progress, "bytes", cases, effort)
        task = progress.add_task("slow readers", total=1)
        figures += transfers.slow_reader_figures("slow readers", api, images["20 MB"], 5, effort)
        progress.update(task, advance=1)
        with Nginx.running(server.socket) as nginx:
            cases = list(proxied.cases(nginx.url, constant.url, store, images, effort))
            figures += _measured(progress, "through nginx", cases, effort)
            figures += proxied.cold_figures(nginx.url, server, effort)
            figures += transfers.slow_reader_figures("slow readers, nginx", nginx.url, images["20 MB"], 3, effort)
    return figures


def _hostile(progress: Progress, effort: Effort) -> list[Figure]:
    task = progress.add_task("hostile", total=len(hostile.KINDS))
    with Gunicorn.running(os.environ) as server:
        tick = partial(progress.update, task, advance=1)
        return list(hostile.figures(server, effort, lambda name: tick(description=f"hostile: {name}")))


def _page(progress: Progress, database_url: str, images: int, effort: Effort) -> list[Figure]:
    if CHROMIUM is None:
        _skip("the page: there is no Chromium on this machine")
        return []
    if images < page.MIN_IMAGES:
        _skip(f"the page: it needs at least {page.MIN_IMAGES:,} images")
        return []
    task = progress.add_task("page", total=1)
    show = partial(progress.update, task)
    engine = transactional(make_engine(database_url, pool_size=1, timeout=0))
    with engine.begin() as connection:
        board = fill(connection, images, lambda what: show(description=f"fill: {what}"))
        page.add_thumbnails(connection, S3Storage(BUCKET, None, timeout=20), lambda what: show(description=what))
    engine.dispose()
    with Gunicorn.running(os.environ) as server, chromium() as browser:
        origin = server.url.removesuffix("/api/v1")
        figures = list(page.figures(origin, browser, board, effort, lambda what: show(description=f"page: {what}")))
    progress.update(task, advance=1)
    return figures


def _machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} × {model}, {memory:.0f} GiB, Python {platform.python_version()}"


def _print(figures: list[Figure], machine: str, images: int) -> None:
    table = Table(title=f"{images:,} images; {machine}")
    for column in ("group", "what", "median", "p95", "floor", "ratio", "must", ""):
        table.add_column(column, justify="right" if column in ("median", "p95", "ratio", "must") else "left")
    for figure in figures:
        table.add_row(
            figure.group,
            figure.name,
            f"{figure.value:.2f} {figure.unit}",
            f"{figure.p95:.2f}" if figure.p95 is not None else "",
            figure.floor or "",
            f"{figure.ratio:.2f}" if figure.ratio is not None else "",
            figure.bound or "",
            {None: "", True: "holds", False: "FAILS"}[figure.holds],
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    sys.exit(main())
