"""`make bench`, in its shortest form: every case once, on a small board."""

import json
import os
import subprocess

import pytest

from tests.page import MARKS
from tests.servers import PYTHON, ROOT, needs_nginx

pytestmark = [pytest.mark.slow, needs_nginx, *MARKS]


def test_every_case_of_the_benchmark_runs() -> None:
    command = [*PYTHON, "benchmarks", "--images", "2000", "--quick", "--json"]
    one_worker = {**os.environ, "WEB_CONCURRENCY": "1"}  # it starts six servers
    done = subprocess.run(command, cwd=ROOT, env=one_worker, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["images"] == 2000
    groups = {figure["group"].split(",")[0] for figure in result["figures"]}
    assert groups >= {
        "SQL",
        "SQL after ANALYZE",
        "HTTP",
        "adding",
        "mangled",
        "peers",
        "similar to one",
        "size",
        "memory",
        "page",
        "bytes",
        "slow readers",
        "through nginx",
        "unrelated",
        "uploads with fingerprints",
        "hostile",
    }
