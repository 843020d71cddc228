"""The calls of docs/tour.md and the README, run as they stand."""

import os
import re
import subprocess

from tests.board import Board
from tests.servers import ROOT, Gunicorn

CHANGING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")  # ids and times
BLOCK = re.compile(r"```bash\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


def outputs(blocks: list[tuple[str, str]], url: str) -> list[str]:
    """Run the commands of a document and return what each block prints."""
    # Only the port differs: a reader pastes the line with the port of `make run`.
    first = "BOARD=http://127.0.0.1:8000/api/v1\n"
    assert blocks[0][0].startswith(first)
    script = "echo '>>>'\n".join(commands for commands, _ in blocks).replace(first, f"BOARD={url}\n")
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=ROOT,
        env={**os.environ, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split(">>>\n")


def test_the_tour_can_be_pasted_and_answers_as_it_shows(gunicorn: Gunicorn) -> None:
    blocks = BLOCK.findall((ROOT / "docs/tour.md").read_text())
    shown = [CHANGING.sub("…", output) for _, output in blocks]
    assert [CHANGING.sub("…", output) for output in outputs(blocks, gunicorn.url)] == shown


def test_the_calls_in_the_readme_succeed(board: Board, gunicorn: Gunicorn) -> None:
    (printed,) = outputs(BLOCK.findall((ROOT / "README.md").read_text()), gunicorn.url)
    assert printed.count('"filename":"cat.jpg"') == 2
    assert "staring" in printed
    assert "detail" not in printed
    assert board.search()["total"] == 0
