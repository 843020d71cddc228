"""`make screenshots`: a board of drawn pictures on a desktop and a phone, light and dark, for the README."""

import itertools
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests

from reaction_board.database import migration
from reaction_board.local.object_store import object_store
from reaction_board.local.postgres import postgres
from reaction_board.storage import S3Storage
from tests.browser import CHROMIUM, chromium
from tests.demo import pictures
from tests.servers import ROOT, Gunicorn

DOCS = ROOT / "docs"
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1200, "height": 750}},
    "phone": {"viewport": {"width": 390, "height": 750}, "is_mobile": True},
}
NO_ROOM = "html { scrollbar-gutter: auto }"  # for a scrollbar, which the pictures do not show


def main() -> int:
    """Take the screenshots."""
    if not CHROMIUM:
        print("There is no chromium on this machine: apt install chromium-headless-shell", file=sys.stderr)
        return 1
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as name,
        postgres(Path(name), "secret") as (_, database_url),
        object_store(Path(name), "key", "secret-of-the-screenshots") as (_, variables),
    ):
        os.environ.update(variables, DATABASE_URL=database_url, S3_BUCKET_NAME="board")
        S3Storage("board", variables["AWS_REGION"], timeout=20).create_bucket()
        migration.upgrade()
        with Gunicorn.running(os.environ) as server, chromium() as browser:
            board = list(pictures())
            random.Random(2).shuffle(board)  # they come by kind
            for filename, tags, data in board:
                form = {"files": {"file": (filename, data)}, "data": {"tags": ",".join(tags)}}
                requests.post(f"{server.url}/images", **form, timeout=60).raise_for_status()  # type: ignore[arg-type]
            for device, scheme in itertools.product(DEVICES, ("light", "dark")):
                options = {**DEVICES[device], "color_scheme": scheme, "bypass_csp": True}
                with browser.new_context(base_url=server.url.removesuffix("/api/v1"), **options) as context:
                    page = context.new_page()
                    page.goto("/")
                    page.add_style_tag(content=NO_ROOM)
                    page.locator(".tile.loaded").nth(15).wait_for(timeout=60_000)
                    page.wait_for_timeout(5000)
                    page.screenshot(path=DOCS / f"{device}-{scheme}.jpg", type="jpeg", quality=80)
    return 0


if __name__ == "__main__":
    sys.exit(main())
