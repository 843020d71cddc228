"""The commands of docs/cli.md and the README, run as they stand."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from tests.board import Board
from tests.command_line import PROGRAM, CommandLine, served
from tests.pictures import IMAGES, picture
from tests.servers import PATIENCE, ROOT

JQ = """#!/bin/sh
exec sed -n 's/.*"id": *"\\([^"]*\\)".*/\\1/p'
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files that the commands name, and a stand-in for jq, which not every machine has."""
    monkeypatch.chdir(tmp_path)
    for name in ("face-palm.png", "blurry.png"):
        (tmp_path / "pictures" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(picture())
    shutil.copy(IMAGES / "nod.gif", tmp_path / "cat.gif")
    (tmp_path / "list.tsv").write_text("cat.gif\tcat,nodding\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/jq").write_text(JQ)
    (tmp_path / "bin/jq").chmod(0o755)
    return tmp_path


def commands_of(document: str) -> list[str]:
    """Return the lines of all code blocks that run the client."""
    blocks = re.findall(r"```(?:bash)?\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("reaction-board ")]


def run(line: str, desk: Path, cli: CommandLine) -> None:
    """Run a command in the folder. It must succeed. The shell is needed only for pipes, and takes longer."""
    if "|" not in line:
        result = cli.run(*shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}"
        return
    path = f"{desk / 'bin'}:{PROGRAM.parent}:{os.environ['PATH']}"
    environment = {**os.environ, **cli.variables(), "PATH": path}
    script = ["bash", "-euc", f"set -o pipefail; {line}"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize(("document", "count"), [("docs/cli.md", 25), ("README.md", 5)])
def test_every_command_of_a_document_runs(app: Flask, board: Board, desk: Path, document: str, count: int) -> None:
    for tags in ("laughing", "kitten", "kitty,funny", "blurry"):
        image = board.added(tags=tags)
    other, commands = board.added(), commands_of(document)
    assert len(commands) >= count
    with served(app) as url:
        cli = CommandLine(url)
        for line in commands:
            asked = line.replace("delete ID", f"delete {image['id']} --yes").replace("ID", other["id"])
            run(asked.replace("https://example.org/board", url), desk, cli)
    assert (desk / "backup/images.jsonl").exists()
    assert board.search(tags="blurry")["total"] == (0 if document == "docs/cli.md" else 1)
