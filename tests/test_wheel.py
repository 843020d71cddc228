"""The wheel, installed outside the checkout: the client, and a board with one command."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

from tests.local_board import new_folder, running
from tests.servers import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs that the wheel installs. The libraries are those of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    # Build from a copy: setuptools would leave a folder in the checkout, whose old files would get into later wheels.
    source = folder / "source"
    source.mkdir()
    for package in ("reaction_board", "reaction_board_client", "reaction_board_decoder"):
        shutil.copytree(ROOT / package, source / package)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    programs = folder / "venv/bin"
    subprocess.run([*pip, "--python", programs / "python", "install", "--no-deps", wheel], check=True)
    (programs / "rclone").symlink_to(Path(sys.executable).with_name("rclone"))
    (site_packages,) = (folder / "venv/lib").glob("*/site-packages")
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return programs


def test_programs_print_their_version(programs: Path, tmp_path: Path) -> None:
    for program in ("reaction-board", "reaction-board-server"):
        printed = subprocess.check_output([programs / program, "--version"], cwd=tmp_path, text=True)
        assert printed.split()[-1] == version("reaction-board")


def test_the_client_runs(programs: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [programs / "reaction-board", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "reaction-board [OPTIONS] COMMAND" in done.stdout


def test_a_board_runs_with_its_page_and_keeps_its_images(programs: Path, http: requests.Session) -> None:
    with new_folder() as folder:
        with running(folder, programs / "reaction-board-server") as run:
            image = run.board.added()
            assert "<title>" in http.get(run.url.removesuffix("api/v1")).text
        with running(folder, programs / "reaction-board-server") as again:
            assert len(again.board.file(image).content) == image["size_bytes"]
