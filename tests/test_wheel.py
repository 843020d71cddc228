"""The wheel, installed outside the checkout: the client, and a board with one command."""

import contextlib
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path

import pytest
import requests

from tests.distributions import needed_by
from tests.local_board import new_folder, running
from tests.servers import ROOT

pytestmark = pytest.mark.slow


PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
LIBRARIES = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # Build from a copy: setuptools would leave a folder in the checkout, whose old files would get into later wheels.
    source = folder / "source"
    source.mkdir()
    for package in ("reaction_board", "reaction_board_client", "reaction_board_decoder"):
        shutil.copytree(ROOT / package, source / package)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def programs(wheel: Path) -> Path:
    """The programs of the wheel, installed without extras."""
    return installed(wheel, "reaction-board")


def installed(wheel: Path, package: str) -> Path:
    """Install the wheel in a new environment with the libraries that it names. Return the folder of its programs.

    The libraries are those of the tests, because downloading them takes long.
    """
    folder = wheel.with_name(package)
    venv.create(folder, symlinks=True)
    (site_packages,) = (folder / "lib").glob("*/site-packages")
    for name in needed_by(package):
        with contextlib.suppress(PackageNotFoundError):  # only another Python needs it
            link_to(distribution(name), site_packages)
    subprocess.run([*PIP, "--python", folder / "bin/python", "install", "--no-deps", wheel], check=True)
    return folder / "bin"


def link_to(library: Distribution, site_packages: Path) -> None:
    """Link an installed library, and its programs, into another environment."""
    programs = site_packages.parents[2] / "bin"
    for file in library.files or ():
        target = Path(str(library.locate_file(file))).resolve()
        if target.is_relative_to(LIBRARIES):
            target = LIBRARIES / target.relative_to(LIBRARIES).parts[0]
            link = site_packages / target.name
        else:
            link = programs / target.name
        if not link.exists() and link.name != "__pycache__":
            link.symlink_to(target)


def test_programs_print_their_version(programs: Path, tmp_path: Path) -> None:
    for program in ("reaction-board", "reaction-board-server"):
        printed = subprocess.check_output([programs / program, "--version"], cwd=tmp_path, text=True)
        assert printed.split()[-1] == version("reaction-board")


def test_the_client_runs(programs: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [programs / "reaction-board", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "reaction-board [OPTIONS] COMMAND" in done.stdout


def test_a_board_runs_with_its_page_and_keeps_its_images(wheel: Path, http: requests.Session) -> None:
    programs = installed(wheel, "reaction-board[local]")
    with new_folder() as folder:
        with running(folder, programs / "reaction-board-server") as run:
            image = run.board.added()
            assert "<title>" in http.get(run.url.removesuffix("api/v1")).text
        with running(folder, programs / "reaction-board-server") as again:
            assert len(again.board.file(image).content) == image["size_bytes"]
