"""`make run`: starting and stopping the whole board with one command."""

import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_board import Run, new_folder, running
from tests.servers import PATIENCE, ROOT, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that does not exist yet."""
    with new_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """A board for the tests that do not stop it."""
    with new_folder() as folder, running(folder) as run:
        yield run


def test_it_says_where_it_is_and_how_to_try_it(run: Run) -> None:
    log = run.log()
    assert run.url in log
    assert f"{run.url}/docs" in log
    found = re.search(r"curl (.*)", log)
    assert found
    arguments = found[1].replace("picture.jpg", "tests/images/cat.jpg").split()
    tried = subprocess.run(["curl", "-sS", *arguments], cwd=ROOT, capture_output=True, check=True)
    assert b'"filename":"cat.jpg"' in tried.stdout


def test_credentials_are_for_their_owner_only(run: Run) -> None:
    credentials = run.folder / "credentials.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    secrets = re.findall(r'"([0-9a-f]{48})"', credentials.read_text())
    assert len(set(secrets)) == 3
    command_lines = [" ".join(process.cmdline()) for process in run.family if process.is_running()]
    assert not any(secret in line for secret in secrets for line in command_lines)


def test_a_folder_and_a_port_are_for_one_board(run: Run) -> None:
    second = Run(run.folder)
    assert second.popen.wait(PATIENCE) == 1
    assert re.fullmatch(r"reaction-board: another board is running on .*DATA_DIR.*\n", second.log())

    third = Run(run.folder.parent / "other", port=run.port)
    assert third.popen.wait(PATIENCE) == 1
    assert re.fullmatch(rf"reaction-board: port {run.port} is not available .*PORT.*\n", third.log())


def test_it_finds_every_image_when_it_is_stopped_and_started_again(folder: Path) -> None:
    with running(folder) as run:
        image = run.board.added()
        run.popen.send_signal(signal.SIGINT)
        run.assert_all_stopped()
        assert run.popen.returncode == 0
        assert "Traceback" not in run.log()
    with running(folder) as again:
        assert again.board.total() == 1
        assert len(again.board.file(image).content) == image["size_bytes"]
        again.popen.send_signal(signal.SIGTERM)
        again.assert_all_stopped()
        assert again.popen.returncode == 0


def test_it_checks_a_board_that_is_stopped(folder: Path) -> None:
    def check(*options: str) -> tuple[int, str]:
        run = Run(folder, options=["--check", *options])
        return run.popen.wait(PATIENCE), run.log()

    assert check() == (1, f"reaction-board: there is no board in {folder}\n")
    assert not folder.exists()
    with running(folder) as run:
        image = run.board.added()
        status, told = check()
        assert (status, "another board is running on" in told) == (1, True)
    status, told = check("--deep")
    assert (status, told.endswith("1 image checked: no problems.\n")) == (0, True)
    (folder / "objects/images" / image["hash"]).unlink()
    status, told = check()
    assert (status, f"record without object: {image['id']}" in told) == (1, True)


@pytest.mark.parametrize(
    ("part", "name"), [("postgres", "database"), ("rclone", "object store"), ("gunicorn", "web server")]
)
def test_the_death_of_a_part_stops_the_others_and_is_reported(folder: Path, part: str, name: str) -> None:
    with running(folder) as run:
        run.child(part).kill()
        run.assert_all_stopped()
        assert run.popen.returncode == 1
        assert f"reaction-board: the {name} ended by signal SIGKILL" in run.log()


def test_if_it_is_killed_itself_no_process_remains_and_it_starts_again(folder: Path) -> None:
    with running(folder) as run:
        image = run.board.added()
        run.popen.kill()
        run.assert_all_stopped()
    with running(folder) as again:
        assert again.board.file(image).status_code == 200


def test_it_uses_a_database_and_a_bucket_that_are_given(folder: Path, environment: dict[str, str]) -> None:
    run = Run(folder, variables=environment)
    try:
        assert eventually(lambda: "Ctrl-C stops it." in run.log()), run.log()
        assert {process.name() for process in run.process.children()} & {"postgres", "rclone"} == set()
        assert not folder.exists()
        assert run.board.total() == 0
    finally:
        run.popen.terminate()
        run.popen.wait(PATIENCE)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"S3_BUCKET_NAME": "images"}, "S3_BUCKET_NAME is set alone"),
        ({"DATABASE_URL": "postgresql://x/y"}, "DATABASE_URL is set alone"),
        ({"PORT": "http"}, "PORT: 'http' is not a port"),
    ],
)
def test_a_board_that_cannot_start_says_why_in_one_line(folder: Path, variables: dict[str, str], line: str) -> None:
    run = Run(folder, variables=variables)
    assert run.popen.wait(PATIENCE) == 1
    assert re.fullmatch(rf"reaction-board: {line}.*\n", run.log())
