"""The backup and restore of docs/operating.md, as they stand, into another database and another object store."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from flask import Flask

from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres_programs
from tests.board import Board, RemoteBoard
from tests.databases import database
from tests.pictures import picture
from tests.servers import ROOT, Gunicorn

pytestmark = pytest.mark.slow


def remote(name: str, variables: dict[str, str]) -> dict[str, str]:
    """Return the variables that give rclone an object store under a name."""
    return {
        f"RCLONE_CONFIG_{name}_TYPE": "s3",
        f"RCLONE_CONFIG_{name}_PROVIDER": "Rclone",
        f"RCLONE_CONFIG_{name}_ENDPOINT": variables["AWS_ENDPOINT_URL_S3"],
        f"RCLONE_CONFIG_{name}_ACCESS_KEY_ID": variables["AWS_ACCESS_KEY_ID"],
        f"RCLONE_CONFIG_{name}_SECRET_ACCESS_KEY": variables["AWS_SECRET_ACCESS_KEY"],
    }


@contextlib.contextmanager
def uploading(url: str) -> Iterator[None]:
    """Upload images until the end of the block."""
    stop = threading.Event()

    def upload() -> set[int]:
        statuses = set()
        while not stop.is_set():
            statuses.add(RemoteBoard(url).upload(tags="new").status_code)
        return statuses

    with ThreadPoolExecutor(1) as pool:
        uploader = pool.submit(upload)
        try:
            yield
        finally:
            stop.set()
        assert uploader.result() == {201}


def test_a_restored_board_has_every_image_of_the_backup(
    app: Flask, board: Board, gunicorn: Gunicorn, environment: dict[str, str], database_url: str
) -> None:
    script = re.search(r"```bash\n(.*?)```", (ROOT / "docs/operating.md").read_text(), re.DOTALL)
    assert script
    backup, mark, restore = script[1].partition("# Restore")
    assert mark
    before = {image["id"]: image for image in (board.added(data=picture(), tags=f"cat,t{n}") for n in range(20))}

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, other = stack.enter_context(object_store(folder, "key-of-another", "secret-of-another"))
        new_url = stack.enter_context(database(database_url, "restored", copy_of="template0"))
        client = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=other["AWS_ENDPOINT_URL_S3"],
            aws_access_key_id=other["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=other["AWS_SECRET_ACCESS_KEY"],
        )
        for bucket in ("board-backup", "moved"):
            client.create_bucket(Bucket=bucket)
        programs = [str(Path(sys.executable).parent), str(postgres_programs())]
        variables = {
            **os.environ,
            **environment,
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
            "NO_PROXY": "*",
            "RCLONE_CONFIG": "/dev/null",
            **remote("LIVE", environment),
            **remote("BACKUP", other),
            **remote("NEW", other),
            "BACKUP_BUCKET": "board-backup",
        }
        as_new = {"DATABASE_URL": new_url, "S3_BUCKET_NAME": "moved", **{n: other[n] for n in other if "AWS" in n}}

        def run(commands: str, **more: str) -> str:
            done = subprocess.run(
                ["bash", "-euc", commands.replace("flask --app wsgi", f"flask --app {ROOT}/wsgi.py")],
                cwd=folder,
                env={**variables, **more},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        with uploading(gunicorn.url):
            run(backup)
        restore, repair, clean = (mark + restore).partition("flask --app wsgi check --repair --force || true\n")
        assert repair
        run(restore, **as_new)
        assert "record without object" not in run(repair, **as_new)
        assert "flask --app wsgi check --deep" in clean
        run(clean, **as_new)
        with Gunicorn.running({**variables, **as_new}) as server:
            restored = RemoteBoard(server.url)
            for image_id, image in before.items():
                assert {**restored.get(f"/images/{image_id}").json(), "duplicate": False} == image
                assert len(restored.file(image).content) == image["size_bytes"]
            assert restored.get("/tags?q=cat").json()["items"][0]["image_count"] == len(before)
            assert restored.upload().status_code == 201
