"""`make bench`: fill a board, measure it, print a table."""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg
import requests
from botocore.config import Config
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import proxied, search, transfers
from benchmarks.fill import Filled, fill
from benchmarks.measure import QUICK, Case, Effort, Figure, in_turns
from reaction_board.database.engine import make_engine
from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres
from reaction_board.storage import CONFIG, S3Storage
from tests.databases import migrate
from tests.pictures import padded
from tests.servers import Gunicorn, Nginx

BUCKET = "benchmark"
CONSTANT = "benchmarks.constant:app"


def main() -> int:
    """Measure what is asked for; return 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000, help="how many the board has")
    parser.add_argument("--rounds", type=int, default=9, help="how often each case is measured")
    parser.add_argument("--quick", action="store_true", help="every case once, in its shortest form, judging nothing")
    parser.add_argument("--only", choices=["search", "bytes"], help="one half of it")
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
        migrate(database_url, "upgrade", "head")
        figures = []
        if options.only != "bytes":
            figures += _search(stack, progress, database_url, options.images, effort)
        if options.only != "search":
            figures += _bytes(stack, progress, effort)
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


def _measured(progress: Progress, group: str, cases: list[Case], effort: Effort) -> list[Figure]:
    task = progress.add_task(group, total=len(cases) * (effort.rounds + effort.warm_up))
    return in_turns(group, cases, effort, lambda name: progress.update(task, advance=1, description=name))


def _search(
    stack: contextlib.ExitStack, progress: Progress, database_url: str, images: int, effort: Effort
) -> list[Figure]:
    task = progress.add_task(f"fill with {images:,} images", total=10 * images)
    with psycopg.connect(database_url) as connection:
        board: Filled = fill(connection, images, lambda rows: progress.update(task, advance=rows))
    progress.update(task, total=progress.tasks[task].completed)
    figures = []
    engine = make_engine(database_url, pool_size=1, timeout=30)
    with engine.connect() as connection:
        # More than 20 executions on one connection: by then PostgreSQL would change to a plan for any value.
        often = effort if effort is QUICK else dataclasses.replace(effort, rounds=max(effort.rounds, 21))
        figures += _measured(progress, "SQL", list(search.sql_cases(connection, board, images)), often)
        connection.exec_driver_sql("ANALYZE")
        cases = list(search.sql_cases(connection, board, images))
        figures += _measured(progress, "SQL after ANALYZE", cases, effort)
        search.retag(connection, board, images)
        cases = list(search.sql_cases(connection, board, images))
        figures += _measured(progress, "SQL after 5 % were re-tagged", cases, effort)
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    with Gunicorn.running(os.environ) as server, Gunicorn.running(os.environ, CONSTANT) as constant:
        cases = list(search.http_cases(server.url, constant.url, board, images))
        figures += _measured(progress, "HTTP", cases, often)
    task = progress.add_task("entering records", total=1)
    figures += search.entering(database_url, board, effort)
    progress.update(task, advance=1)
    return figures


def _bytes(stack: contextlib.ExitStack, progress: Progress, effort: Effort) -> list[Figure]:
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
